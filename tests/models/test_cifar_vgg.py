"""The VGG-like classifier: counts of the published file, its forward pass spelt out, and Keras' files."""

import sys

import numpy as np
import pytest
import torch
from torch.nn import functional

from gausslab.errors import CheckpointError, ConfigError
from gausslab.models.cifar_vgg import CifarVGG, from_keras, read_h5

WIDTHS = (64, 64, 128, 128, 64, 64)
DENSE = ((64, 1024), (1024, 512), (512, 10))


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    found = {}
    for number, (inputs, outputs) in enumerate(zip((3, *WIDTHS), WIDTHS, strict=False)):
        end = f"_{number}" if number else ""
        found[f"conv2d{end}/kernel"] = rng.standard_normal((3, 3, inputs, outputs), dtype=np.float32) / 30
        found[f"conv2d{end}/bias"] = rng.standard_normal(outputs, dtype=np.float32)
        for name in ("gamma", "beta", "moving_mean", "moving_variance"):
            found[f"batch_normalization{end}/{name}"] = rng.random(outputs, dtype=np.float32) + np.float32(0.5)
    for number, (inputs, outputs) in enumerate(DENSE):
        end = f"_{number}" if number else ""
        found[f"dense{end}/kernel"] = rng.standard_normal((inputs, outputs), dtype=np.float32) / 30
        found[f"dense{end}/bias"] = rng.standard_normal(outputs, dtype=np.float32)
    return found


def spelt_out(arrays, images):
    x = images.double() * 255
    tensors = {name: torch.from_numpy(array).double() for name, array in arrays.items()}
    for number in range(6):
        end = f"_{number}" if number else ""
        kernel = tensors[f"conv2d{end}/kernel"].permute(3, 2, 0, 1)
        x = functional.conv2d(x, kernel, tensors[f"conv2d{end}/bias"]).clamp(min=0)
        gamma, beta, mean, variance = (
            tensors[f"batch_normalization{end}/{name}"][:, None, None]
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        x = gamma * (x - mean) / torch.sqrt(variance + 0.001) + beta
        x = functional.max_pool2d(x, 2) if number in (1, 3) else x
    x = x.flatten(1)
    for end in ("", "_1", "_2"):
        x = (x @ tensors[f"dense{end}/kernel"] + tensors[f"dense{end}/bias"]).clamp(min=0)
    return x


def test_counts():
    with torch.device("meta"):
        model = CifarVGG()
    norms = [layer.num_features for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    assert norms == list(WIDTHS)
    convolutions = sum(9 * a * b + b for a, b in zip((3, *WIDTHS), WIDTHS, strict=False))
    dense = sum(a * b + b for a, b in DENSE)
    assert sum(p.numel() for p in model.parameters()) == convolutions + 2 * sum(WIDTHS) + dense == 968_394


@torch.no_grad()
def test_the_network_is_the_published_one(arrays):
    model = from_keras(arrays, "made")
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found, expected = model(images).double(), spelt_out(arrays, images)
    assert not model.training and found.shape == (3, 10) and (found > 0).any()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * float(expected.max()))  # single precision


def test_a_file_of_keras_gives_its_arrays(arrays, tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "model.h5", "w") as file:
        for name, array in arrays.items():
            layer, part = name.split("/")
            file[f"model_weights/{layer}/{layer}/{part}:0"] = array
        file["optimizer_weights/Adam/iter:0"] = 1
    found = read_h5(tmp_path / "model.h5")
    assert found.keys() == arrays.keys()
    assert all(np.array_equal(found[name], array) for name, array in arrays.items())


def test_what_is_no_file_of_keras(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py")
    (tmp_path / "bad.h5").write_bytes(b"no weights")
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    for name in ("bad.h5", "empty.h5", "absent.h5"):
        with pytest.raises(CheckpointError, match=f"{name} is no model that Keras wrote: "):
            read_h5(tmp_path / name)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ConfigError, match=r"need h5py, which is not installed: pip install 'gausslab\[pretrained\]'"):
        read_h5(tmp_path / "bad.h5")


def test_missing_arrays_are_told(arrays):
    with pytest.raises(CheckpointError, match="'dense_2/bias' is missing"):
        from_keras({name: array for name, array in arrays.items() if name != "dense_2/bias"}, "made")
