"""Royston's H: Shapiro-Wilk's W against scipy, degrees of freedom, and p-values of correlated units."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import ndtri

from gausslab.estimators.royston import MOST, Royston, own_degrees, published_degrees, scores, unit_evidence

LAPLACE = np.random.default_rng(0).laplace(size=(150, 3))


def equicorrelated(units, correlation):
    return torch.full((units, units), correlation, dtype=torch.float64).fill_diagonal_(1)


@pytest.mark.parametrize("samples", [12, 50, 700, 5000])
def test_weights_are_those_of_shapiro_wilk_and_francia(samples):
    values = np.sort(np.random.default_rng(samples).gamma(4.0, size=samples))
    wilk, francia = np.square(scores(samples) @ (values - values.mean())) / (samples * values.var())
    assert wilk == pytest.approx(stats.shapiro(values).statistic, rel=2e-6)  # scipy's weights are single precision
    expected = ndtri((np.arange(1, samples + 1) - 0.375) / (samples + 0.25))
    assert francia == pytest.approx(np.corrcoef(values, expected)[0, 1] ** 2, rel=1e-12)


def test_evidence_is_that_of_the_p_value():
    tests = [stats.shapiro(column) for column in LAPLACE.T]
    found = unit_evidence(np.array([test.statistic for test in tests]), len(LAPLACE))
    np.testing.assert_allclose(found, [ndtri(test.pvalue / 2) ** 2 for test in tests], rtol=1e-6)


def test_degrees_of_freedom():
    for degrees in (own_degrees, lambda correlation: published_degrees(correlation, 300)):
        assert degrees(equicorrelated(6, 0.0)) == 6
        assert degrees(equicorrelated(6, 0.999999)) == pytest.approx(1, rel=1e-3)
        assert degrees(equicorrelated(1, 1.0)) == 1
    assert published_degrees(equicorrelated(64, 0.6), 4000) == 128  # beyond the published fit; not negative


def test_own_degrees_follow_the_correlation_of_the_evidence():
    generator, correlation, samples = np.random.default_rng(1), 0.9, 100
    x = generator.standard_normal((samples, 4000))
    y = correlation * x + math.sqrt(1 - correlation**2) * generator.standard_normal((samples, 4000))
    weights = scores(samples)[0]
    found = [unit_evidence(np.square(weights @ np.sort(each, 0)) / (samples * each.var(0)), samples) for each in (x, y)]
    assert np.corrcoef(found)[0, 1] == pytest.approx(correlation**8, abs=0.06)


def test_more_than_5000_samples_are_thinned():
    x = torch.randn(MOST + 1, 2, generator=torch.Generator().manual_seed(0))
    rows = Royston(p_values="asymptotic")(x)
    assert {row.n_samples for row in rows} == {MOST}
    assert {row.statistic for row in rows} == {"statistic", "shapiro_wilk"}


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_monte_carlo_p_is_valid_for_correlated_units(correlation):
    generator, replicates = np.random.default_rng(2), 200
    shared = math.sqrt(correlation) * generator.standard_normal((replicates, 50, 1))
    x = shared + math.sqrt(1 - correlation) * generator.standard_normal((replicates, 50, 6))
    p_values = np.array([Royston()(each)[0].p_value for each in torch.from_numpy(x)])
    level = 0.07  # .05, and the error of the 119 replicates' own law, .02
    assert (p_values <= 0.05).mean() < level + 3 * math.sqrt(level * (1 - level) / replicates)


def test_strong_departure_has_the_smallest_p_in_both_ways():
    x = torch.from_numpy(np.random.default_rng(3).exponential(size=(400, 5)))
    assert all(row.p_value == pytest.approx(2 / 120) for row in Royston()(x))
    assert all(row.p_value < 1e-50 for row in Royston(p_values="asymptotic")(x))
