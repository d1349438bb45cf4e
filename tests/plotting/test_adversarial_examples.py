"""Radii and leads of single examples: what is drawn is what the table holds."""

import numpy as np
import pandas as pd
import pytest
from plotting.made_examples import examples
from scipy import stats

from gausslab.errors import GausslabError
from gausslab.plotting.adversarial import radius_against_lead, radius_histograms
from gausslab.plotting.adversarial.margin import FEWEST, running_median
from gausslab.plotting.panels import NOT_MEASURED

CHARTS = (radius_histograms, radius_against_lead)
TABLE = examples(widths=(8, 32), weights=(0.0, 1.0), images=300)


def of(width, weight, spec, table=TABLE):
    """Rows of an attack that succeeded, or all clean ones."""
    rows = table[(table.width == width) & (table.weight == weight) & (table.spec == spec) & (table.family != "null")]
    return rows if spec == "clean" else rows[rows.success]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def title(axes):
    return axes.get_title(loc="left")


def caption(figure):
    return figure.get_supxlabel().replace("\n", " ")


@pytest.fixture(scope="module")
def histograms():
    return radius_histograms(TABLE)


@pytest.mark.parametrize("place", range(4))
def test_histograms_are_of_all_clean_and_of_the_successful_adversarial_radii(histograms, place):
    width, weight = ((8, 0.0), (32, 0.0), (8, 1.0), (32, 1.0))[place]
    _, *curves = (patch.get_data() for patch in histograms.axes[place].patches)  # the first is the clean one's area
    for curve, spec in zip(curves, ("clean", "ddn", "pgd-linf:0.1"), strict=True):
        expected = np.histogram(of(width, weight, spec)["radius"], curve.edges, density=True)[0]
        np.testing.assert_allclose(curve.values, expected, rtol=1e-12)


def test_the_density_is_chis_of_the_panels_width(histograms):
    for axes, width in zip(histograms.axes[:2], (8, 32), strict=True):
        (line,) = (each for each in axes.get_lines() if each.get_gid() == "chi")
        np.testing.assert_allclose(line.get_ydata(), stats.chi.pdf(line.get_xdata(), width), rtol=1e-12)


def test_success_and_means_of_the_same_images_are_printed(histograms):
    after = of(8, 0.0, "pgd-linf:0.1")
    tried = TABLE[(TABLE.width == 8) & (TABLE.weight == 0) & (TABLE.spec == "ddn") & (TABLE.family != "null")]
    rate = f"{100 * len(after) / tried.attempted.sum():.0f} %"
    assert texts(histograms.axes[0])[1] == f"{rate}: {after.clean_radius.mean():.2f} → {after.radius.mean():.2f}"


def test_rows_of_panels_are_weights_and_columns_widths(histograms):
    assert [title(axes).split("\n")[-1] for axes in histograms.axes] == ["width 8", "width 32"] * 2
    bold = [title(axes).split("\n")[0] for axes in histograms.axes[::2]]
    assert [text.replace("\\ ", " ") for text in bold] == [f"$\\bf{{entropy weight {w}}}$" for w in (0, 1)]
    assert caption(histograms).startswith("mnist; entropy weight 0, 1; bottleneck width 8, 32; 300 images a network")


def test_an_attack_that_never_succeeds_prints_its_rate_alone():
    table = TABLE.assign(success=TABLE.success & (TABLE.family == "clean"))
    assert texts(radius_histograms(table).axes[0]) == ["0 %", "0 %"]


@pytest.mark.parametrize("spec", ["clean", "ddn", "pgd-linf:0.1"])
def test_points_and_medians_are_of_leads_and_radii(spec):
    table = TABLE[(TABLE.width == 8) & (TABLE.weight == 0)]
    axes = radius_against_lead(table).axes[0]
    drawn = [line for line in axes.get_lines() if line.get_label() == "_points"]
    line = dict(zip(("clean", "ddn", "pgd-linf:0.1"), drawn, strict=True))[spec]
    rows = of(8, 0.0, spec)
    np.testing.assert_array_equal(line.get_ydata(), rows["radius"])
    np.testing.assert_allclose(line.get_xdata(), np.maximum(rows["lead"], min(line.get_xdata())), rtol=1e-12)


def test_running_medians_are_those_of_neighbours_in_lead():
    generator = np.random.default_rng(0)
    leads, radii = generator.gamma(2.0, size=150), generator.normal(size=150)
    ranked = pd.DataFrame({"lead": leads, "radius": radii}).sort_values("lead").reset_index(drop=True)
    groups = np.minimum(ranked.index // 20, 6)  # an eighth of 150 is less than 20; the last 10 join the group before
    np.testing.assert_allclose(running_median(leads, radii), ranked.groupby(groups).median(), rtol=1e-12)


def test_too_few_examples_have_no_median():
    assert running_median(np.ones(FEWEST - 1), np.ones(FEWEST - 1)).shape == (0, 2)


def test_the_mean_of_chi_is_drawn():
    for axes, width in zip(radius_against_lead(TABLE).axes[:2], (8, 32), strict=True):
        (line,) = (each for each in axes.get_lines() if each.get_gid() == "chi")
        assert line.get_ydata()[0] == pytest.approx(stats.chi.mean(width), rel=1e-12)


def test_many_points_are_thinned_and_told():
    axes = radius_against_lead(examples(widths=(8,), images=1000)).axes[0]
    points = [line for line in axes.get_lines() if line.get_label() == "_points"]
    assert all(200 < len(line.get_xdata()) <= 400 for line in points)


@pytest.mark.parametrize("chart", CHARTS)
class TestBoth:
    def test_a_width_without_networks_says_so_and_leaves_the_others_alone(self, chart):
        figure = chart(TABLE[(TABLE.width == 8) | (TABLE.weight == 0)])
        assert [NOT_MEASURED in texts(axes) for axes in figure.axes] == [False, False, False, True]
        figure.draw_without_rendering()
        assert all(label.get_text() for label in figure.axes[2].get_yticklabels())

    def test_nulls_are_no_examples(self, chart):
        figures = [chart(table) for table in (TABLE, TABLE[TABLE.family != "null"])]
        with_nulls, without = ([axes.get_ylim() for axes in figure.axes] for figure in figures)
        assert with_nulls == without

    def test_only_the_lowest_seed_is_drawn_and_told(self, chart):
        table = pd.concat([TABLE, TABLE.assign(seed=1, radius=TABLE.radius + 50)])
        figure = chart(table)
        assert "seed 0." in caption(figure)
        assert [axes.get_ylim() for axes in figure.axes] == [axes.get_ylim() for axes in chart(TABLE).axes]

    def test_missing_columns_are_named(self, chart):
        with pytest.raises(GausslabError, match=r"the table of examples lacks the columns lead, radius$"):
            chart(TABLE.drop(columns=["radius", "lead"]))

    def test_an_attack_that_the_table_lacks_names_those_it_has(self, chart):
        with pytest.raises(GausslabError, match=r"no attack 'pgd-linf:0.3'; .*choices: ddn, pgd-linf:0.1$"):
            chart(TABLE, ["ddn", "pgd-linf:0.3"])

    def test_more_attacks_than_colours(self, chart):
        with pytest.raises(GausslabError, match=r"expected 1 to 5 attacks in one chart, got 6"):
            chart(TABLE, ["ddn"] * 6)
