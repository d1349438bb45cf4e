"""What is refused as codes, in one line; as a user sees it, without a type checker in between."""

import math

import pytest
import torch

from gausslab.densities import LatentCodes
from gausslab.errors import EstimatorError

pytestmark = pytest.mark.usefixtures("unchecked")


def normal(samples, units, seed=0):
    return torch.randn(samples, units, generator=torch.Generator().manual_seed(seed))


def test_codes_know_their_size_and_leave_their_graph():
    weights = torch.ones(3, requires_grad=True)
    codes = LatentCodes(normal(7, 3) * weights, normal(7, 3, 1) * weights)
    assert (len(codes), codes.units, codes.dtype) == (7, 3, torch.float32)
    assert not codes.mean.requires_grad
    assert not codes.log_sd.requires_grad
    assert LatentCodes(codes.mean).log_sd is None


def test_standard_deviations_take_the_precision_of_the_means():
    assert LatentCodes(normal(7, 3).double(), normal(7, 3, 1)).log_sd.dtype == torch.float64


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("field", ["mean", "log_sd"])
def test_values_that_are_not_finite(field, bad):
    values = {"mean": normal(20, 3), "log_sd": normal(20, 3, 1)}
    values[field][[4, 7], 1] = bad
    with pytest.raises(
        EstimatorError, match=f"^codes: expected finite values, got NaN or infinity in {field} of 2 of 20 samples$"
    ):
        LatentCodes(**values)


@pytest.mark.parametrize(("shape", "shown"), [((20,), "20"), ((0, 3), "0 x 3"), ((3, 0), "3 x 0"), ((), "a single")])
def test_shapes_that_are_not_samples_by_units(shape, shown):
    with pytest.raises(EstimatorError, match=f"^codes: expected mean of shape samples x units, got {shown}"):
        LatentCodes(torch.zeros(shape))


def test_shapes_that_differ():
    with pytest.raises(EstimatorError, match=r"^codes: expected log_sd of the shape of mean, 7 x 3, got 6 x 3$"):
        LatentCodes(normal(7, 3), normal(6, 3))
