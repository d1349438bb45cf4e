"""Tests of one unit: statistics and literature p against peers, Monte Carlo p by its size, rows."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from statsmodels.stats.diagnostic import lilliefors, normal_ad

from gausslab.errors import ConfigError
from gausslab.estimators import ESTIMATORS
from gausslab.estimators.calibration import calibrating
from gausslab.estimators.univariate import (
    AndersonDarling,
    CramerVonMises,
    DAgostinoK2,
    EppsPulley,
    JarqueBera,
    Lilliefors,
    ShapiroWilk,
    base,
    fourier,
    regression,
)

TESTS = (ShapiroWilk, AndersonDarling, CramerVonMises, Lilliefors, DAgostinoK2, JarqueBera, EppsPulley)
EVERY = pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
SIMULATED = pytest.mark.parametrize(
    "test", [test for test in TESTS if test().p_values == "monte_carlo"], ids=lambda test: test.name
)


def normal(samples, units, seed=0):
    return np.random.default_rng(seed).standard_normal((samples, units))


def p_values(test, x, choice):
    """Of many units, without their correction, whose null takes longer."""
    law, departures = base.unit_law(test.name, len(x), test.departures), test.departures(x)
    return test(p_values=choice)._p_values(departures, len(x), law)


@EVERY
def test_a_row_a_unit_and_the_share(test):
    x = torch.from_numpy(normal(100, 6))
    x[:, 4] = x[:, 4].exp()
    *units, share = test()(x)
    assert [row.unit for row in units] == list("012345")
    assert share.statistic == "rejected_share"
    assert share.unit == "all"
    assert share.value == pytest.approx(1 / 6)
    assert share.p_value == pytest.approx(0.05, abs=0.01)  # one rejection of six
    assert units[4].p_value < 1e-3


@EVERY
def test_location_and_scale_do_not_matter(test):
    x = normal(100, 3)
    moved = 1e4 + 1e-2 * x  # a tenth of a part in 1e10 is lost to rounding
    first, second = (test()(torch.from_numpy(each)) for each in (x, moved))
    assert [row.value for row in first] == pytest.approx([row.value for row in second], rel=1e-7)


@EVERY
@pytest.mark.parametrize("choice", ["monte_carlo", "asymptotic"])
def test_size_of_a_unit(test, choice):
    # 5 % of 4000 units, 4 binomial sd and the Monte Carlo error of the law; the formulas of K2, Jarque-Bera and
    # Epps-Pulley are known to be off by a few per cent
    found = p_values(test, normal(100, 4000, seed=1), choice)
    slack = 0.012 if choice == "asymptotic" and test in TESTS[4:] else 0
    assert np.mean(found <= 0.05) == pytest.approx(
        0.05, abs=4 * math.sqrt(0.05 * 0.95 * (1 / 4000 + 1 / 20_000)) + slack
    )


@SIMULATED
def test_size_where_many_units_are_corrected_for(test):
    # p <= 5 % / 50 for 60 of 60,000 units: sd 7.7, and the law's own error of some 20 %; 3 of them together
    departures = np.concatenate([test.departures(normal(100, 10_000, seed=seed)) for seed in range(6)])
    law = base.unit_law(test.name, 100, test.departures)
    found = np.mean(base.tail_p_values(law, departures, test.tail_power) <= 1e-3)
    assert found == pytest.approx(1e-3, abs=3 * math.hypot(7.7 / 60_000, 0.2e-3))


@EVERY
def test_null_mean_and_sd_are_those_of_the_statistic(test):
    row = test()(torch.from_numpy(normal(100, 1)))[0]
    values = test.statistic(test.departures(normal(100, 4000, seed=3)), 100)
    assert values.mean() == pytest.approx(row.null_mean, abs=4 * row.null_sd * math.sqrt(1 / 4000 + 1 / 20_000))
    assert values.std() == pytest.approx(row.null_sd, rel=0.25)  # heavy tails: kurtosis up to 60


@pytest.mark.parametrize("samples", [3, 4, 5, 6, 11, 12, 20, 50, 51, 333, 5000])
def test_shapiro_wilk_is_that_of_scipy(samples):
    # scipy's constants are in single precision, which moves p more than W
    for x in (normal(samples, 3), normal(samples, 3) ** 3, np.random.default_rng(0).random((samples, 3))):
        departures = ShapiroWilk.departures(x)
        found = np.stack([1 - departures, ShapiroWilk.asymptotic(departures, samples)], 1)
        peers = np.array([stats.shapiro(unit) for unit in x.T])
        np.testing.assert_allclose(found[:, 0], peers[:, 0], rtol=1e-8)
        np.testing.assert_allclose(found[:, 1], peers[:, 1], rtol=1e-5)


def test_shapiro_wilk_weights_have_unit_length_and_no_sum():
    for samples in (3, 4, 5, 6, 100):
        weights = regression.weights(samples)
        assert weights @ weights == pytest.approx(1, rel=1e-12)
        np.testing.assert_allclose(weights, -weights[::-1], atol=1e-12)


def test_shapiro_wilk_takes_a_fixed_subsample_of_large_codes(monkeypatch):
    monkeypatch.setattr(regression, "MOST_SAMPLES", 100)
    x = torch.from_numpy(normal(130, 2))
    first, again = (ShapiroWilk()(x) for _ in range(2))
    assert first == again
    assert {row.n_samples for row in first} == {100}
    assert first[0].value != pytest.approx(stats.shapiro(x[:100, 0].numpy()).statistic, rel=1e-6)


def test_anderson_darling_is_that_of_statsmodels_in_every_piece_of_its_table():
    generator = np.random.default_rng(0)
    x = np.stack([stats.norm.ppf((np.arange(60) + 0.5) / 60) + spread * generator.random(60) ** 4 for spread in
                  (0, 0.3, 1, 2, 4, 8, 20, 60)], 1)  # fmt: skip
    departures = AndersonDarling.departures(x)
    peers = np.array([normal_ad(unit) for unit in x.T])
    np.testing.assert_allclose(departures, peers[:, 0], rtol=1e-10)
    np.testing.assert_allclose(AndersonDarling.asymptotic(departures, 60), peers[:, 1], rtol=1e-9)
    assert np.histogram(departures, (0, 0.2, 0.34, 0.6, 13))[0].all()


def test_far_outliers_are_finite():
    x = normal(100, 1)
    x[0] = 1e6
    for test in TESTS:
        row = test()(torch.from_numpy(x))[0]
        assert math.isfinite(row.value)
        assert 0 < row.p_value < 1e-4


def test_cramer_von_mises_and_kolmogorov_are_those_of_scipy_with_the_fitted_normal():
    x = np.random.default_rng(0).gumbel(size=(100, 3))
    for unit, square, row in zip(x.T, CramerVonMises.departures(x), Lilliefors()(torch.from_numpy(x)), strict=False):
        fitted = stats.norm(unit.mean(), unit.std(ddof=1)).cdf
        assert square == pytest.approx(stats.cramervonmises(unit, fitted).statistic, rel=1e-12)
        assert row.value == pytest.approx(lilliefors(unit)[0], rel=1e-12)


def test_cramer_von_mises_pieces_join():
    ends = np.array([0.0275, 0.051, 0.092])
    below, above = (CramerVonMises.asymptotic((ends + gap) / (1 + 0.5 / 50), 50) for gap in (-1e-9, 1e-9))
    np.testing.assert_allclose(below, above, rtol=0.02)  # Stephens' table is fitted piece by piece


def test_where_lilliefors_formula_ends_p_is_simulated():
    x = normal(100, 100, seed=4)
    simulated, literature = (p_values(Lilliefors, x, choice) for choice in ("monte_carlo", "asymptotic"))
    formula = Lilliefors.asymptotic(Lilliefors.departures(x), 100)
    np.testing.assert_array_equal(literature[np.isnan(formula)], simulated[np.isnan(formula)])
    np.testing.assert_array_equal(literature[~np.isnan(formula)], formula[~np.isnan(formula)])
    assert 0 < np.isnan(formula).mean() < 1


def test_epps_pulley_is_its_double_sum():
    x = np.random.default_rng(0).standard_t(3, (60, 3))
    x[0, 2] = 40
    for unit, found in zip(x.T, EppsPulley.departures(x), strict=True):
        y = (unit - unit.mean()) / unit.std()
        pairs = sum(math.exp(-((a - b) ** 2) / 2) for a in y for b in y) / 60
        singles = sum(math.exp(-(a**2) / 4) for a in y)
        assert found == pytest.approx(math.sqrt(2 * math.pi) * (pairs - math.sqrt(2) * singles + 60 / math.sqrt(3)))


def test_epps_pulley_limit_is_that_of_many_samples():
    # 2000 replicates of n = 400: mean to 4 standard errors and 1 / n, sd to 4 of about 5 %
    values = EppsPulley.departures(normal(400, 2000, seed=5)) / math.sqrt(2 * math.pi)
    sd = math.sqrt(fourier.LIMIT_VARIANCE)
    assert values.mean() == pytest.approx(fourier.LIMIT_MEAN, abs=4 * sd / 2000**0.5 + 1 / 400)
    assert values.std() == pytest.approx(sd, rel=0.2)


def test_corrections():
    x = np.concatenate([normal(100, 5), np.random.default_rng(1).standard_t(4, (100, 5))], 1)
    shares = [CramerVonMises(correction=each)(torch.from_numpy(x))[-1].value for each in ("holm", "benjamini_hochberg")]
    assert 0 < shares[0] <= shares[1]


def test_above_the_largest_law_no_other_is_drawn(monkeypatch):
    monkeypatch.setattr(base, "LARGEST", 25)
    with calibrating(39) as asked:
        rows = Lilliefors()(torch.from_numpy(normal(100, 2)))
    assert asked[0] == "lilliefors/n=25"
    monkeypatch.undo()
    exact = Lilliefors()(torch.from_numpy(normal(100, 2)))
    assert rows[0].null_mean == pytest.approx(exact[0].null_mean, rel=0.01)  # D falls by half from 25 to 100
    assert rows[0].p_value == pytest.approx(exact[0].p_value, abs=0.02)


@pytest.mark.usefixtures("unchecked")
def test_parameters_are_rejected_when_built():
    with pytest.raises(ConfigError, match="lilliefors: unknown p_values='exact'; choices: monte_carlo, asymptotic"):
        Lilliefors(p_values="exact")
    with pytest.raises(ConfigError, match=r"jarque_bera: unknown correction='holmes'; did you mean 'holm'\?"):
        JarqueBera(correction="holmes")


def test_the_registry_without_statsmodels():
    import subprocess
    import sys

    code = "import sys, gausslab.estimators; sys.exit('statsmodels' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_test_is_in_the_registry():
    assert all(ESTIMATORS[test.name] is test for test in TESTS)
