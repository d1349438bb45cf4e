"""Tables of studies as files: bytes that depend on the table alone, and refusals in a line."""

import gzip
import time

import pandas as pd
import pytest

from gausslab import csv_files
from gausslab.errors import GausslabError

TABLE = pd.DataFrame({"name": ["a", "b"], "value": [1 / 3, 2.0]})


def test_seven_digits_and_unix_lines():
    assert csv_files.to_bytes(TABLE) == b"name,value\na,0.3333333\nb,2\n"


def test_compressed_is_the_same_text_at_any_time(monkeypatch):
    first = csv_files.compressed(TABLE)
    assert gzip.decompress(first) == csv_files.to_bytes(TABLE)
    later = time.time() + 1e8
    monkeypatch.setattr(time, "time", lambda: later)
    assert csv_files.compressed(TABLE) == first


def test_a_table_of_something_else_is_refused(tmp_path):
    file = tmp_path / "table.csv"
    file.write_bytes(csv_files.to_bytes(TABLE))
    assert csv_files.read(file, ("name",), "it is none of ours")["name"].tolist() == ["a", "b"]
    with pytest.raises(GausslabError, match=r"cannot read the table .*: it has no column seed, so it is none of ours"):
        csv_files.read(file, ("name", "seed"), "it is none of ours")
    with pytest.raises(GausslabError, match="cannot read the table"):
        csv_files.read(tmp_path / "absent.csv", (), "")
