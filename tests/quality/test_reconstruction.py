"""Reconstruction errors against NumPy in float64, however the images are batched."""

import math

import numpy as np
import pytest
import torch

from gausslab.quality import ReconstructionError

IMAGES, OTHERS = torch.rand(2, 10, 3, 4, 5, generator=torch.Generator().manual_seed(0))


def measured(*sizes):
    error = ReconstructionError()
    for images, others in zip(IMAGES.split(sizes), OTHERS.split(sizes), strict=True):
        error.update(images, others)
    return error


def test_values_and_standard_errors():
    """The squares are summed in float64 from float32 differences, as here: equal to rounding, 1e-12."""
    squared = ((OTHERS - IMAGES).numpy().astype(np.float64).reshape(10, -1) ** 2).sum(1)
    found = measured(10).compute()
    for name, values in {"mse_per_element": squared / 60, "mean_l2": np.sqrt(squared)}.items():
        assert found[name] == pytest.approx((values.mean(), values.std(ddof=1) / math.sqrt(10)), rel=1e-12)


@pytest.mark.parametrize("sizes", [(5, 5), (1, 2, 7), (1,) * 10])
def test_batches_do_not_matter(sizes):
    assert measured(*sizes).compute() == measured(10).compute()
    assert measured(*sizes).n_samples == 10


def test_perfect_and_worst():
    error = ReconstructionError()
    error.update(torch.zeros(2, 1, 4, 4), torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, 4, 4))
    assert error.compute() == {"mse_per_element": (0.5, 0.5), "mean_l2": (2.0, 2.0)}


def test_one_image_has_no_standard_error():
    error = ReconstructionError()
    error.update(IMAGES[:1], OTHERS[:1])
    assert all(math.isnan(spread) for _, spread in error.compute().values())
