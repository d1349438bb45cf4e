"""Charts of a validity study show the numbers of its tables."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gausslab.plotting.validity import coverage_chart, labelled, power_chart, size_chart


@pytest.fixture
def rates():
    cells = itertools.product(
        ("gaussian", "cube"), (500, 2000), (8, 32), (("energy", "statistic"), ("moment_kl", "debiased"))
    )
    rows = [
        {"law": law, "n_samples": n, "n_units": d, "estimator": name, "statistic": statistic}
        for law, n, d, (name, statistic) in cells
    ]
    table = pd.DataFrame(rows)
    rate = np.linspace(0.01, 0.99, len(table))
    return table.assign(rate=rate, low=rate - 0.01, high=rate + 0.01)


def drawn_points(axes):
    return sorted(float(x) for line in axes.lines if line.get_marker() in "os^" for x in line.get_xdata())


def test_sizes_are_those_of_the_gaussian_in_the_panel_of_their_width(rates):
    figure = size_chart(rates)
    for axes, units in zip(figure.axes, (8, 32), strict=True):
        expected = rates[(rates["law"] == "gaussian") & (rates["n_units"] == units)]["rate"]
        assert drawn_points(axes) == pytest.approx(sorted(expected))
        assert axes.get_title("left") == f"{units} units"


def test_the_power_chart_prints_percentages_of_one_number_of_samples(rates):
    figure = power_chart(rates, 2000)
    for axes, units in zip(figure.axes, (8, 32), strict=True):
        part = rates[(rates["n_samples"] == 2000) & (rates["n_units"] == units)]
        assert sorted(text.get_text() for text in axes.texts) == sorted(f"{100 * rate:.0f}" for rate in part["rate"])
        assert [label.get_text() for label in axes.get_xticklabels()] == ["gaussian", "cube"]


def test_a_test_that_was_not_run_leaves_an_empty_cell(rates):
    absent = (rates["n_samples"] == 500) & (rates["n_units"] == 8) & (rates["estimator"] == "energy")
    figure = power_chart(rates[~(absent & (rates["law"] == "cube"))], 500)
    assert [text.get_text() for text in figure.axes[0].texts].count("") == 1


@pytest.mark.parametrize("column", ["covered", "covered_mean"])
def test_coverage_is_drawn_law_by_law(rates, column):
    table = rates.assign(covered=rates["rate"], covered_mean=rates["rate"] / 2)
    figure = coverage_chart(table, column)
    for axes, units in zip(figure.axes, (8, 32), strict=True):
        assert drawn_points(axes) == pytest.approx(sorted(table[table["n_units"] == units][column]))


def test_labels_name_the_estimator_and_other_statistics_too(rates):
    assert set(labelled(rates)["label"]) == {"energy", "moment_kl: debiased"}
