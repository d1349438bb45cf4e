import numpy as np
import pytest
import torch
from PIL import Image

from gausslab.config import DataConfig
from gausslab.data import load
from gausslab.data.resizing import shrink, to_side, upsample
from gausslab.errors import ConfigError


def test_28_pixels_are_padded_by_two_zeros_on_each_side():
    images = torch.randint(1, 256, (3, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    padded = to_side(images, 32)
    assert padded.shape == (3, 1, 32, 32)
    assert torch.equal(padded[:, :, 2:30, 2:30], images)
    assert padded.sum() == images.sum()


def test_32_pixels_stay_as_they_are():
    images = torch.arange(1024, dtype=torch.int32).to(torch.uint8).reshape(1, 1, 32, 32)
    assert torch.equal(to_side(images, 32), images)


def test_enlarging_agrees_with_pillows_bilinear_filter():
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    ours = upsample(images, 64).numpy().astype(int)
    for image, larger in zip(images.numpy(), ours, strict=True):
        pillow = Image.fromarray(image.transpose(1, 2, 0)).resize((64, 64), Image.Resampling.BILINEAR)
        assert (
            np.abs(np.asarray(pillow).transpose(2, 0, 1) - larger).max() <= 1
        )  # one step: Pillow works in fixed point


def test_halving_agrees_with_pillows_antialiased_filter():
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(to_side(images, 64), images)
    assert torch.equal(to_side(images, 32), shrink(images, 32))
    ours = shrink(images, 32).numpy().astype(int)
    for image, smaller in zip(images.numpy(), ours, strict=True):
        pillow = Image.fromarray(image.transpose(1, 2, 0)).resize((32, 32), Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(pillow).transpose(2, 0, 1) - smaller).max() <= 1  # Pillow rounds between its passes


def test_halving_weighs_four_neighbours_1_3_3_1():
    images = torch.randint(0, 256, (1, 1, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    weights = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
    for row, column in ((1, 1), (7, 20), (30, 30)):
        patch = images[0, 0, 2 * row - 1 : 2 * row + 3, 2 * column - 1 : 2 * column + 3].numpy()
        assert abs(shrink(images, 32)[0, 0, row, column].item() - (patch * weights).sum()) <= 0.501  # rounding


def test_enlarging_works_in_chunks(monkeypatch):
    images = torch.randint(0, 256, (7, 1, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    whole = upsample(images, 64)
    monkeypatch.setattr("gausslab.data.resizing.CHUNK", 3)
    assert torch.equal(upsample(images, 64), whole)


@pytest.mark.parametrize("name", ["mnist-5k", "digits", "mnist", "fashion-mnist", "cifar10", "faces-synthetic"])
def test_only_32_and_64_and_no_crop_outside_folders(name):
    with pytest.raises(ConfigError, match=f"size of {name} must be 32 or 64, got 48"):
        load(DataConfig(name=name, size=48))
    with pytest.raises(ConfigError, match=f"crop is for data 'folder' and 'celeba', got crop 20 with data '{name}'"):
        load(DataConfig(name=name, crop=20))
    with pytest.raises(
        ConfigError, match=f"resampling is for data 'folder' and 'celeba', got 'lanczos' with data '{name}'"
    ):
        load(DataConfig(name=name, resampling="lanczos"))
