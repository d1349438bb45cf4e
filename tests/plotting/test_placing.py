import numpy as np
import pytest

from gausslab.errors import GausslabError
from gausslab.plotting.placing import Placing, closest, draw_factor_axis, thinned
from gausslab.plotting.theme import new_figure


def placed(factor, values):
    values = list(map(float, values))
    return Placing.of(factor, values)(values)


def drawn(factor, values):
    axes = new_figure(2.0, 2.0).subplots()
    draw_factor_axis(axes, Placing.of(factor, map(float, values)), factor)
    return axes


@pytest.mark.parametrize("factor", ["batch", "channels", "width"])
def test_equal_factors_are_equally_far(factor):
    places = placed(factor, [4, 8, 16, 64])
    assert np.diff(places) / np.diff(places)[0] == pytest.approx([1, 1, 2])


@pytest.mark.parametrize("factor", ["depth", "neighbours"])
def test_equal_differences_are_equally_far(factor):
    assert np.ptp(np.diff(placed(factor, [1, 2, 3]))) == 0


@pytest.mark.parametrize("values", [[0, 0.05, 0.2, 1, 5, 20], [0, 1], [0.0, 1e-9, 1]])
def test_zero_stands_left_of_the_least_weight_and_the_axis_is_broken_between(values):
    axes, places = drawn("weight", values), placed("weight", values)
    assert places[1] - places[0] >= 1 and (np.diff(places) > 0).all()
    assert axes.get_xticklabels()[0].get_text() == "0" and axes.get_xlim()[0] < places[0]
    (strokes,) = (line for line in axes.get_lines() if line.get_label() == "_break")
    assert (places[0] < strokes.get_xdata()).all() and (strokes.get_xdata() < places[1]).all()


@pytest.mark.parametrize(("factor", "values"), [("weight", [0.5, 1]), ("weight", [0]), ("depth", [0, 1])])
def test_without_both_zero_and_others_on_a_logarithmic_axis_nothing_is_broken(factor, values):
    assert not drawn(factor, values).get_lines()


def test_a_single_value_has_room_to_both_sides():
    low, high = drawn("batch", [100]).get_xlim()
    assert low < np.log2(100) < high


def test_labels_that_would_touch_are_left_out():
    assert (
        thinned(np.linspace(0, 1, 60), ["1000"] * 60).count("1000") == 8
    )  # 4 digits and half a digit's gap, 0.1215, are 8 steps
    assert thinned(np.array([0.2, 0.5]), ["0.05", "1"]) == ["0.05", "1"]


def test_the_closest_neighbours():
    assert closest([3.0, 1.0, 1.5]) == 0.5
    assert closest([3.0]) == np.inf


def test_negative_values_have_no_place_on_a_logarithmic_axis():
    with pytest.raises(GausslabError, match=r"^expected no values below 0 on a logarithmic axis, got -1$"):
        placed("weight", [-1, 1])
    assert placed("depth", [-1, 1]).tolist() == [-1, 1]
