import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from plotting.made import entropy_weights, gaussianizers

from gausslab.errors import GausslabError
from gausslab.plotting import frontier, save
from gausslab.plotting.theme import INK, PAGE

TABLE = gaussianizers()
TITLES = {
    "eae": "EAE", "sigreg": "SIGReg", "free-energy": "Free energy", "wae": "WAE-MMD, bottleneck batchnorm",
    "vae": "VAE", "bn-ae": "EAE, no entropy",
}  # fmt: skip


@pytest.fixture(scope="module")
def figure():
    return frontier(TABLE)


def ladder(axes, label):
    (line,) = (line for line in axes.get_lines() if line.get_gid() == "means" and line.get_label() == label)
    return line


def values(base, estimator, statistic, sampler=""):
    """(weight, seed) -> value."""
    of_row = TABLE["row"].str.split(" ").str[0] == base
    chosen = (TABLE.estimator == estimator) & (TABLE.statistic == statistic) & (TABLE.sampler == sampler)
    rows = TABLE[of_row & chosen]
    return rows.assign(weight=rows["weight"].replace("", "-1").astype(float)).set_index(["weight", "seed"])["value"]


def expected(base, panel):
    if panel == 0:
        return values(base, "moment_kl", "correlation") / 16
    if panel == 1:
        total, part = (values(base, "kl_decomposition", name) for name in ("total", "mean_scale"))
        return (total - part) / 16
    if panel == 2:
        return values(base, "radial_spread", "statistic")
    return values(base, "frechet_distance", "samples", "isotropic")


@pytest.mark.parametrize("panel", range(4))
@pytest.mark.parametrize("base", TITLES)
def test_points_are_means_over_seeds_in_the_order_of_weights(figure, base, panel):
    line = ladder(figure.axes[panel], TITLES[base])
    errors = values(base, "reconstruction", "mse_per_element").groupby("weight").mean()
    np.testing.assert_allclose(line.get_xdata(), errors, rtol=1e-12)
    np.testing.assert_allclose(line.get_ydata(), expected(base, panel).groupby("weight").mean(), rtol=1e-12)


@pytest.mark.parametrize("panel", range(4))
def test_every_seed_is_a_small_point_at_its_own_error(figure, panel):
    small = [line.get_xydata() for line in figure.axes[panel].get_lines() if line.get_label() == "_seeds"]
    assert sum(map(len, small)) == 21 * 3
    errors = values("vae", "reconstruction", "mse_per_element")
    pairs = pd.DataFrame({"x": errors, "y": expected("vae", panel)}).to_numpy()
    assert any(np.allclose(sorted(found.tolist()), sorted(pairs.tolist())) for found in small if len(found) == 12)


def test_the_baseline_is_one_black_mark(figure):
    line = ladder(figure.axes[0], TITLES["bn-ae"])
    assert (len(line.get_xdata()), line.get_color(), line.get_marker()) == (1, INK, "X")


def test_lines_differ_in_colour_and_marker(figure):
    drawn = [ladder(figure.axes[0], label) for label in TITLES.values()]
    assert len({line.get_color() for line in drawn}) == len({line.get_marker() for line in drawn}) == 6


def references(figure):
    return [
        [line.get_ydata()[0] for line in axes.get_lines() if line.get_label() in ("_null", "_floor")]
        for axes in figure.axes
    ]


def test_a_gaussians_numbers_and_real_images_are_drawn(figure):
    assert references(figure) == [[0], [0], [1], [pytest.approx(0.07)]]
    band = figure.axes[2].patches[0]
    assert (band.get_y(), band.get_height()) == pytest.approx((1 - 0.044, 0.088))


def test_without_a_null_in_the_table_the_exact_value_is_drawn():
    assert references(frontier(TABLE.assign(null_mean=np.nan, null_sd=np.nan))) == [[0], [0], [1], []]


def test_weights_are_written_in_the_colour_of_their_line_at_its_points(figure):
    for axes in figure.axes:
        notes = [text for text in axes.texts if text.get_gid() == "note"]
        assert len(notes) >= 8
        for note in notes:
            lines = [ladder(axes, label) for label in TITLES.values()]
            (line,) = (line for line in lines if line.get_color() == note.get_color())
            (place,) = np.flatnonzero(
                np.isclose(line.get_xdata(), note.xy[0]) & np.isclose(line.get_ydata(), note.xy[1])
            )
            base = next(base for base, label in TITLES.items() if label == line.get_label())
            weights = sorted(
                values(base, "reconstruction", "mse_per_element").index.get_level_values("weight").unique()
            )
            assert float(note.get_text()) == weights[place]


def test_titles_units_and_caption(figure):
    assert [axes.get_ylabel() for axes in figure.axes] == [
        *["nats per dimension"] * 2, "SD(r) / SD of chi(d)", "FD(classifier)"
    ]  # fmt: skip
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(TITLES.values())
    caption = figure.get_supxlabel().replace("\n", " ")
    assert caption.startswith("Data: mnist (width 16, channels 8, depth 4). n = 1,000 codes a run, seeds 0, 1, 2.")
    assert "A variational row's codes are its posteriors' means." in caption
    assert "variational" not in frontier(TABLE[TABLE["row"].str.startswith("eae")]).get_supxlabel()


def test_codes_drawn_from_posteriors_take_the_place_of_their_means():
    drawn = TABLE[TABLE["row"].str.startswith("vae") & (TABLE["layer"] != "")].assign(layer="posterior")
    figure = frontier(pd.concat([TABLE, drawn.assign(value=drawn["value"] + 1000)], ignore_index=True))
    before, after = (
        next(line.get_ydata() for line in each.axes[0].get_lines() if line.get_label() == "VAE")
        for each in (frontier(TABLE), figure)
    )
    np.testing.assert_allclose(after - before, 1000 / 16, rtol=1e-9)
    assert "A variational row's codes are drawn from its posteriors." in figure.get_supxlabel().replace("\n", " ")


def test_a_table_without_the_baseline_or_without_samples_is_drawn_as_well():
    figure = frontier(TABLE[(TABLE["row"] != "bn-ae") & (TABLE["estimator"] != "frechet_distance")])
    assert len(figure.legends[0].get_texts()) == 5
    assert [text.get_text() for text in figure.axes[3].texts] == ["not measured"]
    assert "Cross" not in figure.get_supxlabel()


def test_a_redraw_is_byte_equal(tmp_path):
    table = TABLE[TABLE["row"].str.startswith("eae")]
    drawn = [save(frontier(table), tmp_path / name) for name in "ab"]
    assert len({tuple(path.read_bytes() for path in paths) for paths in drawn}) == 1


def test_the_chart_fits_the_page_and_is_legible(figure):
    figure.draw_without_rendering()
    sizes = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
    assert min(sizes) >= 6 and figure.get_figwidth() == PAGE
    assert figure.get_tightbbox().x0 >= -0.02 and figure.get_tightbbox().x1 <= PAGE + 0.02


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE.drop(columns="weight"), "^expected a table with a column 'weight'"),
        (TABLE.drop(columns=["row"]), "lacks row$"),
        (TABLE.assign(weight=""), "no row of the table has a value in the column 'weight'"),
        (entropy_weights(), "^expected a table about one data set, got mnist, cifar10$"),
        (pd.concat([TABLE, TABLE.assign(depth=5)]), r"one number for row .* \(columns that differ: depth\)"),
    ],
)
def test_tables_that_cannot_be_drawn(table, message):
    with pytest.raises(GausslabError, match=message):
        frontier(table)
