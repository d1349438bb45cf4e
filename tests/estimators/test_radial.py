"""Radii against the chi law."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import gammainccinv, gammaincinv

from gausslab.estimators import ESTIMATORS
from gausslab.estimators.calibration import calibrating
from gausslab.estimators.chi import TINY, log_levels
from gausslab.estimators.radial import (
    RadialAD,
    RadialKS,
    RadialSpread,
    radii_of,
    whitened_null,
    whitened_readings,
)

EVERY = pytest.mark.parametrize("estimator", [RadialKS(), RadialAD(), RadialSpread()], ids=lambda each: each.name)


def normal(samples, units, seed):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((samples, units)))


@pytest.mark.parametrize("units", [1, 3, 128])
def test_logarithms_of_levels_are_those_of_scipy_where_it_has_them(units):
    radii = math.sqrt(units) * np.array([0.05, 0.5, 0.9, 1.0, 1.1, 1.5]) + np.array([0, 0, 0, 0, 0, 1])
    below, above = log_levels(radii, units)
    np.testing.assert_allclose(below, stats.chi.logcdf(radii, units), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(above, stats.chi.logsf(radii, units), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("radius", [1e-170, 1e-80, 1e-3, 3.0, 37.0, 38.0, 40.0, 1e5])
def test_logarithms_of_levels_of_two_and_four_units(radius):
    # F = 1 - exp(-x), 1 - (1 + x) exp(-x) with x = r^2 / 2; x and x^2 / 2 where that is 0 in rounding
    x = radius**2 / 2
    for units, above, below in ((2, -x, x), (4, math.log1p(x) - x, x**2 / 2)):
        found = log_levels(np.array([radius]), units)
        assert found[1][0] == pytest.approx(above, rel=1e-12, abs=1e-16)
        if radius < 1e-2 and below > 0:
            assert found[0][0] == pytest.approx(math.log(below), rel=1e-6)


def test_logarithms_of_levels_join_where_the_other_formulas_take_over():
    for units in (5, 50, 600):
        for edge, side in ((gammaincinv(units / 2, TINY), 0), (gammainccinv(units / 2, TINY), 1)):
            radii = np.sqrt(2 * edge) * (1 + np.linspace(-1e-2, 1e-2, 401))
            steps = np.diff(log_levels(radii, units)[side])
            assert np.ptp(steps) < 0.05 * abs(steps).mean()  # a jump of 1e-10 of the logarithm would show


def test_anderson_darling_is_that_of_scipy():
    x = normal(200, 5, 0) * 1.1
    uniform = stats.chi(5).cdf(np.linalg.norm(x, axis=1))
    found = stats.goodness_of_fit(stats.uniform, uniform, known_params={"loc": 0, "scale": 1}, statistic="ad",
                                  n_mc_samples=1, rng=0)  # fmt: skip
    assert RadialAD()(x)[0].value == pytest.approx(found.statistic, rel=1e-9)


def test_anderson_darling_null_has_its_known_moments():
    # mean 1, variance 2 (pi^2 - 9) / 3 + (10 - pi^2) / n (Anderson & Darling 1954); 4 standard errors of 20,000
    row = RadialAD()(normal(40, 3, 0))[0]
    variance = 2 * (math.pi**2 - 9) / 3 + (10 - math.pi**2) / 40
    assert row.null_mean == pytest.approx(1, abs=4 * math.sqrt(variance / 20_000))
    assert row.null_sd == pytest.approx(math.sqrt(variance), rel=0.05)  # kurtosis about 10


def test_far_radii_are_finite():
    row = RadialAD()(1e4 * normal(50, 100, 0))[0]
    assert math.isfinite(row.value)
    assert 0 < row.p_value < 1e-9


def test_spread_is_the_ratio_of_standard_deviations():
    x = normal(300, 5, 0)
    expected = np.linalg.norm(x, axis=1).std() / stats.chi(5).std()
    assert RadialSpread()(x)[0].value == pytest.approx(expected, rel=1e-12)


def test_a_thin_shell_and_heavy_tails_lie_on_either_side():
    x = normal(300, 8, 0)
    shell = 8**0.5 * x / x.norm(dim=1, keepdim=True) + 0.01 * x
    heavy = torch.from_numpy(np.random.default_rng(0).standard_t(3, (300, 8)))
    for sample, side in ((shell, -1), (heavy, 1)):
        rows = RadialSpread()(sample)
        assert [np.sign(row.value - 1) for row in rows] == [side, side]
        assert [row.p_value <= 0.02 for row in rows] == [True, True]
        for estimator in (RadialKS(), RadialAD()):
            given, whitened = estimator(sample)
            assert given.p_value < 1e-3
            assert whitened.p_value <= 2 / (whitened.null_replicates + 1)


@EVERY
def test_size_and_null_as_given(estimator):
    # 150 codes: 5 % is 7.5, sd 2.7; values scatter about the null's mean with the null's sd, those of the
    # Anderson-Darling distance with a kurtosis of about 10
    rows = [estimator.given(radii_of(normal(150, 6, seed)), 6) for seed in range(150)]
    assert {row.null for row in rows} == {"simple"}
    assert sum(row.p_value <= 0.05 for row in rows) == pytest.approx(7.5, abs=4 * 2.7)
    values = np.array([row.value for row in rows])
    assert values.mean() == pytest.approx(rows[0].null_mean, abs=4 * rows[0].null_sd / 150**0.5)
    assert values.std() == pytest.approx(
        rows[0].null_sd, rel=4 / 300**0.5 * (2 if estimator.name == "radial_ad" else 1)
    )


@EVERY
def test_size_whitened(estimator):
    # 300 correlated codes off the origin; 599 replicates: sd of the share 1.5 %
    with calibrating(599):
        law = whitened_null(60, 4)[estimator.name]
    mixing = normal(4, 4, 99)
    readings = [whitened_readings(3 + normal(60, 4, seed) @ mixing)[estimator.name] for seed in range(300)]
    rows = [estimator.composite(reading, law) for reading in readings]
    assert {(row.statistic, row.null) for row in rows} == {("whitened", "composite")}
    share = np.mean([row.p_value <= 0.05 for row in rows])
    assert share == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 * (1 / 300 + 1 / 599)))


def test_what_cannot_be_whitened_has_no_such_row():
    x = normal(40, 6, 0)
    dependent = torch.cat([x, x[:, :1]], dim=1)
    for sample in (x[:7], x[:5], dependent):
        assert [row.statistic for row in RadialKS()(sample)] == ["statistic"]
    assert [row.statistic for row in RadialKS()(x[:8])] == ["statistic", "whitened"]


def test_standard_error_of_the_spread():
    rows = [RadialSpread()(normal(150, 6, seed)) for seed in range(200)]
    for of_row in zip(*rows, strict=True):
        spread = np.std([row.value for row in of_row])
        assert np.mean([row.standard_error for row in of_row]) == pytest.approx(spread, rel=0.2)


def test_all_are_in_the_registry():
    assert {name for name in ESTIMATORS if name.startswith("radial")} == {"radial_ks", "radial_ad", "radial_spread"}
