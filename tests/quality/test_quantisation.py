"""Quantised images against the bytes that NumPy makes of them."""

import numpy as np
import torch

from gausslab.data import to_float
from gausslab.quality import quantise


def test_as_numpy_writes_bytes():
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 1.4 - 0.2
    expected = (np.clip(images.numpy(), 0, 1) * np.float32(255)).astype(np.uint8)
    assert torch.equal(quantise(images), to_float(torch.from_numpy(expected)))


def test_real_images_stay():
    """No byte over 255, times 255, falls below itself in either precision."""
    levels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(quantise(to_float(levels)), to_float(levels))
    assert torch.equal(quantise(levels.double() / 255), levels.double() / 255)


def test_twice_is_once():
    images = torch.rand(1, 1, 50, 50, generator=torch.Generator().manual_seed(1))
    assert torch.equal(quantise(quantise(images)), quantise(images))
    assert images.max() < 1  # the given images are left alone
