import numpy as np
import pandas as pd
import pytest

from gausslab.plotting.ranges import Range, near
from gausslab.plotting.theme import new_figure


@pytest.mark.parametrize(("values", "logarithmic"), [([1.0, 2.0], False), ([1.0, 5.0], True), ([0.0, 5.0], False)])
def test_limits_hold_all_values_and_leave_more_room_below(values, logarithmic):
    found = Range.of(pd.Series(values))
    assert found.logarithmic == logarithmic
    scaled = np.log if logarithmic else np.asarray
    low, high = scaled(found.limits)
    inner = scaled(values)
    assert inner[0] - low == pytest.approx(2 * (high - inner[1]))
    assert high - inner[1] == pytest.approx(0.08 * (inner[1] - inner[0]))


@pytest.mark.parametrize("logarithmic", [True, False])
def test_one_value_has_room_on_both_sides(logarithmic):
    low, high = Range(3.0, 3.0, logarithmic).limits
    assert low < 3.0 < high


def test_only_values_above_are_brought_in_and_stay_inside():
    axis = Range(1.0, 4.0, logarithmic=True)
    first, inside, brought = axis.brought_in(pd.Series([0.5, 2.0, 400.0]))
    assert (first, inside) == (0.5, 2.0)
    assert 4.0 < brought < axis.limits[1]


def test_far_is_a_ratio_beyond_the_quartiles():
    values = pd.Series([1.0, 2.0, 4.0, 8.0, 16.0])
    assert near(values).all(), "quartiles 2 and 8: up to 8 * 4 ** 3"
    assert near(pd.concat([*[values] * 8, pd.Series([500.0, 520.0])])).tolist() == [True] * 41 + [False]


def test_equal_values_do_not_make_a_slightly_larger_one_far():
    assert near(pd.Series([1.0] * 9 + [1.19])).all()
    assert near(pd.Series([1.0] * 9 + [1.21])).tolist() == [True] * 9 + [False]


@pytest.mark.parametrize(
    ("low", "high", "ticks"), [(0.2, 6.0, [0.2, 0.5, 1, 2, 5]), (1.0, 3.5, [1, 2, 3]), (7.0, 50.0, [10, 20, 50])]
)
def test_ticks_of_logarithmic_axes_are_round(low, high, ticks):
    axes, found = new_figure(3.0, 3.0).subplots(), Range(low, high, logarithmic=True)
    axes.set(xscale="log", xlim=found.limits)
    found.write_ticks(axes.xaxis)
    start, end = found.limits
    np.testing.assert_allclose([tick for tick in axes.get_xticks() if start <= tick <= end], ticks)
