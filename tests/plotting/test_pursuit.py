import numpy as np
import pandas as pd
import pytest

from gausslab.errors import GausslabError
from gausslab.plotting.pursuit import projection_histograms
from gausslab.plotting.theme import save

SIDES = ("statistic", "least_kurtosis", "greatest_kurtosis")


def table(**given):
    """Made numbers; only their sizes are realistic."""
    rows = [
        {"estimator": "projection_pursuit", "statistic": side, "value": value, "null_mean": mean, "null_sd": 0.03}
        for side, value, mean in zip(SIDES, (18.0, -1.29, 2.2), (1.1, -0.7, 2.1), strict=True)
    ]
    return pd.DataFrame(rows).assign(p_value=0.01, n_units=32, **given)


@pytest.fixture
def values():
    generator = np.random.default_rng(0)
    modes = (generator.standard_normal(2000) + 2 * generator.choice([-1, 1], 2000)) / np.sqrt(5)
    tails = generator.standard_t(4, 2000) / np.sqrt(2)
    return modes, tails


def bars(axes):
    (stairs,) = axes.patches
    return stairs.get_data()


def test_bars_are_densities_of_the_samples_and_ticks_are_the_rest(values):
    figure = projection_histograms(*values, table())
    for axes, drawn in zip(figure.axes, values, strict=True):
        heights, edges, _ = bars(axes)
        far = np.abs(drawn) > 4
        assert np.sum(heights * np.diff(edges)) == pytest.approx(1 - far.mean())
        middle = np.mean(np.abs(drawn) < 0.25) / 0.5
        assert heights[len(heights) // 2 - 1 : len(heights) // 2 + 1].mean() == pytest.approx(middle)
        (ticks,) = (line for line in axes.get_lines() if line.get_marker() == "|")
        assert sorted(ticks.get_xdata()) == sorted(drawn[far])
        low, high = axes.get_xlim()
        assert low < drawn.min() and drawn.max() < high


def test_the_normal_density_is_the_reference(values):
    for axes in projection_histograms(*values, table()).axes:
        (reference,) = (line for line in axes.get_lines() if line.get_label() == "N(0, 1)")
        x, y = reference.get_data()
        assert y.max() == pytest.approx(0.3989, abs=1e-3)
        assert np.sum(y[:-1] * np.diff(x)) == pytest.approx(1, abs=1e-3)


def test_titles_and_texts_say_kurtosis_null_and_p(values):
    figure = projection_histograms(*values, table())
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [title.split("$  ")[1] for title in titles] == ["Least kurtosis: -1.29", "Greatest kurtosis: +2.20"]
    assert [axes.texts[0].get_text().split("\n")[1] for axes in figure.axes] == ["-0.70 ± 0.03", "+2.10 ± 0.03"]
    assert "n = 2,000, 32 units, p of both sides together 0.01" in figure.get_supxlabel().replace("\n", " ")


def test_drawn_again_it_is_the_same_file(values, tmp_path):
    first = save(projection_histograms(*values, table()), tmp_path / "first")
    second = save(projection_histograms(*values, table()), tmp_path / "second")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_tables_about_something_else(values):
    with pytest.raises(GausslabError, match=r"^expected one row projection_pursuit/statistic in the table, got 0$"):
        projection_histograms(*values, table().assign(estimator="energy"))
    with pytest.raises(GausslabError, match=r"projection_pursuit/statistic in the table, got 2$"):
        projection_histograms(*values, pd.concat([table(), table()]))
