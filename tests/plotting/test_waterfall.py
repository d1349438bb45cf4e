"""The waterfall: where its bars begin and end, what it writes, and that the script draws the same bytes twice."""

import math
import subprocess
import sys
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from plotting.made import row, sweep

from gausslab import tables
from gausslab.errors import GausslabError
from gausslab.plotting import kl_waterfall
from gausslab.plotting.theme import NULL_BAND

NAMES = ("mean_scale", "correlation", "marginal_negentropy", "dependence")
LABELS = ["mean and scale", "correlation", "non-Gaussian units", "dependence", "total"]
SCRIPT = Path(__file__).parents[2] / "figures" / "kl_waterfall.py"


def code(values, **given):
    given = {"null_mean": 0.0, "null_sd": 0.05, "standard_error": 0.1, "p_value": 0.02, "n_units": 16} | given
    parts = [row("kl_decomposition", name, value, **given) for name, value in zip(NAMES, values, strict=True)]
    beyond = row("kl_decomposition", "beyond_second_order", sum(values[2:]), **given)
    return [row("kl_decomposition", "total", sum(values), **given), *parts, beyond]


def bars(axes):
    """Start and signed length of every bar that is not the null's."""
    found = [bar for container in axes.containers if hasattr(container, "patches") for bar in container.patches]
    drawn = [bar for bar in found if bar.get_facecolor()[:3] != pytest.approx(_grey(), abs=1e-6)]
    return [(bar.get_x(), bar.get_width()) for bar in drawn]


def _grey():
    return tuple(int(NULL_BAND[i : i + 2], 16) / 255 for i in (1, 3, 5))


def texts(axes):
    return [text.get_text() for text in axes.texts]


VALUES = (0.6, 5.2, 1.5, -0.2)


def test_bars_run_from_zero_through_the_parts_to_the_total():
    (axes,) = kl_waterfall(tables.to_frame(code(VALUES))).axes
    expected = [*zip([0.0, *accumulate(VALUES)], VALUES, strict=False), (0.0, sum(VALUES))]
    assert np.allclose(bars(axes), expected)
    assert [label.get_text() for label in axes.get_yticklabels()] == LABELS
    assert texts(axes) == ["0.6", "5.2", "1.5", "\N{MINUS SIGN}0.2", "7.1"]
    assert axes.get_title(loc="left") == "of 7.1 nats, 5.2 are correlation"
    low, high = axes.get_ylim()
    assert low > high  # the first part on top


def test_negative_numbers_stand_on_the_left_of_their_bars():
    figure = kl_waterfall(tables.to_frame(code((0.01, 0.0, 1.1, -0.4), n_units=8)))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    below, above = axes.texts[3], axes.texts[2]
    assert below.get_ha() == "right" and below.get_position()[0] < 1.11 - 0.4 - 0.196
    assert above.get_ha() == "left" and above.get_position()[0] > 1.11 + 0.196
    assert axes.get_title(loc="left") == "0.71 nats: 1.10 non-Gaussian units, \N{MINUS SIGN}0.40 dependence"


def test_no_text_leaves_the_axes():
    figure = kl_waterfall(tables.to_frame(code((-3.0, 0.5, 9.0, -4.0))))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    box = axes.get_window_extent()
    for text in axes.texts:
        extent = text.get_window_extent()
        assert box.x0 <= extent.x0 and extent.x1 <= box.x1, text.get_text()


def test_a_panel_a_width_and_the_mean_over_its_seeds():
    rows = [
        r
        for width in (8, 32)
        for seed, shift in enumerate((-0.1, 0.0, 0.1))
        for r in code((0.1, width / 10 + shift, 0.2, 0.0), width=width, n_units=width, seed=seed, run=f"{width}-{seed}")
    ]
    first, second = kl_waterfall(tables.to_frame(rows)).axes
    assert first.get_title(loc="left") == "8 units: of 1.1 nats, 0.8 are correlation"
    assert second.get_title(loc="left") == "32 units: of 3.5 nats, 3.2 are correlation"
    assert np.allclose(bars(first)[1], (0.1, 0.8))
    seeds = [line for line in first.get_lines() if line.get_marker() == "o"]
    assert np.allclose(seeds[1].get_xdata(), [0.8, 0.9, 1.0])
    # t quantile 4.303 with 2 degrees of freedom, spread .1 over root 3
    ends = [bar.get_segments()[0] for bar in first.collections if len(bar.get_segments()) == 1]
    lengths = [float(np.ptp(segment[:, 0])) for segment in ends]
    assert any(math.isclose(length, 2 * 4.3027 * 0.1 / math.sqrt(3), rel_tol=1e-4) for length in lengths)


def test_the_part_that_is_no_measure_is_hatched_and_the_caption_says_so():
    def hatched(units):
        figure = kl_waterfall(tables.to_frame(code(VALUES, n_units=units)))
        marks = [bar.get_hatch() for bars in figure.axes[0].containers if hasattr(bars, "patches") for bar in bars]
        return sum(mark is not None for mark in marks), "a test and no measure" in figure.get_supxlabel()

    assert hatched(4) == (0, False)
    assert hatched(5) == (1, True)


def test_the_lower_bound_is_marked_on_the_total():
    bound = row("kl_lower_bound", "statistic", 6.25, standard_error=0.1, n_units=16)
    winner = row("kl_lower_bound", "winner=independent_components", 6.25, n_units=16)
    (axes,) = kl_waterfall(tables.to_frame([*code(VALUES), bound, winner])).axes
    sentence = "of 7.1 nats, 5.2 are correlation; at least 6.2, by independent components"
    assert axes.get_title(loc="left") == sentence and texts(axes)[-1] == "7.1"
    assert [line.get_xdata()[0] for line in axes.get_lines() if line.get_marker() == ">"] == [6.25]


def test_tables_of_measure_and_older_tables_are_drawn():
    frame = tables.to_frame(code(VALUES)).drop(columns=["run", "data", "model", "layer", "width", "seed"])
    assert len(kl_waterfall(frame).axes) == 1
    figure = kl_waterfall(sweep(widths=(8, 16)))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][2] == "beyond second order"


def caption(figure):
    return " ".join(figure.get_supxlabel().split())


LAPLACE_CAPTION = (
    "KL divergence of the code from iid Laplace(0, 1) and its parts, mnist-5k, n = 1,000. Against iid Laplace(0, 1): "
    "all after the map of every unit from Laplace(0, 1) to N(0, 1). "
)


@pytest.mark.parametrize("written", ["", "normal"])
def test_a_table_about_a_gaussian_says_so(written):
    said = caption(kl_waterfall(tables.to_frame(code(VALUES, reference=written))))
    assert said.startswith("KL divergence of the code from N(0, I) and its parts, mnist-5k, n = 1,000. Lines: ")
    assert "exact Gaussian samples of the same n and d" in said


def test_a_table_about_laplace_says_so():
    figure = kl_waterfall(tables.to_frame(code((0.6, 0.1, 1.5, -0.2), reference="laplace")))
    (axes,) = figure.axes
    assert caption(figure).startswith(LAPLACE_CAPTION)
    assert "for exact samples of iid Laplace(0, 1) of the same n and d" in caption(figure)
    assert "N(0, I)" not in caption(figure)
    assert [label.get_text() for label in axes.get_yticklabels()][2] == "shape of units"
    assert axes.get_title(loc="left") == "of 2.0 nats, 1.5 are shape of units"


def test_panels_of_several_laws_name_theirs_and_are_not_averaged():
    """A comparison measures the code of an L1 bottleneck against both; older rows, without a law, are about N(0, I)."""
    older = code((0.6, 0.1, 0.5, 0.2), model="eae-1", run="a")
    newer = code((0.6, 0.1, 0.5, 0.4), model="eae-1", run="b", reference="normal")
    mapped = code((0.1, 0.1, 0.9, 0.1), model="eae-1", run="b", reference="laplace")
    figure = kl_waterfall(tables.to_frame([*older, *newer, *mapped]))
    figure.draw_without_rendering()
    first, second = figure.axes
    assert first.get_title(loc="left") == "against N(0, I): of 1.5 nats, 0.6 are mean and scale"
    assert second.get_title(loc="left") == "against iid Laplace(0, 1): of 1.2 nats, 0.9 are shape of units"
    assert "from the law that its panel names and its parts" in caption(figure)
    assert "Against iid Laplace(0, 1): all after the map" in caption(figure)
    assert "for exact samples of that law of the same n and d" in caption(figure)


def test_a_law_that_is_unknown_is_refused():
    with pytest.raises(GausslabError, match="unknown reference law 'laplac'; did you mean 'laplace'"):
        kl_waterfall(tables.to_frame(code(VALUES, reference="laplac")))


def test_a_table_without_the_decomposition_is_refused():
    with pytest.raises(GausslabError, match="no row of kl_decomposition"):
        kl_waterfall(tables.to_frame([row("energy", "statistic", 1.0)]))
    with pytest.raises(GausslabError, match="expected a table with the rows of kl_decomposition: total, mean_scale"):
        kl_waterfall(tables.to_frame(code(VALUES)[:3]))


def test_the_script_draws_the_same_bytes_twice(tmp_path):
    tables.write(tables.to_frame(code(VALUES)), tmp_path / "results.csv")
    command = [sys.executable, str(SCRIPT), str(tmp_path / "results.csv"), "--out", str(tmp_path / "out")]
    written = []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.split() == [str(tmp_path / f"out{ending}") for ending in (".pdf", ".png")]
        written.append([(tmp_path / f"out{ending}").read_bytes() for ending in (".pdf", ".png")])
    assert written[0] == written[1]
    absent = subprocess.run([*command[:2], str(tmp_path / "absent")], capture_output=True, text=True, check=False)
    assert absent.returncode == 1 and absent.stderr.startswith("error: cannot read the table")
