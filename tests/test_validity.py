"""A validity grid: what it runs, that it resumes, and its summaries against scipy and hand-made rows."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gausslab.laws import get
from gausslab.validity import COLUMNS, Cell, Grid, coverage, rejection_rates, replicate, run, worst_sizes

GRID = Grid(
    laws=("gaussian", "laplace"),
    samples=(60,),
    units=(2,),
    replicates=(2,),
    null_replicates=(3,),
    block=2,
    estimators=("radial_ks", "shapiro_wilk"),
)


def made(law, values, errors=1.0, p_values=0.5, statistic="debiased", estimator="moment_kl", units=4):
    rows = pd.DataFrame({"value": values, "standard_error": errors, "p_value": p_values})
    rows["replicate"] = np.arange(len(rows))
    return rows.assign(law=law, n_samples=100, n_units=units, estimator=estimator, statistic=statistic)[list(COLUMNS)]


def test_cells_cover_every_replicate_once():
    cells = list(GRID.cells())
    covered = [(cell.law, index) for cell in cells for index in range(cell.first, cell.first + cell.count)]
    assert covered == [("gaussian", 0), ("gaussian", 1), ("gaussian", 2), ("laplace", 0), ("laplace", 1)]
    assert len({cell.name for cell in cells}) == len(cells)


def test_an_interrupted_grid_goes_on_and_ends_in_the_same_rows(tmp_path):
    told = []
    whole = run(GRID, tmp_path, 1, told.append)
    assert len(told) == 3
    (tmp_path / GRID.digest / "gaussian-n60-d2-0002.csv").unlink()
    again = run(GRID, tmp_path, 1, told.append)
    assert len(told) == 4
    pd.testing.assert_frame_equal(whole, again)
    assert set(whole["statistic"]) >= {"statistic", "rejected_share"}


def test_dear_estimators_are_measured_in_the_first_replicates_only(tmp_path):
    grid = replace(GRID, laws=("gaussian",), dear=("radial_ks",), dear_replicates=(2,))
    assert [cell.estimators for cell in grid.cells()] == [("radial_ks", "shapiro_wilk"), ("shapiro_wilk",)]
    assert grid.digest != GRID.digest
    rows = run(grid, tmp_path, 1, lambda line: None)
    assert set(rows.loc[rows["estimator"] == "radial_ks", "replicate"]) == {0, 1}
    assert set(rows.loc[rows["estimator"] == "shapiro_wilk", "replicate"]) == {0, 1, 2}


def test_replicates_differ_and_are_reproducible():
    cell = Cell(law="laplace", samples=60, units=2, first=0, count=2, estimators=("radial_ks",))
    first, second, again = replicate(cell, 0), replicate(cell, 1), replicate(cell, 0)
    assert first["value"].iloc[0] != second["value"].iloc[0]
    pd.testing.assert_frame_equal(first, again)


def test_an_estimator_that_the_samples_do_not_allow_has_no_rows():
    cell = Cell(law="gaussian", samples=10, units=12, first=0, count=1, estimators=("moment_kl", "radial_ks"))
    assert set(replicate(cell, 0)["estimator"]) == {"radial_ks"}


def test_rejection_rates_are_binomial():
    rates = rejection_rates(made("gaussian", 0.0, p_values=[0.01] * 7 + [0.5] * 93)).iloc[0]
    assert (rates["rejections"], rates["replicates"], rates["rate"]) == (7, 100, 0.07)
    low, high = stats.beta.ppf(0.025, 7, 94), stats.beta.ppf(0.975, 8, 93)
    assert (rates["low"], rates["high"]) == pytest.approx((low, high))
    assert rates["binomial_p"] == pytest.approx(stats.binomtest(7, 100, 0.05).pvalue)


def test_a_code_is_rejected_by_a_unit_test_when_any_unit_is():
    shares = made("laplace", [0.0, 0.25, 1.0], p_values=[1.0, 0.2, 0.2], statistic="rejected_share")
    rates = rejection_rates(shares).iloc[0]
    assert rates["rejections"] == 2
    assert math.isnan(rates["binomial_p"])


def test_coverage_of_right_and_of_wrong_error_bars():
    truth = get("correlated").kl(4)
    values = truth + np.random.default_rng(0).standard_normal(4000)
    right = coverage(made("correlated", values)).iloc[0]
    assert right["truth"] == pytest.approx(truth)
    assert right["covered"] == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 4000))
    assert right["above"] == pytest.approx(0.025, abs=4 * math.sqrt(0.025 / 4000))
    biased = coverage(made("correlated", values + 3.0)).iloc[0]
    assert biased["covered"] < 0.2
    assert biased["covered_mean"] == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 4000))
    assert biased["bias"] == pytest.approx(3.0, abs=0.1)


def test_statistics_without_a_known_truth_have_no_coverage():
    assert coverage(made("laplace-rotated", [1.0, 2.0], statistic="dependence", estimator="kl_decomposition")).empty


def test_the_worst_size_comes_first():
    good = made("gaussian", 0.0, p_values=[0.01] * 5 + [0.5] * 95)
    bad = made("gaussian", 0.0, p_values=[0.01] * 30 + [0.5] * 70, estimator="radial_ks", statistic="statistic")
    assert list(worst_sizes(rejection_rates(pd.concat([good, bad])))["estimator"]) == ["radial_ks", "moment_kl"]
