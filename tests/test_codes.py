"""Samples out of files: every format gives the same numbers, and bad files a line."""

import numpy as np
import pandas as pd
import pytest
import torch

from gausslab.checkpoints import FORMAT
from gausslab.codes import read_code
from gausslab.errors import CheckpointError, ConfigError, DataError

ARRAY = np.random.default_rng(0).standard_normal((20, 3))
FRAME = pd.DataFrame(ARRAY, columns=["a", "b", "c"])


def safetensors(path, **tensors):
    from safetensors.torch import save_file

    save_file(tensors, path)


FORMATS = {
    "codes.npy": lambda path: np.save(path, ARRAY),
    "codes.npz": lambda path: np.savez(path, codes=ARRAY, labels=np.arange(20)),
    "tensor.pt": lambda path: torch.save(torch.from_numpy(ARRAY), path),
    "dictionary.pt": lambda path: torch.save({"codes": torch.from_numpy(ARRAY), "bias": torch.zeros(3)}, path),
    "codes.safetensors": lambda path: safetensors(path, codes=torch.from_numpy(ARRAY)),
    "named.csv": lambda path: FRAME.to_csv(path, index=False),
    "indexed.csv": FRAME.to_csv,
    "bare.csv": lambda path: FRAME.to_csv(path, index=False, header=False),
    "codes.tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "codes.TXT": lambda path: np.savetxt(path, ARRAY),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_samples(name, tmp_path):
    FORMATS[name](tmp_path / name)
    code = read_code(tmp_path / name)
    np.testing.assert_allclose(code.samples.numpy(), ARRAY, rtol=1e-14)
    assert code.units == (("a", "b", "c") if name in ("named.csv", "indexed.csv", "codes.tsv") else ())


def test_a_column_that_numbers_the_rows_is_left_out_and_said(tmp_path):
    remarks = []
    FRAME.to_csv(tmp_path / "codes.csv")
    assert read_code(tmp_path / "codes.csv", report=remarks.append).samples.shape == (20, 3)
    assert remarks == ["the first column has no name and numbers the rows: left out"]


def test_one_of_several_arrays_is_chosen(tmp_path):
    np.savez(tmp_path / "codes.npz", one=ARRAY, two=ARRAY[:, :2], labels=np.arange(20))
    assert read_code(tmp_path / "codes.npz", "two").samples.shape == (20, 2)
    with pytest.raises(ConfigError, match=r"holds 2 arrays; choose one with --key: one \(20 x 3\), two \(20 x 2\)"):
        read_code(tmp_path / "codes.npz")
    with pytest.raises(ConfigError, match="has no array 'tow'; did you mean 'two'"):
        read_code(tmp_path / "codes.npz", "tow")


def test_a_key_of_a_table_is_refused(tmp_path):
    FRAME.to_csv(tmp_path / "codes.csv", index=False)
    with pytest.raises(ConfigError, match=r"--key chooses one of several arrays, but .* is a table"):
        read_code(tmp_path / "codes.csv", "a")


BAD = {
    "text.csv": (lambda path: path.write_text("a,b\n1,x\n2,y\n"), DataError, "1 of 2 are not: b"),
    "empty.csv": (lambda path: path.touch(), DataError, "is not a readable table"),
    "ragged.csv": (lambda path: path.write_text("1,2\n1,2,3\n"), DataError, "is not a readable table"),
    "folder.csv": (lambda path: path.mkdir(), DataError, "cannot read .*: Is a directory"),
    "absent.csv": (lambda path: None, DataError, "cannot read .*: No such file"),
    "absent.npy": (lambda path: None, CheckpointError, "No such file"),
    "vector.npy": (lambda path: np.save(path, ARRAY[0]), CheckpointError, r"shape \(samples, units\)"),
    "bias.pt": (lambda path: torch.save({"bias": torch.zeros(3)}, path), CheckpointError, "has no tensor of shape"),
    "words.json": (lambda path: path.write_text("{}"), CheckpointError, "expected"),
    "codes.parquet": (lambda path: path.write_text("PAR"), DataError, "pandas needs pyarrow|not a readable table"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_one_line(name, tmp_path):
    make, kind, message = BAD[name]
    make(tmp_path / name)
    with pytest.raises(kind, match=message) as error:
        read_code(tmp_path / name)
    assert "\n" not in str(error.value)


def test_a_checkpoint_is_for_probe(tmp_path):
    torch.save({"format": FORMAT}, tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError, match="is a gausslab checkpoint, not samples: `gausslab probe"):
        read_code(tmp_path / "checkpoint.pt")
