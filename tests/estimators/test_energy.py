"""Mean distances against closed forms in every dimension, and the statistic against its definition."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.integrate import quad
from scipy.special import hyp1f1

from gausslab.estimators.energy import energy_statistic, mean_distance, mean_gaussian_distance


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("y", [0.0, 0.3, 4.0, 60.0])
def test_one_dimension(y):
    exact = 2 * stats.norm.pdf(y) + y * (2 * stats.norm.cdf(y) - 1)
    assert mean_distance(tensor(y**2), 1).item() == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("units", [2, 5, 40])
def test_the_confluent_hypergeometric_function(units):
    squares = np.array([0.0, 0.1, 2.0, 30.0])
    factor = math.sqrt(2) * math.exp(math.lgamma((units + 1) / 2) - math.lgamma(units / 2))
    expected = factor * hyp1f1(-0.5, units / 2, -squares / 2)
    np.testing.assert_allclose(mean_distance(torch.from_numpy(squares), units).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("square", [0.0, 100.0, 2000.0])
def test_128_dimensions(square):
    law = stats.ncx2(128, square) if square else stats.chi2(128)
    middle = math.sqrt(128 + square)
    exact = middle - 8 + quad(lambda r: law.sf(r**2), middle - 8, middle + 8, epsabs=0, epsrel=1e-11, limit=200)[0]
    assert mean_distance(tensor(square), 128).item() == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("units", [1, 3, 128, 2048])
def test_two_gaussian_points(units):
    exact = 2 * math.exp(math.lgamma((units + 1) / 2) - math.lgamma(units / 2))
    assert mean_gaussian_distance(units) == pytest.approx(exact, rel=1e-11)  # of the log-gammas
    assert mean_gaussian_distance(units) == pytest.approx(math.sqrt(2) * stats.chi.mean(units), rel=1e-11)


def test_the_statistic_is_that_of_the_definition():
    y = np.random.default_rng(0).uniform(-2, 2, (150, 3))
    to_normal = [math.sqrt(8 / math.pi) * hyp1f1(-0.5, 1.5, -square / 2) for square in np.square(y).sum(1)]
    within = np.sqrt(np.square(y[:, None] - y).sum(-1)).mean()
    expected = 150 * (2 * np.mean(to_normal) - 4 / math.sqrt(math.pi) - within)
    assert energy_statistic(torch.from_numpy(y)) == pytest.approx(expected, rel=1e-10)


def test_points_in_blocks_are_the_same_points():
    squares = torch.linspace(0, 40, 2500, dtype=torch.float64)
    pieces = torch.cat([mean_distance(piece, 7) for piece in squares.chunk(9)])
    torch.testing.assert_close(mean_distance(squares, 7), pieces, rtol=1e-14, atol=0)
