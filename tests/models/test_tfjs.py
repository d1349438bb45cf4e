import json

import numpy as np
import pytest

from gausslab.errors import CheckpointError
from gausslab.models.tfjs import read_tfjs

ARRAYS = {"a/kernel": np.arange(6, dtype="<f4").reshape(2, 3), "a/bias": np.array([7.5], "<f4"), "b": np.float32([8])}


@pytest.fixture
def folder(tmp_path):
    """Three arrays in two groups; the first group's bytes are cut in the middle of a number."""
    first = ARRAYS["a/kernel"].tobytes() + ARRAYS["a/bias"].tobytes()
    for name, content in {"1.bin": first[:10], "2.bin": first[10:], "3.bin": ARRAYS["b"].tobytes()}.items():
        (tmp_path / name).write_bytes(content)
    put(tmp_path, manifest())
    return tmp_path


def manifest():
    entries = [{"name": name, "shape": list(array.shape), "dtype": "float32"} for name, array in ARRAYS.items()]
    return [{"paths": ["1.bin", "2.bin"], "weights": entries[:2]}, {"paths": ["3.bin"], "weights": entries[2:]}]


def put(folder, groups):
    (folder / "model.json").write_text(json.dumps({"weightsManifest": groups}))


def test_arrays_are_read_across_shards(folder):
    found = read_tfjs(folder)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def change(**entry):
    groups = manifest()
    groups[1]["weights"][0] |= entry
    return groups


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (change(dtype="uint8"), "b must be plain float32, got uint8"),
        (change(quantization={"scale": 1}), "b must be plain float32"),
        (change(shape=[2]), "the shards end before b does"),
        (change(shape=[0]), "the shards have 4 bytes more than the manifest"),
        ([{"paths": ["4.bin"], "weights": []}], "cannot read .*4.bin: No such file"),
        ([{"weights": []}], "holds no weights of TensorFlow.js: KeyError: 'paths'"),
    ],
)
def test_what_is_no_set_of_weights_is_refused(folder, groups, message):
    put(folder, groups)
    with pytest.raises(CheckpointError, match=message):
        read_tfjs(folder)


def test_no_json(folder):
    (folder / "model.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"holds no weights of TensorFlow\.js: JSONDecodeError"):
        read_tfjs(folder)
