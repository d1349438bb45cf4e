import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from plotting.made import batches, capacities, compared, comparison, entropy_weights, neighbourhoods
from scipy import stats

from gausslab.errors import GausslabError
from gausslab.plotting import factor_trend, save
from gausslab.plotting.factors import OVER_ENTROPISED
from gausslab.plotting.panels import NOT_MEASURED
from gausslab.plotting.selection import numbers, of_data
from gausslab.plotting.theme import PAGE

WEIGHTS = entropy_weights()
BOUNDED = pd.concat(
    [
        WEIGHTS,
        WEIGHTS[(WEIGHTS.estimator == "kl_decomposition") & (WEIGHTS.statistic == "total")].pipe(
            lambda rows: rows.assign(estimator="kl_lower_bound", statistic="statistic", value=rows["value"] / 2)
        ),
    ]
)


@pytest.fixture(scope="module")
def figure():
    return factor_trend(BOUNDED, "weight")


def lines(axes, gid="", label=""):
    return [line for line in axes.get_lines() if line.get_gid() == gid or (label and line.get_label() == label)]


def rows(table, estimator, statistic, sampler=""):
    chosen = (table.estimator == estimator) & (table.statistic == statistic) & (table.sampler == sampler)
    return table[chosen].astype({"value": float})


def caption(figure):
    return figure.get_supxlabel().replace("\n", " ")


@pytest.mark.parametrize("data", ["mnist", "cifar10"])
@pytest.mark.parametrize(
    ("panel", "estimator", "statistic", "sampler", "per_dimension"),
    [
        (0, "kl_decomposition", "total", "", True),
        (0, "kl_lower_bound", "statistic", "", True),
        (1, "moment_kl", "correlation", "", True),
        (2, "knn_entropy", "gap", "", True),
        (3, "radial_spread", "statistic", "", False),
        (4, "reconstruction", "mse_per_element", "", False),
        (5, "frechet_distance", "samples", "isotropic", False),
        (5, "frechet_distance", "samples", "mvg", False),
    ],
)
def test_what_is_drawn_is_what_the_table_says(figure, data, panel, estimator, statistic, sampler, per_dimension):
    chosen = rows(BOUNDED[BOUNDED.data == data], estimator, statistic, sampler)
    values = chosen["value"] / ({"mnist": 16, "cifar10": 128}[data] if per_dimension else 1)
    expected = values.groupby(chosen["weight"].astype(float)).mean()  # sorted by weight
    gid = " ".join(filter(None, ("means", estimator, sampler)))
    (mean,) = (line for line in lines(figure.axes[panel], gid) if line.get_label() == data)
    np.testing.assert_allclose(mean.get_ydata(), expected, rtol=1e-12)
    assert (np.diff(mean.get_xdata()) > 0).all()
    if sampler != "mvg" and estimator != "kl_lower_bound":
        seeds = [sorted(line.get_ydata()) for line in lines(figure.axes[panel], label="_seeds")]
        assert any(len(found) == len(values) and np.allclose(found, sorted(values)) for found in seeds)


def test_bars_are_the_t_interval_over_seeds():
    table = neighbourhoods()
    figure = factor_trend(table, "neighbours", ["weight"])
    bars = [each for each in figure.axes[3].collections if each.get_gid() == "bars"]
    chosen = rows(table, "radial_spread", "statistic")
    for segments, weight in zip(bars, ("0.05", "1"), strict=True):
        for segment, k in zip(segments.get_segments(), ("1", "2"), strict=True):
            values = chosen[(chosen.weight == weight) & (chosen.neighbours == k)]["value"].to_numpy()
            expected = stats.t.interval(0.95, 5, values.mean(), stats.sem(values))
            np.testing.assert_allclose(segment[:, 1], expected, rtol=1e-9)


def test_zero_is_shown_and_joined_by_a_dotted_line_across_the_break(figure):
    for axes in figure.axes:
        assert axes.get_xticklabels()[0].get_text() == "0"
    joined = [line for line in lines(figure.axes[4], label="_line") if len(line.get_xdata()) == 2]
    assert len(joined) == 2
    zeros = rows(WEIGHTS, "reconstruction", "mse_per_element").query("weight == '0'").groupby("data")["value"].mean()
    assert sorted(line.get_ydata()[0] for line in joined) == pytest.approx(sorted(zeros), rel=1e-12)
    assert {line.get_linestyle() for line in joined}.isdisjoint({"-"})
    assert "0 stands left of a logarithmic axis." in caption(figure)


def test_the_null_is_drawn_with_its_widest_spread():
    figure = factor_trend(of_data(WEIGHTS, "mnist"), "weight")
    band, (null,) = figure.axes[3].collections[0].get_paths()[0].vertices[:, 1], lines(figure.axes[3], label="_null")
    assert (band.min(), band.max()) == pytest.approx((1 - 0.044, 1 + 0.044))
    assert set(null.get_ydata()) == {1.0}
    low, high = figure.axes[3].get_xlim()
    assert null.get_xdata()[0] <= low and high <= null.get_xdata()[-1]


def test_the_null_of_a_lower_bound_is_not_taken_for_the_totals():
    bounds = BOUNDED["estimator"] == "kl_lower_bound"
    table = BOUNDED.assign(null_mean=BOUNDED["null_mean"].where(~bounds, -5.0))
    (null,) = lines(factor_trend(table, "weight").axes[0], label="_null")
    assert set(null.get_ydata()) == {0.0}


def test_without_a_null_in_the_table_the_exact_value_is_drawn():
    bare = of_data(WEIGHTS, "mnist").assign(null_mean=np.nan, null_sd=np.nan)
    figure = factor_trend(bare, "weight")
    assert [set(lines(axes, label="_null")[0].get_ydata()) for axes in figure.axes[:4]] == [{0.0}] * 3 + [{1.0}]
    assert figure.axes[1].get_yscale() == "linear"
    assert not lines(figure.axes[5], label="_floor")


def test_below_0_the_gap_is_marked_as_over_entropised_also_if_no_code_is():
    for table, series in ((WEIGHTS, ["data"]), (capacities(), ["depth"])):
        axes = factor_trend(table, "weight" if "weight" in table else "channels", series).axes[2]
        (region,) = (patch for patch in axes.patches if patch.get_gid() == "over-entropised")
        low, high = axes.get_ylim()
        assert (region.get_y(), region.get_y() + region.get_height()) == pytest.approx((low, 0))
        assert low < -0.19 * (high - low)
        assert [text.get_text() for text in axes.texts] == [OVER_ENTROPISED]


def test_real_images_have_a_line_in_their_data_sets_colour(figure):
    floors = {line.get_ydata()[0]: line.get_color() for line in lines(figure.axes[5], label="_floor")}
    colors = {line.get_label(): line.get_color() for line in lines(figure.axes[4], "means reconstruction")}
    assert floors == {0.07: colors["mnist"], 0.4: colors["cifar10"]}
    assert figure.axes[5].get_ylim()[0] < 0.07


def test_correlation_is_logarithmic_beyond_its_null_only_if_it_falls_far(figure):
    assert figure.axes[1].get_yscale() == "symlog"
    assert figure.axes[1].yaxis.get_transform().linthresh == pytest.approx(1e-4)
    assert figure.axes[1].get_yticks().tolist() == pytest.approx([0, 1e-4, 1e-3, 1e-2, 1e-1])
    assert "Panel b: linear within that band" in caption(figure)
    other = factor_trend(capacities(), "channels", ["depth"])
    assert other.axes[1].get_yscale() == "linear" and "Panel b" not in caption(other)


def test_a_control_is_a_line_of_its_own_with_one_point():
    figure = factor_trend(batches(), "batch", ["data", "base", "epochs"])
    drawn = {line.get_label(): line for line in lines(figure.axes[0], "means kl_decomposition")}
    assert list(drawn) == ["EAE", "EAE, no entropy", "EAE, epochs 32"]
    assert [len(line.get_xdata()) for line in drawn.values()] == [5, 5, 1]
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["25", "50", "100", "200", "400"]


def test_lines_stand_beside_each_other_at_one_value():
    figure = factor_trend(capacities(), "channels", ["depth"])
    at_first = [line.get_xdata()[0] for line in lines(figure.axes[3], "means radial_spread")]
    assert np.ptp(np.diff(at_first)) < 1e-9 and 0 < np.diff(at_first)[0] < 0.2
    assert np.mean(at_first) == pytest.approx(np.log2(4))


def test_the_caption_says_data_networks_samples_seeds_and_what_a_score_is_of(figure):
    said = caption(figure)
    assert said.startswith("Data: mnist (width 16, channels 8, depth 4); cifar10 (width 128, channels 8, depth 4).")
    for part in ("Rows: EAE. n = 1,000 codes a run, seeds 0, 1, 2.", "95 % t interval over seeds", "the widest of all"):
        assert part in said
    assert "Panel f: 10,000 images a score, dotted: as many real ones." in said
    assert "(width 16);" not in said and "depth" not in caption(factor_trend(capacities(), "channels", ["depth"]))


def test_the_legend_names_lines_and_what_open_marks_are(figure):
    (legend,) = figure.legends
    named = [text.get_text() for text in legend.get_texts()]
    second = ["samples from N(0, I) (f)", "samples from mvg (f)"]
    assert named == ["mnist", "cifar10", "lower bound (a)", *second]
    (plain,) = factor_trend(of_data(WEIGHTS, "mnist"), "weight").legends
    assert [text.get_text() for text in plain.get_texts()] == second


def test_another_sampler_and_one_that_is_absent():
    table = of_data(WEIGHTS, "mnist").replace({"sampler": {"mvg": "gmm"}})
    gids = {line.get_gid() for line in factor_trend(table, "weight", sampler="gmm").axes[5].get_lines()}
    assert {"means frechet_distance isotropic", "means frechet_distance gmm"} <= gids
    gids = {line.get_gid() for line in factor_trend(table, "weight").axes[5].get_lines()}
    assert "means frechet_distance mvg" not in gids


def test_panels_without_numbers_say_so():
    figure = factor_trend(WEIGHTS[~WEIGHTS.estimator.isin(["knn_entropy", "frechet_distance"])], "weight")
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert said == [NOT_MEASURED] * 2 and "Panel f" not in caption(figure)


def test_one_seed_and_one_value_have_points_and_no_interval():
    table = comparison([("eae batch 25", 1.0, {}, {"batch": 25})], seeds=(7,))
    figure = factor_trend(table, "batch")
    assert "seed 7. Marks: the one seed, so there is no interval." in caption(figure)
    assert not lines(figure.axes[0], label="_seeds")
    figure.draw_without_rendering()


def test_the_chart_fits_the_page_and_is_legible(figure):
    figure.draw_without_rendering()
    sizes = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
    assert min(sizes) >= 6 and figure.get_figwidth() == PAGE
    assert figure.get_tightbbox().x0 >= -0.02 and figure.get_tightbbox().x1 <= PAGE + 0.02


def test_a_redraw_is_byte_equal(tmp_path):
    table = of_data(WEIGHTS, "mnist")
    drawn = [save(factor_trend(table, "weight"), tmp_path / name) for name in "ab"]
    assert len({tuple(path.read_bytes() for path in paths) for paths in drawn}) == 1


def test_against_the_width_every_width_has_its_own_null():
    table = comparison((f"bn-ae width {w}", 0.1, {"width": w}, {}) for w in (4, 16))
    axes = factor_trend(table, "width").axes[0]
    band = axes.collections[0].get_paths()[0].vertices
    at = {place: band[band[:, 0] == place, 1].max() for place in (2.0, 4.0)}  # log2 of the widths
    assert at == pytest.approx({2.0: 2 * 0.012 / 4**0.5, 4.0: 2 * 0.012 / 16**0.5})
    assert axes.get_xlabel() == "bottleneck width"


@pytest.mark.parametrize(
    ("table", "factor", "series", "message"),
    [
        (WEIGHTS.drop(columns="sampler"), "weight", ["data"], "lacks sampler$"),
        (WEIGHTS.drop(columns="value"), "weight", ["data"], "lacks the columns value$"),
        (WEIGHTS, "batch", ["data"], "^expected a table with a column 'batch', got run, data, "),
        (WEIGHTS.assign(weight=""), "weight", ["data"], "no row of the table has a value in the column 'weight'"),
        (WEIGHTS.assign(weight="heavy"), "weight", ["data"], "^expected numbers in the column 'weight', got 'heavy'$"),
        (WEIGHTS, "weight", ["epochs"], "lacks the columns epochs$"),
        (WEIGHTS.assign(data="one"), "weight", ["data"], r"one number for weight 0\.0, seed 0 .* differ: run\)"),
    ],
)
def test_tables_that_cannot_be_drawn(table, factor, series, message):
    with pytest.raises(GausslabError, match=message):
        factor_trend(table, factor, series)


def test_the_rows_of_one_data_set():
    assert set(of_data(WEIGHTS, "cifar10")["data"]) == {"cifar10"}
    with pytest.raises(GausslabError, match=r"^the table has no rows about 'celeba', only about mnist, cifar10$"):
        of_data(WEIGHTS, "celeba")


@pytest.mark.parametrize("column", [["0.5", ""], [0.5, None], [0.5, float("nan")]])
def test_settings_as_numbers(column):
    found = numbers(pd.DataFrame({"weight": column}), "weight")
    assert found[0] == 0.5 and np.isnan(found[1])


def test_made_rows_hold_what_they_are_told_to():
    made = compared("x", 4, (0.1, 0.2, 0.3), 0.5, 0.9, 0.01, {"isotropic": 3.0})
    assert rows(made, "moment_kl", "correlation")["value"].tolist() == [0.8]
