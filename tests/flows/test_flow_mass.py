"""Shares in the tails against counts by hand, known laws, and how often their intervals hold the truth."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.errors import ConfigError, EstimatorError
from gausslab.flows import mass_report, radii
from gausslab.seeding import numpy_generator


def test_radii_are_distances_from_the_origin_in_double_precision():
    found = radii(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [5.0, 0.0])


def test_shares_are_counts_beyond_the_datas_own_order_statistics():
    data = np.arange(1.0, 201.0)  # 1 % of 200 are 2: quantiles 2 and 199
    flow = np.array([0.5, 1.5, 2.0, 100.0, 199.0, 199.5, 250.0, 300.0])
    found = mass_report(data, flow, (0.01, 0.99))
    assert found["tail"].tolist() == ["inside", "outside"]
    assert found["radius"].tolist() == [2.0, 199.0]
    assert found["nominal"].tolist() == [0.01, 0.01]
    assert found["share"].tolist() == [2 / 8, 3 / 8]
    np.testing.assert_allclose(found["ratio"], [25, 37.5])
    exact = [stats.binomtest(count, 8).proportion_ci(method="exact") for count in (2, 3)]
    np.testing.assert_allclose(found["low"], [each.low for each in exact], rtol=1e-9)
    np.testing.assert_allclose(found["high"], [each.high for each in exact], rtol=1e-9)


def test_radii_made_too_small_have_the_share_of_the_law_that_they_follow():
    d, n = 16, 40_000
    data = stats.chi(d).rvs(n, random_state=numpy_generator(0, "data"))
    flow = 0.8 * stats.chi(d).rvs(n, random_state=numpy_generator(0, "flow"))
    found = mass_report(data, flow).set_index("level")
    for level in (0.01, 0.05):
        expected = stats.chi(d).cdf(stats.chi(d).ppf(level) / 0.8)
        error = math.sqrt(expected * (1 - expected) / n) + expected * math.sqrt(1 / (level * n))
        assert found.loc[level, "share"] == pytest.approx(expected, abs=4 * error)
        assert found.loc[level, "ratio_low"] > 1 and found.loc[level, "p_value"] < 1e-6
    assert found.loc[0.99, "ratio_high"] < 1


def test_samples_of_the_datas_law_have_ratio_1_within_the_interval_as_often_as_said():
    generator = numpy_generator(0, "coverage")
    held, rejected, rounds = 0, 0, 100
    for _ in range(rounds):
        data, flow = generator.standard_normal(1000) ** 2, generator.standard_normal(2000) ** 2
        found = mass_report(data, flow)
        held += int(((found["ratio_low"] <= 1) & (found["ratio_high"] >= 1)).sum())
        rejected += int((found["p_value"] <= 0.05).sum())
    # 4 levels, dependent in pairs: 95 % of 400 are 380, 4 standard deviations of a binomial of 200 are 6 %
    assert held / (4 * rounds) > 0.89
    assert rejected / (4 * rounds) < 0.11


def test_wrong_levels_and_radii():
    with pytest.raises(ConfigError, match=r"levels must be numbers between 0 and 1, got 1\.0"):
        mass_report(np.ones(200), np.ones(10), (1.0,))
    with pytest.raises(EstimatorError, match=r"a tail of 0\.01 needs at least 100 radii of data"):
        mass_report(np.ones(20), np.ones(10), (0.01,))
    with pytest.raises(EstimatorError, match="finite radii"):
        mass_report(np.array([1.0, math.nan]), np.ones(10))
