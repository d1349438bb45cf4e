import numpy as np
import pandas as pd
import pytest
from plotting.made import TESTS, row, sweep
from scipy import stats

from gausslab.errors import GausslabError
from gausslab.plotting import width_trend
from gausslab.plotting.panels import NOT_MEASURED
from gausslab.tables import concat, to_frame


def lines(axes, label):
    return [line for line in axes.get_lines() if line.get_label() == label]


def rows(frame, estimator, statistic):
    return frame[(frame.estimator == estimator) & (frame.statistic == statistic) & (frame.unit == "all")]


def texts(figure):
    return " ".join(t.get_text().replace("\n", " ") for axes in figure.axes for t in axes.texts)


@pytest.mark.parametrize(
    ("panel", "label", "estimator", "statistic", "per_dimension"),
    [
        (0, "total", "kl_decomposition", "total", True),
        (1, "correlation", "kl_decomposition", "correlation", True),
        (1, "beyond second order", "kl_decomposition", "beyond_second_order", True),
        (2, "entropy gap", "knn_entropy", "gap", True),
        (3, "SD(r) / SD(chi)", "radial_spread", "statistic", False),
        (4, "Lilliefors", "lilliefors", "rejected_share", False),
        (5, "reconstruction", "reconstruction", "mse_per_element", False),
    ],
)
def test_what_is_drawn_is_what_the_table_says(panel, label, estimator, statistic, per_dimension):
    frame = sweep()
    axes = width_trend(frame).axes[panel]
    chosen = rows(frame, estimator, statistic)
    values = chosen["value"] / (chosen["n_units"] if per_dimension else 1)
    (mean,) = lines(axes, label)
    assert np.allclose(mean.get_ydata(), values.groupby(chosen["width"]).mean(), rtol=1e-12)
    assert any(np.allclose(sorted(seeds.get_ydata()), sorted(values)) for seeds in lines(axes, "_seeds"))


def test_bars_are_the_t_interval_over_seeds():
    frame = sweep(widths=(8,))
    (segments,) = (c.get_segments() for c in width_trend(frame).axes[3].collections if hasattr(c, "get_segments"))
    values = rows(frame, "radial_spread", "statistic")["value"].to_numpy(float)
    expected = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert np.allclose(segments[0][:, 1], expected, rtol=1e-9)


def test_the_null_is_drawn_with_two_standard_deviations():
    axes = width_trend(sweep(widths=(16,))).axes[3]
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((1 - 0.044, 1 + 0.044))
    (null,) = lines(axes, "_null")
    assert np.allclose(null.get_ydata(), 1.0)
    assert null.get_xdata()[0] < 16 < null.get_xdata()[-1]


def test_without_a_null_in_the_table_the_exact_value_is_drawn():
    frame = sweep().assign(null_mean=np.nan, null_sd=np.nan)
    reference = [set(lines(axes, "_null")[0].get_ydata()) for axes in width_trend(frame).axes[:5]]
    assert reference == [{0.0}, {0.0}, {0.0}, {1.0}, {0.0}]


def test_negative_values_are_inside_their_panel():
    axes = width_trend(sweep()).axes[2]
    assert min(lines(axes, "entropy gap")[0].get_ydata()) < 0
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] < min(lines(axes, "_seeds")[0].get_ydata())


def test_labels_say_units_samples_seeds_and_interval():
    figure = width_trend(sweep())
    assert [axes.get_ylabel() for axes in figure.axes[:3]] == ["nats per dimension"] * 3
    caption = figure.get_supxlabel().replace("\n", " ")
    assert "ae on mnist-5k, n = 1,000 codes a run, seeds 0, 1, 2." in caption
    assert "95 % t interval over seeds" in caption
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["4", "8", "16", "32", "64"]


def test_one_seed_and_one_width_have_points_and_no_interval():
    figure = width_trend(sweep(widths=(8,), seeds=(7,)))
    assert "seed 7. Marks: the one seed, so there is no interval." in figure.get_supxlabel().replace("\n", " ")
    assert len(lines(figure.axes[0], "total")[0].get_ydata()) == 1
    assert lines(figure.axes[0], "_seeds") == []
    figure.draw_without_rendering()


def test_many_widths_thin_their_labels():
    figure = width_trend(sweep(widths=tuple(range(2, 40)), seeds=(0,)))
    labels = [t.get_text() for t in figure.axes[0].get_xticklabels()]
    assert len(labels) == 38
    assert 4 < sum(map(bool, labels)) < 12


def test_panels_without_rows_say_so():
    frame = sweep()
    figure = width_trend(frame[~frame.estimator.isin(["knn_entropy", *TESTS])])
    assert texts(figure) == f"{NOT_MEASURED} {NOT_MEASURED}"


def test_an_estimator_that_is_missing_at_one_width_leaves_the_others():
    frame = sweep()
    figure = width_trend(frame[~((frame.estimator == "knn_entropy") & (frame.width == 64))])
    assert lines(figure.axes[2], "entropy gap")[0].get_xdata().tolist() == [4, 8, 16, 32]
    assert [axes.get_xlim() for axes in figure.axes] == [figure.axes[0].get_xlim()] * 6


def test_nan_values_are_left_out():
    frame = sweep(widths=(8, 16))
    frame.loc[(frame.estimator == "radial_spread") & (frame.seed == 0), "value"] = np.nan
    assert len(lines(width_trend(frame).axes[3], "_seeds")[0].get_ydata()) == 4


def test_only_reconstruction_rows_still_make_a_figure():
    frame = sweep()
    assert texts(width_trend(frame[frame.layer == ""])).count(NOT_MEASURED) == 5


def test_a_table_put_together_from_runs_is_drawn_as_well():
    frame = concat([sweep(seeds=(0,)), sweep(seeds=(1,))])
    assert len(lines(width_trend(frame).axes[0], "_seeds")[0].get_ydata()) == 10


def test_other_layers_are_left_out_if_one_is_the_bottleneck():
    other = sweep(layer="encoder.0")
    assert len(lines(width_trend(concat([sweep(), other[other.layer != ""]])).axes[0], "_seeds")[0].get_ydata()) == 15


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (sweep().drop(columns=["value", "seed"]), "lacks the columns seed, value$"),
        (pd.DataFrame({"x": [1]}), "^the table of the sweep is not a table of measurements"),
        (to_frame([row("knn_kl", "excess", 0.1)]), "no row with a width"),
        (sweep().iloc[:0], "no row with a width"),
        (concat([sweep(), sweep(model="eae")]), r"width 4, seed 0 .* got 2 \(columns that differ: model\)"),
        (concat([sweep(layer="a"), sweep(layer="b")]), "expected one layer or one called 'bottleneck', got a, b"),
    ],
)
def test_tables_that_cannot_be_drawn(frame, message):
    with pytest.raises(GausslabError, match=message):
        width_trend(frame)
