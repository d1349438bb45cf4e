"""Charts of many networks under attack: means and intervals over seeds are those of the tables."""

import numpy as np
import pandas as pd
import pytest
from plotting.made_examples import ATTACKS, NETS, changes, detection, radial_results
from scipy import stats

from gausslab.errors import GausslabError
from gausslab.plotting.adversarial import detection_by_budget, radial_success, subspace_changes
from gausslab.plotting.adversarial.rows import blocks, chosen, of_least_weight
from gausslab.plotting.adversarial.subspace import SHOWN
from gausslab.plotting.panels import NOT_MEASURED

WIDTHS = (8, 32)
DETECTION = detection(widths=WIDTHS)
CHANGES = changes(widths=WIDTHS)
RADIAL = radial_results()


def line(axes, gid):
    (found,) = (each for each in axes.get_lines() if each.get_gid() == gid)
    return found


def bars(axes):
    """Ends of every interval, a row an interval."""
    segments = [each for collection in axes.collections for each in collection.get_segments()]
    return np.array([segment[:, 1] for segment in segments if len(segment) == 2])


def interval(values):
    return stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))


def title(axes):
    return axes.get_title(loc="left").split("\n")[-1]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def caption(figure):
    return figure.get_supxlabel().replace("\n", " ")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("panel", "score", "column"),
    [(0, "-radius", "auroc"), (1, "1 - max softmax", "auroc"), (2, "-radius", "success_rate")],
)
def test_lines_of_detection_are_means_over_seeds_at_each_budget(panel, score, column, width):
    axes = detection_by_budget(DETECTION).axes[panel]
    rows = DETECTION[(DETECTION.score == score) & (DETECTION.width == width) & DETECTION.spec.str.startswith("pgd-l2:")]
    budgets = rows.spec.str.removeprefix("pgd-l2:").astype(float)
    expected = rows.groupby(budgets)[column].mean()  # sorted by budget
    drawn = line(axes, f"width {width}")
    np.testing.assert_allclose(drawn.get_ydata(), expected, rtol=1e-12)
    assert len(expected) == (6 if width == 8 else 7)
    places = np.log2(expected.index.to_numpy())
    assert np.ptp(drawn.get_xdata() - places) == pytest.approx(0, abs=1e-12)
    ends = [interval(part[column]) for _, part in rows.groupby(budgets)]
    for end in ends:
        assert np.isclose(bars(axes), end, rtol=1e-9, atol=1e-12).all(1).any()


def test_detection_has_three_panels_a_weight_and_a_line_at_one_half():
    figure = detection_by_budget(detection(widths=(8,), weights=(0.0, 1.0)))
    assert [title(axes) for axes in figure.axes] == ["-radius", "1 - max softmax", "success of the attack"] * 2
    references = [
        [each.get_ydata()[0] for each in axes.get_lines() if each.get_label() == "_reference"] for axes in figure.axes
    ]
    assert references == [[0.5], [0.5], []] * 2
    assert legend(figure) == ["width 8"]
    assert "seeds 0, 1, 2" in caption(figure) and "95 % t interval over seeds" in caption(figure)


def test_detection_of_one_seed_has_no_interval_whatever_that_over_examples_is():
    figure = detection_by_budget(DETECTION[DETECTION.seed == 0])
    assert np.isnan(bars(figure.axes[0])).all()
    assert "so there is no interval" in caption(figure)


def test_detection_that_cannot_be_drawn():
    with pytest.raises(GausslabError, match=r"the table of detection lacks the columns auroc$"):
        detection_by_budget(DETECTION.drop(columns="auroc"))
    with pytest.raises(GausslabError, match=r"no attack pgd-l2 with the scores of the chart, only ddn"):
        detection_by_budget(DETECTION[DETECTION.spec == "ddn"])
    with pytest.raises(GausslabError, match=r"expected one number of data mnist, weight 0.0, width 8, seed 0"):
        detection_by_budget(pd.concat([DETECTION, DETECTION]))
    many = [DETECTION[DETECTION.width == 8].assign(width=width) for width in range(8)]
    with pytest.raises(GausslabError, match=r"expected at most 7 widths, got 8"):
        detection_by_budget(pd.concat(many))


@pytest.mark.parametrize(
    ("panel", "column"),
    [(0, "change_inside"), (0, "change_outside"), (2, "change"), (2, "change_null_a"), (2, "change_null_b")],
)
def test_marks_of_changes_are_means_over_seeds_in_the_line_of_their_attack(panel, column):
    figure = subspace_changes(CHANGES)
    names = [spec for spec in SHOWN if spec in ATTACKS]
    for axes, width in zip(figure.axes[panel : panel + 2], WIDTHS, strict=True):
        expected = CHANGES[(CHANGES.width == width) & CHANGES.spec.isin(names)].groupby("spec")[column].mean().dropna()
        drawn = line(axes, column)
        places = [names[int(np.rint(y))] for y in drawn.get_ydata()]
        assert len(places) == len(expected)
        np.testing.assert_allclose(drawn.get_xdata(), expected[places], rtol=1e-12)


def test_bars_of_changes_are_t_intervals_over_seeds():
    axes = subspace_changes(CHANGES, ["ddn"]).axes[3]
    rows = CHANGES[(CHANGES.width == 32) & (CHANGES.spec == "ddn")]
    drawn = [each.get_segments()[0][:, 0] for each in axes.collections if each.get_gid() == "bars"]
    expected = [interval(rows[name]) for name in ("change", "change_null_a", "change_null_b")]
    np.testing.assert_allclose(drawn, expected, rtol=1e-9)


def test_attacks_stand_from_top_to_bottom_in_the_order_given():
    figure = subspace_changes(CHANGES, ["pgd-linf:0.1", "ddn"])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["PGD Linf 0.1", "DDN"]
    low, high = figure.axes[0].get_ylim()
    assert low > high
    assert [title(axes) for axes in figure.axes] == ["width 8", "width 32"] * 2
    assert len({axes.get_xlim() for axes in figure.axes[:2]}) == 1


def test_an_attack_that_one_data_set_lacks_keeps_its_name_and_a_missing_width_says_so():
    other = changes(data=("cifar10",), widths=(32,), specs=("ddn",))
    figure = subspace_changes(pd.concat([CHANGES, other]), ["ddn", "noise:1.5"])
    assert [label.get_text() for label in figure.axes[4].get_yticklabels()] == ["DDN", "noise 1.5"]
    said = [NOT_MEASURED in [text.get_text() for text in axes.texts] for axes in figure.axes]
    assert said == [False] * 4 + [True, False] * 2


def test_changes_that_cannot_be_drawn():
    with pytest.raises(GausslabError, match=r"the table of changes lacks the columns change_inside$"):
        subspace_changes(CHANGES.drop(columns="change_inside"))
    with pytest.raises(GausslabError, match=r"no attack 'dnn'; did you mean 'ddn'"):
        subspace_changes(CHANGES, ["dnn"])
    with pytest.raises(
        GausslabError, match=r"expected one number of data mnist, width 8, weight 0.0, seed 0, spec ddn"
    ):
        subspace_changes(pd.concat([CHANGES, CHANGES]))
    with pytest.raises(GausslabError, match=r"has none of the attacks ddn, .*, only mine"):
        subspace_changes(CHANGES[CHANGES.spec == "ddn"].assign(spec="mine"))
    with pytest.raises(GausslabError, match=r"the table of changes has no rows"):
        subspace_changes(CHANGES.iloc[:0])


@pytest.mark.parametrize(("row", "norm"), [(0, "l2"), (1, "linf")])
@pytest.mark.parametrize(("kind", "label"), [("radial", "radial"), ("pgd", "PGD with labels")])
def test_lines_of_the_radial_attack_are_means_over_seeds(row, norm, kind, label):
    panels = radial_success(RADIAL).axes[3 * row : 3 * row + 3]
    for axes, net in zip(panels, NETS, strict=True):
        rows = RADIAL[(RADIAL.net == net) & RADIAL.spec.str.startswith(f"{kind}-{norm}:")]
        np.testing.assert_allclose(
            line(axes, label).get_ydata(), rows.groupby("budget").success_rate.mean(), rtol=1e-12
        )
        ends = [interval(part.success_rate) for _, part in rows.groupby("budget")]
        assert all(np.isclose(bars(axes), end, rtol=1e-9).all(1).any() for end in ends)
        assert title(axes) == net


def test_noise_is_a_line_in_every_panel_and_told():
    figure = radial_success(RADIAL)
    assert legend(figure) == ["radial", "PGD with labels", "noise"]
    assert all("noise" in {each.get_gid() for each in axes.get_lines()} for axes in figure.axes)
    assert "Noise: as long as what the radial attack adds." in caption(figure)


def test_one_seed_has_the_tables_interval_over_images():
    table = RADIAL[RADIAL.seed == 0]
    figure = radial_success(table)
    rows = table[(table.net == "batch norm") & (table.budget_norm == "l2")]
    expected = sorted(map(tuple, rows[["low", "high"]].to_numpy()))
    np.testing.assert_allclose(sorted(map(tuple, bars(figure.axes[0]))), expected, rtol=1e-9)
    assert "interval over the images of the one seed" in caption(figure)


def test_layers_of_the_radial_attack_are_lines_of_their_own():
    table = radial_results(layers=("all", "code"))
    figure = radial_success(table)
    names = ["radial (all)", "radial (code)", "PGD with labels", "noise (all)", "noise (code)"]
    assert legend(figure) == names
    for layers in ("all", "code"):
        rows = table[(table.net == "none") & (table.budget_norm == "l2") & (table.spec == "noise")]
        expected = rows[rows.layers == layers].groupby("budget").success_rate.mean()
        np.testing.assert_allclose(line(figure.axes[1], f"noise ({layers})").get_ydata(), expected, rtol=1e-12)


def test_radial_tables_that_cannot_be_drawn():
    with pytest.raises(GausslabError, match=r"the table of radial attacks lacks the columns layers, success_rate$"):
        radial_success(RADIAL.drop(columns=["layers", "success_rate"]))
    with pytest.raises(GausslabError, match=r"no radial attack, only pgd-linf:0.03"):
        radial_success(RADIAL[RADIAL.spec.str.startswith("pgd-linf")])
    with pytest.raises(GausslabError, match=r"expected one number of data mnist, net batch norm, seed 0"):
        radial_success(pd.concat([RADIAL, RADIAL]))


def test_networks_are_chosen_by_data_set_and_weight():
    table = changes(widths=(8,), weights=(1.0, 0.05), data=("mnist", "cifar10"), specs=("ddn",))
    assert [block.label for block in blocks(table)] == [
        f"{data}, entropy weight {weight}" for data in ("mnist", "cifar10") for weight in ("0.05", "1")
    ]
    assert set(chosen(table, "cifar10", 1.0)[["data", "weight"]].itertuples(index=False, name=None)) == {
        ("cifar10", 1.0)
    }
    assert set(of_least_weight(table)["weight"]) == {0.05}
    with pytest.raises(GausslabError, match=r"no rows of weight 0, only of 0.05, 1$"):
        chosen(table, weight=0.0)
    with pytest.raises(GausslabError, match=r"no rows about 'celeba', only about mnist, cifar10"):
        chosen(table, "celeba")
