"""Characteristic functions against their definition, and the Epps-Pulley integral against its closed form."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from gausslab.estimators import characteristic
from gausslab.estimators.characteristic import (
    distance_from_normal,
    empirical_characteristic,
    epps_pulley_cells,
    epps_pulley_pairs,
    epps_pulley_statistic,
    exact_grid,
    trapezoid,
)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def integral(x, grid):
    return x.shape[-2] * distance_from_normal(empirical_characteristic(x, grid), grid)


def test_the_empirical_function_is_the_mean_of_complex_exponentials():
    x, grid = normal(600, 3), trapezoid(2.0, 9)
    t = torch.linspace(0, 2, 9, dtype=torch.float64)
    direct = torch.exp(1j * x.unsqueeze(-1) * t).mean(0)
    torch.testing.assert_close(empirical_characteristic(x, grid), direct, rtol=0, atol=1e-13)


def test_the_statistic_is_its_integral():
    x = normal(50, 1, seed=1)
    values = x[:, 0].numpy()

    def integrand(t):
        return abs(np.exp(1j * t * values).mean() - math.exp(-(t**2) / 2)) ** 2 * math.exp(-(t**2) / 2)

    expected = 50 * quad(integrand, -20, 20, epsabs=0, epsrel=1e-11, limit=400)[0]
    assert epps_pulley_statistic(x).item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("shift", [0.0, 5.0, -300.0])
def test_the_trapezoid_rule_gives_the_closed_form(scale, shift):
    x = shift + scale * normal(400, 2)
    x[3] += 40  # an outlier widens the grid
    torch.testing.assert_close(integral(x, exact_grid(x)), epps_pulley_pairs(x), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("scale", [0.1, 10.0, 1e5])
def test_cells_give_the_closed_form(monkeypatch, scale):
    x = scale * normal(300, 5) + 3 * scale
    x[0] *= 1e4  # an outlier alone in its cell
    torch.testing.assert_close(epps_pulley_cells(x), epps_pulley_pairs(x), rtol=1e-11, atol=1e-11)
    monkeypatch.setattr(characteristic, "BLOCK", 600)  # two units at a time
    torch.testing.assert_close(epps_pulley_cells(x), epps_pulley_pairs(x), rtol=1e-11, atol=1e-11)


def test_every_way_of_doing_it_is_taken():
    few, many = normal(20, 2), normal(600, 2)
    assert torch.equal(epps_pulley_statistic(few), epps_pulley_pairs(few))
    assert torch.equal(epps_pulley_statistic(many), integral(many, exact_grid(many)))
    assert torch.equal(epps_pulley_statistic(100 * many), epps_pulley_cells(100 * many))


def test_leading_axes_are_a_loop():
    batch = normal(2, 3, 70, 4)
    for statistic in (epps_pulley_statistic, epps_pulley_pairs, epps_pulley_cells, lambda x: integral(x, trapezoid())):
        looped = torch.stack([torch.stack([statistic(x) for x in row]) for row in batch])
        torch.testing.assert_close(statistic(batch), looped, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("samples", [7, 70])
def test_gradient(samples):
    x = normal(samples, 1).requires_grad_()
    assert torch.autograd.gradcheck(epps_pulley_statistic, x)
    assert torch.autograd.gradcheck(lambda x: integral(x, trapezoid()), x)
    assert torch.autograd.gradcheck(lambda x: epps_pulley_cells(8 * x), x)


def test_means_of_equal_batches_average():
    x, grid = normal(80, 2), trapezoid()
    halves = [empirical_characteristic(half, grid) for half in x.chunk(2)]
    torch.testing.assert_close(sum(halves) / 2, empirical_characteristic(x, grid), rtol=0, atol=1e-14)


def test_single_precision_stays_single():
    x = normal(200, 3)
    single = epps_pulley_statistic(x.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), epps_pulley_statistic(x), rtol=1e-3, atol=1e-4)
