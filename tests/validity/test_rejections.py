"""Rates of rejection against scipy and hand-made rows."""

import math

import pandas as pd
import pytest
from made_rows import made
from scipy import stats

from gausslab.validity import rejection_rates
from gausslab.validity.promises import Promise
from gausslab.validity.shares import Beta


def of_199(estimator, statistic, samples, units):
    return Promise("simple", 0.05, 199, Beta(10, 190))


def rates_of(*frames):
    return rejection_rates(pd.concat(frames), of_199)


def test_rates_have_exact_limits_and_both_p_values():
    row = rates_of(made("gaussian", 0.0, p_values=[0.01] * 12 + [0.5] * 88)).iloc[0]
    assert (row["rejections"], row["replicates"], row["rate"]) == (12, 100, 0.12)
    low, high = stats.beta.ppf(0.025, 12, 89), stats.beta.ppf(0.975, 13, 88)
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert row["binomial_p"] == pytest.approx(stats.binomtest(12, 100, 0.05).pvalue)
    likely = stats.betabinom(100, 10, 190)
    assert row["size_p"] == pytest.approx(likely.sf(11), rel=1e-9)  # no count below 5 is as improbable as 12
    assert (row["null"], row["null_replicates"], row["nominal"]) == ("simple", 199, 0.05)


def test_a_code_is_rejected_by_a_unit_test_when_any_unit_is():
    shares = made(
        "laplace", [0.0, 0.25, 1.0], p_values=[1.0, 0.2, 0.2], statistic="rejected_share", estimator="lilliefors"
    )
    row = rates_of(shares).iloc[0]
    assert row["rejections"] == 2
    assert math.isnan(row["binomial_p"]) and math.isnan(row["size_p"])


def test_a_p_of_5_percent_rejects_also_after_rounding():
    assert rates_of(made("gaussian", 0.0, p_values=[0.05000000000000001, 0.05, 0.0501])).iloc[0]["rejections"] == 2


def test_the_bound_has_one_row_and_its_rungs_and_winners_none():
    rows = [
        made("gaussian", [0.0], statistic=name, estimator="kl_lower_bound")
        for name in ("statistic", "elliptical", "winner=gaussian")
    ]
    assert list(rates_of(*rows)["statistic"]) == ["statistic"]


def test_rows_without_a_p_value_do_not_count():
    assert rates_of(made("gaussian", 0.0, p_values=[0.5, math.nan])).iloc[0]["replicates"] == 1


def test_each_size_asks_for_its_own_law():
    asked = []

    def promises(*shape):
        asked.append(shape)
        return Promise("composite")

    cells = [made(law, [0.0], units=units) for law in ("gaussian", "cube") for units in (4, 8)]
    table = rejection_rates(pd.concat(cells), promises)
    assert asked == [("moment_kl", "debiased", 100, 4), ("moment_kl", "debiased", 100, 8)]
    assert table["null_replicates"].isna().all()
    assert list(table["law"]) == ["gaussian", "gaussian", "cube", "cube"]
