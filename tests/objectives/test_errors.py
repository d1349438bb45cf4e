"""The four scales of the error against double loops and scipy."""

import math

import pytest
import torch
from scipy import stats
from tiny import generator, squared_error_by_loops

from gausslab.objectives import errors


@pytest.fixture
def pair():
    return torch.rand(2, 5, 3, 4, 4, generator=generator()).double()


@pytest.mark.parametrize(("name", "divisor"), [("sum", 1), ("mean", 3 * 4 * 4), ("channel-mean", 3)])
def test_scales_differ_by_constants_alone(pair, name, divisor):
    found = errors.SCALES[name](*pair).item()
    assert found == pytest.approx(squared_error_by_loops(*pair) / divisor, rel=1e-12)


def test_sum_is_over_elements_and_mean_over_images():
    assert errors.summed_squared_error(torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4)).item() == 16


def test_likelihood_is_that_of_independent_normal_errors(pair):
    images, others = pair
    expected = -stats.norm(scale=0.3).logpdf((others - images).numpy()).sum() / len(images)
    found = errors.gaussian_negative_log_likelihood(images, others, torch.tensor(math.log(0.3), dtype=torch.float64))
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_likelihood_is_least_at_the_root_mean_square_error(pair):
    log_sd = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimum = errors.mean_squared_error(*pair).sqrt().log()
    (gradient,) = torch.autograd.grad(errors.gaussian_negative_log_likelihood(*pair, log_sd + optimum), log_sd)
    assert gradient.item() == pytest.approx(0, abs=1e-10)
