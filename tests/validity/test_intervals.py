"""Coverage of right and of wrong error bars, made by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from made_rows import made
from scipy import stats

from gausslab.laws import get
from gausslab.validity import coverage

COUNT = 4000
WITHIN = 4 * math.sqrt(0.95 * 0.05 / COUNT)


@pytest.fixture(scope="module")
def values():
    return get("correlated").kl(4) + np.random.default_rng(0).standard_normal(COUNT)


def test_right_error_bars_cover_truth_and_mean(values):
    row = coverage(made("correlated", values)).iloc[0]
    assert row["truth"] == pytest.approx(get("correlated").kl(4))
    assert (row["covered"], row["covered_mean"]) == pytest.approx((0.95, 0.95), abs=WITHIN)
    assert row["above"] == pytest.approx(0.025, abs=4 * math.sqrt(0.025 / COUNT))
    held = round(row["covered"] * COUNT)
    expected = stats.binomtest(held, COUNT, 0.95)
    limits = expected.proportion_ci(0.95)
    assert row["covered_p"] == pytest.approx(expected.pvalue, rel=1e-6)
    assert (row["covered_low"], row["covered_high"]) == pytest.approx((limits.low, limits.high))


def test_a_bias_spoils_the_truth_and_not_the_mean(values):
    row = coverage(made("correlated", values + 3.0)).iloc[0]
    assert row["covered"] < 0.2
    assert row["covered_mean"] == pytest.approx(0.95, abs=WITHIN)
    assert row["bias"] == pytest.approx(3.0, abs=0.1)


def test_too_small_error_bars_are_seen_by_both(values):
    row = coverage(made("correlated", values, errors=0.5)).iloc[0]
    assert (row["covered"], row["covered_mean"]) == pytest.approx((0.673, 0.673), abs=2 * WITHIN)  # 2 Phi(.98) - 1
    assert row["covered_p"] < 1e-6 and row["covered_mean_p"] < 1e-6


def test_the_own_mean_of_few_replicates_is_held_as_often():
    draws = np.random.default_rng(1).standard_normal((800, 5))
    rows = pd.concat([made("cube", group, samples=100 + index) for index, group in enumerate(draws)])
    shares = coverage(rows)["covered_mean"]
    assert shares.mean() == pytest.approx(0.95, abs=4 * shares.std() / math.sqrt(800))


def test_without_a_truth_the_own_mean_is_left(values):
    row = coverage(made("laplace-rotated", values, statistic="dependence", estimator="kl_decomposition")).iloc[0]
    assert row[["truth", "bias", "covered", "covered_p", "above"]].isna().all() and pd.isna(row["target"])
    assert row["covered_mean"] == pytest.approx(0.95, abs=WITHIN)


def test_a_bound_is_judged_by_what_lies_above(values):
    truth = get("cube").kl(4)
    shifted = truth + np.random.default_rng(2).standard_normal(200)
    row = coverage(made("cube", shifted, statistic="statistic", estimator="kl_lower_bound")).iloc[0]
    count = int((shifted - 1.959964 > truth).sum())
    assert (row["target"], row["above"]) == ("bound", count / 200)
    assert math.isnan(row["covered"]) and math.isnan(row["covered_p"])
    assert row["above_p"] == pytest.approx(stats.binomtest(count, 200, 0.025, alternative="greater").pvalue)


def test_winners_single_replicates_and_numbers_without_error_are_left_out():
    rows = [
        made("cube", [1.0, 2.0], statistic="winner=gaussian", estimator="kl_lower_bound"),
        made("cube", [1.0], statistic="debiased"),
        made("cube", [1.0, 2.0], errors=math.nan, statistic="statistic", estimator="energy"),
    ]
    table = coverage(pd.concat(rows))
    assert table.empty and "covered_mean_p" in table
