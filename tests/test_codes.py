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
COUNTED = pd.DataFrame(ARRAY)  # its columns are called 0, 1, 2


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
    "counted.csv": lambda path: COUNTED.to_csv(path, index=False),
    "counted and indexed.csv": COUNTED.to_csv,
    "counted.tsv": lambda path: COUNTED.to_csv(path, index=False, sep="\t"),
    "counted and indexed.tsv": lambda path: COUNTED.to_csv(path, sep="\t"),
    "counted.txt": lambda path: COUNTED.to_csv(path, index=False, sep=" "),
    "counted and indexed.txt": lambda path: COUNTED.to_csv(path, sep=" "),
    "codes.TXT": lambda path: np.savetxt(path, ARRAY),
}

NAMELESS = ("codes.npy", "codes.npz", "tensor.pt", "dictionary.pt", "codes.safetensors", "bare.csv", "codes.TXT")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_samples(name, tmp_path):
    FORMATS[name](tmp_path / name)
    code = read_code(tmp_path / name)
    np.testing.assert_allclose(code.samples.numpy(), ARRAY, rtol=1e-14)
    named = ("0", "1", "2") if name.startswith("counted") else ("a", "b", "c")
    assert code.units == (() if name in NAMELESS else named)


NUMBERED = "the first column has no name and numbers the rows: left out"
COUNTS = "the first row counts from 0: taken as the units' names, not as a sample"
REMARKS = {
    "named.csv": [],
    "bare.csv": [],
    "indexed.csv": [NUMBERED],
    "counted.csv": [COUNTS],
    "counted and indexed.csv": [COUNTS, NUMBERED],
    "counted and indexed.tsv": [COUNTS, NUMBERED],
    "counted and indexed.txt": [COUNTS],  # of white space the empty cell is none, and pandas sees row names
}


@pytest.mark.parametrize("name", REMARKS)
def test_what_is_left_out_of_a_table_is_said(name, tmp_path):
    remarks = []
    FORMATS[name](tmp_path / name)
    read_code(tmp_path / name, report=remarks.append)
    assert remarks == REMARKS[name]


def test_numbers_that_do_not_count_from_0_are_a_sample(tmp_path):
    whole = np.array([[0, 1, 3], [0, 1, 2], [5, 6, 7]])
    np.savetxt(tmp_path / "whole.csv", whole, fmt="%d", delimiter=",")
    np.testing.assert_array_equal(read_code(tmp_path / "whole.csv").samples.numpy(), whole)


def test_row_names_of_r_are_left_out(tmp_path):
    # write.table has no cell above them, and counts from 1
    FRAME.set_axis(range(1, 21)).to_csv(tmp_path / "codes.txt", sep=" ", index_label=False)
    np.testing.assert_allclose(read_code(tmp_path / "codes.txt").samples.numpy(), ARRAY, rtol=1e-14)


def test_one_unit_that_pandas_wrote(tmp_path):
    COUNTED[[0]].to_csv(tmp_path / "one.csv", index=False)
    np.testing.assert_allclose(read_code(tmp_path / "one.csv").samples.numpy(), ARRAY[:, :1], rtol=1e-14)


def test_a_nameless_column_that_does_not_number_the_rows_is_a_unit_and_said(tmp_path):
    remarks = []
    FRAME.set_index(FRAME["a"].rename(None)).to_csv(tmp_path / "codes.csv")
    assert read_code(tmp_path / "codes.csv", report=remarks.append).samples.shape == (20, 4)
    assert remarks == ["the first column has no name and does not number the rows: taken as a unit"]


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
    "longer.csv": (
        lambda path: path.write_text("a\n5,1,2\n6,3,4\n"),
        DataError,
        "rows have 2 cells more than the header",
    ),
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
