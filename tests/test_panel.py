"""The panel on laws that are known: its numbers against SciPy and NumPy, its families against what they should see."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from scipy.special import digamma

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators import measure
from gausslab.estimators.univariate import Lilliefors
from gausslab.estimators.univariate.base import unit_law
from gausslab.families import COLUMNS, FAMILIES, STATISTICS, states, verdicts
from gausslab.panel import chosen, family_panel, mean_law

N, D = 2000, 8  # a place of the shipped grid of nulls


def gaussian(generator):
    return generator.standard_normal((N, D))


def cube(generator):
    return generator.uniform(-math.sqrt(3), math.sqrt(3), (N, D))


def correlated(generator):
    return gaussian(generator) @ np.linalg.cholesky(0.6 * np.eye(D) + 0.4).T


def elliptical(generator):
    """Student's t with 8 degrees of freedom, variance 1: Gaussian directions, radii of another law."""
    scale = np.sqrt(generator.chisquare(8, (N, 1)) / 8)
    return gaussian(generator) / scale * math.sqrt(6 / 8)


def shell(generator):
    z = gaussian(generator)
    return z / np.linalg.norm(z, axis=1, keepdims=True) * math.sqrt(D) * generator.normal(1, 0.01, (N, 1))


LAWS = {law.__name__: law for law in (gaussian, cube, correlated, elliptical, shell)}


@pytest.fixture(scope="module")
def codes():
    return {name: torch.from_numpy(law(np.random.default_rng(5))) for name, law in LAWS.items()}


@pytest.fixture(scope="module")
def panels(codes):
    return {name: family_panel(code) for name, code in codes.items()}


def value(panel, statistic, column="value"):
    return float(panel.set_index("statistic").loc[statistic, column])


def test_every_statistic_has_a_row_in_its_order(panels):
    panel = panels["gaussian"]
    assert tuple(panel.columns) == COLUMNS
    assert panel["statistic"].tolist() == [each.name for each in STATISTICS]
    assert set(panel["n"]) == {N} and set(panel["units"]) == {D} and set(panel["note"]) == {""}
    assert panel["excess"].to_numpy() == pytest.approx((panel["value"] - panel["null_mean"]).to_numpy(), abs=1e-12)


def test_a_gaussian_is_near_in_every_family_and_no_statistic_is_far_off(panels):
    """Fourteen statistics, dependent: beyond 3.5 null deviations less than once in a hundred panels."""
    panel = panels["gaussian"]
    assert (panel["excess"].abs() < 3.5 * panel["null_sd"]).all()
    assert (panel["p_value"] > 0.001).all()
    assert set(states(panel).values()) == {"near"}
    assert len(verdicts(panel)) == len(FAMILIES)


def test_independent_uniform_units_are_isotropic_and_not_gaussian_one_by_one(panels):
    """A uniform unit has ln(2 pi e) / 2 - ln(2 sqrt 3) = .176 nats, and its radii the SD ratio sqrt(1 - 1.2 / 2)."""
    panel, found = panels["cube"], states(panels["cube"])
    assert found["marginal"] == "away" and found["isotropy"] == "near"
    exact = math.log(2 * math.pi * math.e) / 2 - math.log(2 * math.sqrt(3))
    assert value(panel, "negentropy", "excess") == pytest.approx(exact, abs=4 * 0.0015)  # four null deviations
    assert value(panel, "radial_spread") == pytest.approx(math.sqrt(1 - 1.2 / 2), abs=0.06)  # delta method at 8 units
    assert verdicts(panel)[-1].startswith("families disagree: near in isotropy, away in marginal")


def test_a_correlated_gaussian_is_away_in_isotropy_and_near_after_whitening(panels, codes):
    """KL of a correlation of .4 among 8 units: -ln det / 2; the null deviation of the estimate is far below 5 %."""
    panel, found = panels["correlated"], states(panels["correlated"])
    assert (found["marginal"], found["isotropy"], found["joint"]) == ("near", "away", "near")
    exact = -np.linalg.slogdet(0.6 * np.eye(D) + 0.4)[1] / 2 / D
    assert value(panel, "correlation") == pytest.approx(exact, rel=0.05)
    for name in ("radial_spread_whitened", "radial_ks_whitened"):
        assert abs(value(panel, name, "excess")) < 3.5 * value(panel, name, "null_sd")
    assert found["radial"] == "away"  # of the code as given: it sees the correlation
    assert verdicts(panel)[-1] == "families disagree: near in marginal, joint, away in isotropy, radial"


def test_whitening_makes_a_correlated_gaussian_the_gaussian_it_was_made_of(panels):
    """The same samples before and after a linear map: affine invariance, to rounding."""
    for name in ("knn_kl", "mardia_skewness", "mardia_kurtosis", "henze_zirkler", "sliced_epps_pulley"):
        assert value(panels["correlated"], name) == pytest.approx(value(panels["gaussian"], name), rel=1e-8)


@pytest.mark.parametrize("law", ["elliptical", "shell"])
def test_wrong_radii_alone_are_isotropic_and_away_in_the_radii(panels, law):
    found = states(panels[law])
    assert found["radial"] == "away" and found["isotropy"] == "near"
    assert verdicts(panels[law])[-1].startswith("families disagree: near in isotropy, away in ")
    sign = {"elliptical": 1, "shell": -1}[law]
    assert sign * value(panels[law], "radial_spread_whitened", "excess") > 10 * 0.016  # ten null deviations


@pytest.mark.parametrize("law", ["gaussian", "elliptical"])
def test_values_are_scipys_and_numpys(panels, codes, law):
    x, panel = codes[law].numpy(), panels[law]
    standard = (x - x.mean(0)) / x.std(0, ddof=1)
    distances = [stats.kstest(unit, "norm").statistic for unit in standard.T]
    assert value(panel, "lilliefors") == pytest.approx(np.mean(distances), abs=1e-12)
    squares = [_anderson(unit) for unit in standard.T]
    assert value(panel, "anderson_darling") == pytest.approx(np.mean(squares) / N, abs=1e-12)
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T))
    ratio = eigenvalues.sum() ** 2 / np.square(eigenvalues).sum()
    assert value(panel, "participation_ratio") == pytest.approx(ratio / D, abs=1e-10)
    each = digamma((N - np.arange(1, D + 1)) / 2)
    plug_in = -np.linalg.slogdet(np.corrcoef(x.T))[1] / 2
    assert value(panel, "correlation") == pytest.approx((plug_in - (each[0] - each).sum() / 2) / D, abs=1e-10)
    inverse = np.linalg.inv(np.cov(x.T, ddof=0))
    mahalanobis = np.einsum("ij,jk,ik->i", x - x.mean(0), inverse, x - x.mean(0))
    assert value(panel, "mardia_kurtosis") == pytest.approx(np.square(mahalanobis).mean() / D, rel=1e-10)
    radii = np.linalg.norm(x, axis=1)
    assert value(panel, "radial_spread") == pytest.approx(radii.std() / stats.chi(D).std(), rel=1e-10)
    assert value(panel, "radial_ks") == pytest.approx(stats.kstest(radii, stats.chi(D).cdf).statistic, abs=1e-12)
    spread = np.sqrt(mahalanobis).std() / stats.chi(D).std()
    assert value(panel, "radial_spread_whitened") == pytest.approx(spread, rel=1e-8)


def _anderson(standard):
    """The definition, a sum over samples."""
    levels, n = stats.norm.cdf(np.sort(standard)), len(standard)
    return -n - sum((2 * i + 1) * (np.log(levels[i]) + np.log1p(-levels[n - 1 - i])) for i in range(n)) / n


def test_rows_are_the_estimators_own_on_their_scale(panels, codes):
    """Nulls and p-values of whole codes are those of `measure`, divided as the value is."""
    x, panel = codes["elliptical"], panels["elliptical"].set_index("statistic")
    for each in STATISTICS:
        if each.estimator in ("lilliefors", "anderson_darling"):
            continue
        table = measure(x, each.estimator)
        own = table[(table["statistic"] == each.row) & (table["unit"] == "all")].iloc[0]
        divisor = {"unit": D, "sample": N, "none": 1}[each.scale]
        for name in ("value", "null_mean", "null_sd"):
            assert panel.loc[each.name, name] == pytest.approx(own[name] / divisor, rel=1e-12, abs=1e-15)
        assert panel.loc[each.name, "p_value"] == own["p_value"]


def test_the_null_of_a_mean_over_units_is_that_of_means_of_gaussian_units():
    """Mean and deviation of 2000 fresh means over 5 units, within four standard errors of both."""
    units, n, count = 5, 500, 2000
    law = mean_law(unit_law("lilliefors", n, Lilliefors.departures), units)
    columns = np.random.default_rng(3).standard_normal((n, units * count))
    means = Lilliefors.departures(columns).reshape(count, units).mean(1)
    error = math.hypot(means.std() / math.sqrt(count), law.monte_carlo_error)
    assert law.mean == pytest.approx(means.mean(), abs=4 * error)
    assert law.sd == pytest.approx(means.std(), rel=4 * math.sqrt(1 / (2 * count) + 1 / (2 * law.size)))
    assert law.p_value(means[0]) == min(1, 2 * min(law.upper_p(means[:1])[0], law.lower_p(means[:1])[0]))
    rejected = np.mean(2 * np.minimum(law.upper_p(means), law.lower_p(means)) < 0.05)
    assert rejected == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 * (1 / count + 1 / law.size)))


def test_at_most_the_limit_is_used_and_the_same_rows_of_every_code():
    codes = torch.arange(50.0).reshape(50, 1)
    kept = chosen(codes, seed=1, limit=20)
    assert len(kept) == 20 and bool((kept.diff(dim=0) > 0).all())
    assert torch.equal(chosen(codes.repeat(1, 2), 1, 20)[:, :1], kept)
    assert not torch.equal(chosen(codes, 2, 20), kept)
    assert chosen(codes, 1, 50) is codes
    with pytest.raises(ConfigError, match=r"^family_panel: limit must be at least 2 samples, got 1$"):
        chosen(codes, 0, 1)


def test_the_same_code_gives_the_same_panel(codes, panels):
    pd.testing.assert_frame_equal(family_panel(codes["shell"]), panels["shell"], check_exact=True)


def test_a_code_that_cannot_be_whitened_keeps_what_can_be_measured():
    """Rows of a layer norm: their units add up to nothing, so the correlation's KL is infinite."""
    x = np.random.default_rng(0).standard_normal((250, 4))
    panel = family_panel(torch.from_numpy(x - x.mean(1, keepdims=True))).set_index("statistic")
    for name in ("lilliefors", "participation_ratio", "radial_spread"):
        assert math.isfinite(panel.loc[name, "excess"]) and panel.loc[name, "note"] == ""
    for name in ("correlation", "knn_kl", "mardia_kurtosis"):
        assert math.isnan(panel.loc[name, "excess"]) and "linearly independent" in panel.loc[name, "note"]
    assert panel.loc["radial_ks_whitened", "note"] == "the code cannot be whitened"
    assert verdicts(panel.reset_index())[1].startswith("isotropy: not measured (expected linearly independent units")


def test_what_nothing_can_be_said_of():
    with pytest.raises(EstimatorError, match="constant"):
        family_panel(torch.zeros(100, 3))
