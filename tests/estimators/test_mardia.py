"""Mardia's statistics against their definitions, and their moments against Monte Carlo."""

import math

import numpy as np
import pytest
import torch

from gausslab.estimators import mardia
from gausslab.estimators.mardia import (
    MardiaKurtosis,
    MardiaSkewness,
    kurtosis_moments,
    small_sample_factor,
    third_moment_square,
)


def by_definition(x):
    centred = x - x.mean(0)
    products = centred @ np.linalg.inv(centred.T @ centred / len(x)) @ centred.T
    return (products**3).mean(), (np.diag(products) ** 2).mean()


@pytest.mark.parametrize(("samples", "units"), [(60, 1), (300, 5), (90, 60)])  # by moments, by moments, by pairs
def test_statistics_are_those_of_the_definition(samples, units):
    x = np.random.default_rng(0).gamma(2.0, size=(samples, units)) @ np.triu(np.ones((units, units))) + 7
    skewness, kurtosis = by_definition(x)
    samples = torch.from_numpy(x)
    assert MardiaSkewness().readings(samples)["statistic"].value == pytest.approx(skewness, rel=1e-10)
    assert MardiaKurtosis().readings(samples)["statistic"].value == pytest.approx(kurtosis, rel=1e-10)


@pytest.mark.parametrize("rows", [4096, 70])
def test_pairs_and_moments_give_the_same(monkeypatch, rows):
    z = torch.randn(200, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    monkeypatch.setattr(mardia, "ROWS", rows)
    by_moments = third_moment_square(z)
    monkeypatch.setattr(mardia, "_tensor_work", lambda *_: math.inf)
    assert third_moment_square(z) == pytest.approx(by_moments, rel=1e-12)


def test_moments_under_the_null_are_exact():
    generator = np.random.default_rng(1)
    samples, units, replicates = 20, 4, 1500
    drawn = torch.from_numpy(generator.standard_normal((replicates, samples, units)))
    kurtosis = np.array([MardiaKurtosis().readings(x)["statistic"].value for x in drawn])
    mean, variance = kurtosis_moments(samples, units)
    assert kurtosis.mean() == pytest.approx(mean, abs=4 * math.sqrt(variance / replicates))
    fourth = ((kurtosis - mean) ** 4).mean()
    assert kurtosis.var() == pytest.approx(variance, abs=4 * math.sqrt((fourth - variance**2) / replicates))
    corrected = np.array([MardiaSkewness().readings(x)["chi_squared_small"].value for x in drawn])
    assert corrected.mean() == pytest.approx(20, abs=4 * corrected.std() / math.sqrt(1500))
    assert small_sample_factor(samples, units) > 1.1  # what it is without the factor would be far off


def test_the_limits_of_the_moments_would_reject_a_gaussian():
    x = torch.randn(500, 128, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = {row.statistic: row for row in MardiaKurtosis(p_values="asymptotic")(x)}
    assert rows["z"].p_value < 0.01
    assert rows["z_exact"].p_value > 0.05
    assert rows["statistic"].p_value == rows["z_exact"].p_value


def test_theory_and_monte_carlo_agree_about_the_null():
    x = torch.randn(150, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    for kind in (MardiaSkewness, MardiaKurtosis):
        drawn, theory = ({row.statistic: row for row in kind(p_values=way)(x)} for way in ("monte_carlo", "asymptotic"))
        exact = drawn.keys() - {"z"}  # whose mean is a limit
        for name in exact:
            assert drawn[name].null_mean == pytest.approx(
                theory[name].null_mean, abs=4 * drawn[name].null_sd / math.sqrt(99)
            )
            assert drawn[name].null_sd == pytest.approx(theory[name].null_sd, rel=0.35)  # chi-squared is a limit too
