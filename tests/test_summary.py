"""From table to means and intervals: against SciPy and statsmodels; the tables here are made, and say so."""

import math

import pytest
from made_table import made
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from gausslab.summary import KL_PER_UNIT, QUANTITIES, Quantity, over_seeds, select
from gausslab.tables import concat


def test_mean_and_t_interval():
    rows = made({2: [1.0, 2.5, 2.0, 7.0]})
    interval = over_seeds(rows)
    low, high = DescrStatsW(rows.value.to_numpy()).tconfint_mean(0.05)
    again = stats.t.interval(0.95, 3, loc=rows.value.mean(), scale=stats.sem(rows.value))
    assert (interval.mean - interval.half_width, interval.mean + interval.half_width) == pytest.approx((low, high))
    assert again == pytest.approx((low, high))
    assert (interval.n, interval.null) == (4, 1.0)


def test_one_seed_has_a_mean_and_no_interval():
    interval = over_seeds(made({2: [3.0]}))
    assert interval.mean == 3.0
    assert math.isnan(interval.half_width)


def test_select_divides_by_the_units_where_the_quantity_says_so():
    frame = made({2: [3.0], 8: [4.0]})
    assert select(frame, KL_PER_UNIT)["value"].tolist() == [1.5, 0.5]
    assert select(frame, KL_PER_UNIT)["null_mean"].tolist() == [0.5, 0.5]
    assert select(frame, QUANTITIES[0])["value"].tolist() == [3.0, 4.0]
    assert frame["value"].tolist() == [3.0, 4.0], "the table itself is left alone"


def test_select_leaves_single_units_out():
    assert select(made({2: [3.0]}, unit="0"), KL_PER_UNIT).empty


def test_every_quantity_is_in_a_real_sweep(tiny_sweep):
    """The names here and the names that the estimators write are the same."""
    for quantity in QUANTITIES:
        rows = select(tiny_sweep.table, quantity)
        assert sorted(zip(rows.width, rows.seed, strict=True)) == [(2, 0), (2, 1), (4, 0), (4, 1)], quantity
        assert rows.value.notna().all(), quantity


def test_a_mean_over_units_is_one_row_a_run():
    frame = concat([made({2: [1.0], 4: [5.0]}, unit="0"), made({2: [3.0], 4: [7.0]}, unit="1"), made({2: [99.0]})])
    rows = select(frame, Quantity("mean", "kl_decomposition", "total", over_units=True))
    assert rows.set_index("width")["value"].to_dict() == {2: 2.0, 4: 6.0}
