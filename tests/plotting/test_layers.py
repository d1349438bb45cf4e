from itertools import pairwise

import numpy as np
import pytest
from plotting.made import probe

from gausslab.errors import GausslabError
from gausslab.plotting import layer_profile
from gausslab.plotting.panels import NOT_MEASURED
from gausslab.tables import concat

NAMES = [f"features.{i // 3}.block.{i % 3}" for i in range(60)]


def labels(figure):
    return [t.get_text() for t in figure.axes[0].get_yticklabels()]


def values(frame, estimator, statistic):
    return frame.loc[(frame.estimator == estimator) & (frame.statistic == statistic) & (frame.unit == "all"), "value"]


@pytest.mark.parametrize("names", [["bottleneck"], NAMES[:7], NAMES])
def test_layers_stand_in_the_tables_order_from_top_to_bottom(names):
    figure = layer_profile(probe(names))
    figure.draw_without_rendering()
    assert labels(figure) == names
    low, high = figure.axes[0].get_ylim()
    assert low > high


def test_rows_of_sixty_layers_do_not_touch():
    figure = layer_profile(probe(NAMES))
    figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in figure.axes[0].get_yticklabels()]
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in pairwise(boxes))


def test_parts_are_stacked_from_zero_and_negative_ones_to_the_left():
    frame = probe(NAMES[:20])
    axes = layer_profile(frame).axes[0]
    stacked = [c for c in axes.containers if c.get_label() in ("mean and scale", "correlation", "beyond second order")]
    bars = {c.get_label(): np.array([b.get_width() for b in c]) for c in stacked}
    for label, statistic in (("correlation", "correlation"), ("beyond second order", "beyond_second_order")):
        assert np.allclose(bars[label], values(frame, "kl_decomposition", statistic) / 64)
    assert bars["beyond second order"].min() < 0
    ends = [(b.get_x(), b.get_x() + b.get_width()) for c in stacked for b in c]
    assert all(a * b >= 0 for a, b in ends)
    (total,) = (line for line in axes.get_lines() if line.get_label() == "total")
    assert np.allclose(total.get_xdata(), values(frame, "kl_decomposition", "total") / 64)


def test_equal_shares_do_not_hide_one_another():
    frame = probe(NAMES[:2])
    frame.loc[frame.statistic == "rejected_share", "value"] = 1.0
    tests = [line for line in layer_profile(frame).axes[2].get_lines() if line.get_label() != "_null"]
    assert len({line.get_ydata()[0] for line in tests}) == 5
    assert all(np.rint(line.get_ydata()).tolist() == [0, 1] for line in tests)


def test_the_reference_lies_inside_every_panel():
    figure = layer_profile(probe(NAMES[:5]))
    for axes, reference in zip(figure.axes, (0.0, 1.0, 0.0), strict=True):
        low, high = axes.get_xlim()
        assert low < reference < high


def test_layers_without_a_measure_say_so():
    frame = probe(NAMES[:4])
    missing = (frame.layer == NAMES[1]) & frame.estimator.isin(["kl_decomposition", "knn_entropy", "radial_spread"])
    figure = layer_profile(frame[~missing])
    found = [[(t.get_text(), t.xy[1]) for t in axes.texts] for axes in figure.axes]
    assert found == [[(NOT_MEASURED, 1)], [(NOT_MEASURED, 1)], []]


def test_a_table_with_none_of_the_measures():
    frame = probe(NAMES[:2])
    figure = layer_profile(frame[frame.estimator == "knn_entropy"])
    figure.draw_without_rendering()
    assert [len(axes.texts) for axes in figure.axes] == [2, 2, 2]


def test_one_huge_layer_does_not_flatten_the_others():
    frame = probe(NAMES[:10])
    frame.loc[(frame.layer == NAMES[2]) & (frame.estimator == "kl_decomposition"), "value"] *= 1000
    axes = layer_profile(frame).axes[0]
    assert axes.get_xlim()[1] < 8
    (text,) = (t.get_text() for t in axes.texts)
    assert text == f"total {values(frame[frame.layer == NAMES[2]], 'kl_decomposition', 'total').item() / 64:.3g}"


def test_forty_characters_are_kept_and_longer_names_lose_their_middle():
    long = "encoder.stages.3.blocks.11.depthwise.normalization"
    kept, cut = labels(layer_profile(probe(["x" * 40, long])))
    assert kept == "x" * 40
    assert len(cut) == 40 and cut.startswith("encoder.") and cut.endswith("depthwise.normalization")


def test_points_of_one_layer_are_told_apart():
    frame = probe(["norm"])
    figure = layer_profile(concat([frame.assign(point="pre"), frame.assign(point="normalized")]))
    assert labels(figure) == ["norm pre", "norm normalized"]


def test_tables_that_cannot_be_drawn():
    with pytest.raises(GausslabError, match=r"lacks the columns layer$"):
        layer_profile(probe(["a"]).drop(columns="layer"))
    with pytest.raises(GausslabError, match="no row about a layer"):
        layer_profile(probe(["a"]).iloc[:0])
