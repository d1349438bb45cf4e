"""Rates of rejection against scipy and hand-made rows."""

import math

import numpy as np
import pandas as pd
import pytest
from made_rows import made
from scipy import stats

from gausslab.estimators import null_cache
from gausslab.estimators.null_law import NullLaw
from gausslab.validity import rejection_rates


@pytest.fixture(autouse=True)
def laws_of_199(tmp_path, monkeypatch):
    """The null laws that made rows stand against."""
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path))
    law = NullLaw(np.arange(199.0))
    for units in (4, 8):
        null_cache.write(f"moments/n=100/d={units}", {"moment_kl": law})
    null_cache.write("lilliefors/n=100", {"lilliefors": law})


def rates_of(*frames):
    return rejection_rates(pd.concat(frames))


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
    assert rates_of(made("cube", 0.0, p_values=[0.05000000000000001, 0.05, 0.0501])).iloc[0]["rejections"] == 2


def test_the_bound_has_one_row_and_its_rungs_and_winners_none():
    rows = [
        made("gaussian", [0.0], statistic=name, estimator="kl_lower_bound")
        for name in ("statistic", "elliptical", "winner=gaussian")
    ]
    assert list(rates_of(*rows)["statistic"]) == ["statistic"]


def test_rows_without_a_p_value_do_not_count():
    assert rates_of(made("gaussian", 0.0, p_values=[0.5, math.nan])).iloc[0]["replicates"] == 1


def test_true_gaussians_alone_have_a_size_and_the_replicates_of_their_law():
    p_values = np.arange(1, 13) * 2 / 80  # of 79 replicates, though the law has 199 now
    gaussian = made("gaussian", 0.0, p_values=p_values, units=8)
    table = rates_of(made("gaussian", 0.0, p_values=[0.5, 0.6]), gaussian, made("cube", [0.0], units=8))
    assert list(table["null_replicates"].fillna(0)) == [199, 79, 0]
    assert list(table["size_p"].isna()) == [False, False, True]
    assert table.loc[1, "size_p"] == pytest.approx(
        sum(pmf for pmf in stats.betabinom.pmf(range(13), 12, 4, 76) if pmf <= stats.betabinom.pmf(2, 12, 4, 76))
    )
