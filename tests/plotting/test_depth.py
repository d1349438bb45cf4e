import numpy as np
import pytest
from made_depth import depth_table

from gausslab.errors import GausslabError
from gausslab.plotting.depth import KINDS, ROWS, pretrained_depth
from gausslab.plotting.theme import save


@pytest.fixture(scope="module")
def table():
    return depth_table()


def marks(axes, gid):
    lines = [line for line in axes.get_lines() if line.get_gid() == gid]
    return {line.get_color(): line for line in lines}


def test_a_column_a_network_and_a_row_a_family(table):
    figure = pretrained_depth(table)
    assert len(figure.axes) == 3 * len(ROWS)
    titles = [axes.get_title(loc="left") for axes in figure.axes[:3]]
    assert [title.split("  ")[1] for title in titles] == ["MobileNetV2", "ResNet-50", "VGG of CIFAR-10"]
    assert figure.axes[0].get_ylim() == figure.axes[2].get_ylim() != figure.axes[3].get_ylim()


def test_marks_are_means_over_seeds_full_at_the_batch_norm(table):
    axes = pretrained_depth(table).axes[0]
    own = table[(table["net"] == "mobilenet_v2") & (table["statistic"] == "anderson_darling")]
    for gid, point in (("normalized", "normalized"), ("other side", "relu")):
        for position in ("expand", "depthwise", "project"):
            kind = KINDS[position]
            line = marks(axes, gid)[kind.color]
            expected = own[(own["point"] == point) & (own["position"] == position)].groupby("depth_fraction")["value"]
            np.testing.assert_allclose(line.get_ydata(), expected.mean())
            np.testing.assert_allclose(line.get_xdata(), sorted(expected.groups))
            assert line.get_marker() == kind.marker
            assert (line.get_markerfacecolor() == "none") == (point == "relu")


def test_the_null_is_in_every_panel_and_other_points_in_none(table):
    figure = pretrained_depth(table)
    assert all(any(line.get_label() == "_null" for line in axes.get_lines()) for axes in figure.axes)
    far = table.assign(value=table["value"].where(table["point"] != "pre", 1e6))
    assert pretrained_depth(far).axes[0].get_ylim() == figure.axes[0].get_ylim()


def test_the_legend_names_the_kinds_that_there_are(table):
    (legend,) = pretrained_depth(table).legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert "downsample" in labels and "head" not in labels and labels[-1] == "other side of the ReLU"


def test_what_was_not_measured_is_said(table):
    missing = table.assign(
        value=table["value"].where((table["net"] != "cifar_vgg") | (table["statistic"] != "henze_zirkler"))
    )
    figure = pretrained_depth(missing)
    assert any(text.get_text() == "not measured" for text in figure.axes[8].texts)


def test_other_tables_are_refused(table):
    with pytest.raises(GausslabError, match="got one without position"):
        pretrained_depth(table.drop(columns="position"))
    with pytest.raises(GausslabError, match="no numbers to draw of the images 'crops', only of cifar10"):
        pretrained_depth(table, "crops")


def test_a_redraw_gives_the_same_bytes(table, tmp_path):
    small = table[table["net"] == "cifar_vgg"]
    once, twice = (save(pretrained_depth(small), tmp_path / name) for name in ("a", "b"))
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in twice]
