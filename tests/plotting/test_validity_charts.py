"""Charts of a validity study show the numbers of its tables, and its scripts draw them without torch."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gausslab.errors import GausslabError
from gausslab.plotting.validity import coverage_chart, power_chart, size_chart
from gausslab.plotting.validity.rows import INTERVALS, TESTS, arranged
from gausslab.validity.rows import NEAR_TEST, read

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "studies" / "estimator_validity"
UNITS = (8, 32)
RUN_AND_LOOK = """
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
sys.exit("torch was loaded" if "torch" in sys.modules else 0)
"""


def table(laws, rows):
    names = ("law", "n_samples", "n_units", "estimator", "statistic")
    cells = itertools.product(laws, (500, 2000), UNITS, rows)
    made = pd.DataFrame([dict(zip(names, (*cell[:3], *cell[3]), strict=True)) for cell in cells])
    return made.assign(share=np.linspace(0.01, 0.19, len(made)), replicates=40)


@pytest.fixture
def rates():
    rows = [("energy", "statistic"), ("moment_kl", "statistic"), ("moment_kl", "debiased")]
    made = table(("gaussian", "cube", "correlated"), rows)
    return made.assign(
        rate=made["share"],
        low=made["share"] - 0.01,
        high=made["share"] + 0.01,
        size_p=0.5,
        null=np.where(made["estimator"] == "energy", "composite", "simple"),
    )


@pytest.fixture
def intervals():
    rows = [("kl_decomposition", "mean_scale"), ("kl_decomposition", "total"), ("kl_lower_bound", "statistic")]
    made = table(("gaussian", "cube"), rows)
    kinds = {"mean_scale": "value", "total": "limit", "statistic": "bound"}
    shares = {"covered": 1 - made["share"], "covered_mean": 1 - made["share"] / 2, "above": made["share"] / 4}
    p_values = dict.fromkeys(("covered_p", "covered_mean_p", "above_p"), 0.5)
    return made.assign(target=made["statistic"].map(kinds), **shares, **p_values)


def drawn(axes):
    return sorted(float(x) for line in axes.lines if line.get_marker() in ("o", "s", "^") for x in line.get_xdata())


def test_sizes_are_those_of_the_gaussian_in_the_panel_of_their_width(rates):
    for axes, units in zip(size_chart(rates).axes, UNITS, strict=True):
        part = rates[(rates["law"] == "gaussian") & (rates["n_units"] == units)]
        assert drawn(axes) == pytest.approx(sorted(part.loc[part["statistic"] == "statistic", "rate"]))
        assert axes.get_title("left") == f"{units} units"


def test_a_size_that_breaks_its_promise_is_ringed_and_one_beyond_the_axis_stands_at_its_end(rates):
    odd = (rates["law"] == "gaussian") & (rates["n_units"] == 8) & (rates["estimator"] == "energy")
    rates = rates.assign(rate=rates["rate"].mask(odd, 0.8), size_p=rates["size_p"].mask(odd, 1e-9))
    first, second = size_chart(rates).axes
    rings = [line for line in first.lines if line.get_markerfacecolor() == "none"]
    assert [float(x) for line in rings for x in line.get_xdata()] == [0.2, 0.2]
    assert not [line for line in second.lines if line.get_markerfacecolor() == "none"]


def test_the_power_chart_prints_percentages_of_one_number_of_samples(rates):
    figure = power_chart(rates, 2000)
    for axes, units in zip(figure.axes, UNITS, strict=True):
        part = rates[(rates["n_samples"] == 2000) & (rates["n_units"] == units) & (rates["law"] != "gaussian")]
        shown = part.loc[part["statistic"] == "statistic", "rate"]
        assert sorted(text.get_text() for text in axes.texts) == sorted(f"{100 * rate:.0f}" for rate in shown)
        assert [label.get_text() for label in axes.get_xticklabels()] == ["cube", "correlated"]
    assert "n = 2,000" in figure.get_supxlabel()


def test_cells_with_nothing_to_find_have_no_colour_and_none_and_all_no_number(rates):
    chosen = rates.assign(rate=np.where(rates["law"] == "cube", 1.0, 0.0))
    axes = power_chart(chosen, 500).axes[0]
    cells = axes.collections[0]
    assert sorted(cells.get_array()) == [0.0, 1.0]  # moment_kl of correlated units, energy of the cube
    assert {text.get_text() for text in axes.texts} == {""}


def test_power_at_another_number_of_samples_names_those_there_are(rates):
    with pytest.raises(GausslabError, match="no power at n = 700; choices: 500, 2000"):
        power_chart(rates, 700)


def test_own_mean_above_and_truth_below_with_the_bound_by_what_is_not_above(intervals):
    panels = coverage_chart(intervals).axes
    for upper, lower, units in zip(panels[:2], panels[2:], UNITS, strict=True):
        part = intervals[intervals["n_units"] == units]
        assert drawn(upper) == pytest.approx(sorted(part["covered_mean"]))
        values, bounds = (part[part["target"] == kind] for kind in ("value", "bound"))
        assert drawn(lower) == pytest.approx(sorted([*values["covered"], *(1 - bounds["above"])]))
        assert (upper.get_title("left"), lower.get_title("left")) == (
            f"own mean held, {units} units",
            f"truth held, {units} units",
        )


def test_rows_stand_under_their_headings_in_the_order_of_the_chart(rates):
    layout = arranged(TESTS, rates)
    assert list(layout.labels.values()) == ["all units", "energy", "mean and covariance only", "moment_kl"]
    assert [layout.labels[y] for y in sorted(layout.headings)] == ["all units", "mean and covariance only"]
    assert layout.places == {("energy", "statistic"): 1, ("moment_kl", "statistic"): pytest.approx(3.4)}


def test_a_table_without_anything_to_show_is_refused(rates):
    with pytest.raises(GausslabError, match="nothing to draw"):
        size_chart(rates[rates["law"] == "cube"])


def test_no_test_is_drawn_twice():
    shown = [row for section in TESTS for row in section.rows]
    assert len(set(shown)) == len(shown)
    assert not set(shown) & NEAR_TEST


def test_every_row_of_the_committed_tables_is_drawn_or_said_to_repeat_another():
    rates = read(STUDY / "rejections.csv")
    shown = {row for section in TESTS for row in section.rows}
    assert set(zip(rates["estimator"], rates["statistic"], strict=True)) == shown | NEAR_TEST
    intervals = read(STUDY / "coverage.csv")
    named = {row for section in INTERVALS for row in section.rows}
    assert named <= set(zip(intervals["estimator"], intervals["statistic"], strict=True))


@pytest.mark.parametrize(("name", "given"), [("size", "rejections"), ("power", "rejections"), ("coverage", "coverage")])
def test_a_script_draws_without_torch_and_again_the_same_bytes(name, given, rates, intervals, tmp_path):
    {"rejections": rates, "coverage": intervals}[given].to_csv(tmp_path / "table.csv", index=False)
    script = ROOT / "figures" / f"estimator_{name}.py"
    pictures = []
    for stem in (tmp_path / "first", tmp_path / "second"):
        command = [sys.executable, "-c", RUN_AND_LOOK, script, tmp_path / "table.csv", "--out", stem]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.strip()) == (0, "")
        assert done.stdout.split() == [f"{stem}.pdf", f"{stem}.png"]
        pictures.append([stem.with_suffix(ending).read_bytes() for ending in (".pdf", ".png")])
    assert pictures[0] == pictures[1]


def test_a_script_without_a_table_ends_in_one_line(tmp_path):
    script = ROOT / "figures" / "estimator_size.py"
    done = subprocess.run([sys.executable, script, tmp_path / "absent"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot read the table") and done.stderr.count("\n") == 1
