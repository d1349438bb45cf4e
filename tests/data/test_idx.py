import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from made_files import idx_bytes

from gausslab.data import idx
from gausslab.errors import DataError

PATH = Path("file")
arrays = npst.arrays(np.uint8, npst.array_shapes(min_dims=1, max_dims=3, max_side=6))


@given(arrays)
def test_reads_what_was_written(array):
    assert np.array_equal(idx.parse(idx_bytes(array), PATH), array)


@given(arrays, st.data())
def test_any_missing_or_additional_byte_is_noticed(array, data):
    whole = idx_bytes(array)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for content in (whole[:cut], whole + bytes(data.draw(st.integers(1, 9)))):
        with pytest.raises(DataError, match=r"^file is (truncated|not an idx file)"):
            idx.parse(content, PATH)


@given(arrays, st.data())
def test_a_flipped_byte_of_a_gzip_file_is_noticed_or_harmless(tmp_path_factory, array, data):
    content = bytearray(gzip.compress(idx_bytes(array), mtime=0))
    content[data.draw(st.integers(2, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.getbasetemp() / "flipped.gz"
    path.write_bytes(content)
    try:
        assert idx.read_bytes(path) == idx_bytes(array)  # bytes of gzip's header that mean nothing
    except DataError as error:
        assert "damaged gzip file" in str(error)
        assert "\n" not in str(error)


@pytest.mark.parametrize("start", [b"", b"\0", b"\0\0\x0d\x02", b"\x89PNG", b"\0\0\x08\0"])
def test_another_format_is_refused(start):
    with pytest.raises(DataError, match=r"^file is not an idx file of unsigned bytes: it starts with"):
        idx.parse(start, PATH)


def test_a_header_that_promises_more_than_memory_holds_allocates_nothing():
    content = bytes([0, 0, 8, 3]) + b"\xff" * 12 + b"few"
    with pytest.raises(DataError, match="promises 4294967295 x 4294967295 x 4294967295 bytes, 3 follow"):
        idx.parse(content, PATH)


def test_a_truncated_gzip_file_is_refused(tmp_path):
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(idx_bytes(np.arange(200, dtype=np.uint8)))[:-9])
    with pytest.raises(DataError, match=r"labels\.gz is a damaged gzip file: Compressed file ended"):
        idx.read_bytes(path)


@pytest.mark.parametrize(
    "name",
    ["t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte", "t10k-labels-idx1-ubyte.gz", "t10k-labels.idx1-ubyte.gz"],
)
def test_both_spellings_are_found(tmp_path, name):
    (tmp_path / name).touch()
    assert idx.find(tmp_path, "t10k-labels", 1) == tmp_path / name


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"has no file t10k-labels-idx1-ubyte \(nor t10k-labels-idx1-ubyte\.gz, t10k"):
        idx.find(tmp_path, "t10k-labels", 1)


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"^cannot read .*: Is a directory$"):
        idx.read_bytes(tmp_path)
