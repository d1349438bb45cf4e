"""BHEP against its integral, and what becomes of Henze-Zirkler's T in many dimensions."""

import math

import numpy as np
import pytest
import torch

from gausslab.errors import ConfigError
from gausslab.estimators.characteristic import epps_pulley_pairs
from gausslab.estimators.henze_zirkler import HenzeZirkler, bhep, bhep_excess, bhep_moments, smoothing
from gausslab.estimators.moments import whitened


def normal(samples, units, seed=0):
    return torch.randn(samples, units, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_the_closed_form_is_the_integral(beta):
    x = normal(30, 2).numpy() + np.array([0.5, -0.2])
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    t = beta * np.stack(np.meshgrid(nodes, nodes), -1).reshape(-1, 2)
    density = np.outer(weights, weights).ravel() / (2 * math.pi)
    difference = np.exp(1j * t @ x.T).mean(1) - np.exp(-np.square(t).sum(1) / 2)
    assert bhep(torch.from_numpy(x), beta) == pytest.approx(30 * density @ np.abs(difference) ** 2, rel=1e-9)


def test_in_one_dimension_it_is_epps_pulley():
    x = normal(50, 1)
    assert math.sqrt(2 * math.pi) * bhep(x, 1.0) == pytest.approx(epps_pulley_pairs(x).item(), rel=1e-12)


def test_the_excess_keeps_its_digits_beside_the_one():
    units, samples = 128, 200
    z = whitened(normal(samples, units), "test")
    b = smoothing(samples, units) ** 2
    values = z.numpy()
    squares = np.square(values[:, None] - values).sum(-1)[np.triu_indices(samples, 1)]
    terms = [
        *(2 / samples * np.exp(-b / 2 * squares)),
        *(-2 * (1 + b) ** -64 * np.exp(-b * np.square(values).sum(1) / (2 * (1 + b)))),
        samples * (1 + 2 * b) ** -64,
    ]
    excess = bhep_excess(z, math.sqrt(b))
    assert excess == pytest.approx(math.fsum(terms), rel=1e-10)
    assert 1 + excess == 1


def test_in_many_dimensions_p_comes_from_the_excess_or_is_not_given():
    x = normal(300, 128, seed=3)
    gaussian, heavy = (HenzeZirkler()(each)[0] for each in (x, x / normal(300, 1, seed=1).abs()))
    assert gaussian.value == 1
    assert gaussian.p_value > 0.05
    assert heavy.p_value < 0.05
    assert math.isnan(HenzeZirkler(p_values="asymptotic")(x)[0].p_value)


def test_no_p_where_the_statistic_cannot_vary():
    row = HenzeZirkler(beta=1e4)(normal(150, 100))[0]
    assert (row.value, row.null_mean, row.null_sd) == (1, 1, 0)
    assert math.isnan(row.p_value)


def test_limit_moments():
    beta, samples = 0.8, 300
    drawn = [HenzeZirkler(beta=beta).readings(normal(samples, 3, seed))["statistic"].value for seed in range(400)]
    mean, variance = bhep_moments(3, beta)
    assert np.mean(drawn) == pytest.approx(mean, abs=4 * math.sqrt(variance / 400) + abs(1 + mean) / samples)
    assert np.var(drawn) == pytest.approx(variance, rel=0.35)  # skewed: 4 standard errors of a variance are .3 of it


def test_parameters_are_rejected_when_built():
    with pytest.raises(ConfigError, match=r"henze_zirkler: beta must be above 0, got 0.0"):
        HenzeZirkler(beta=0.0)
