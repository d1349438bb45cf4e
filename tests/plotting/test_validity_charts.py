"""Charts of a validity study show the numbers of its committed tables."""

from pathlib import Path

import pytest

from gausslab.errors import GausslabError
from gausslab.plotting.validity import coverage_chart, power_chart, size_chart
from gausslab.validity.rows import read

WIDEST = 0.2  # where the chart ends
STUDY = Path(__file__).parents[2] / "studies" / "estimator_validity"


@pytest.fixture(scope="module")
def rates():
    return read(STUDY / "rejections.csv")


def xs(axes):
    """Percentages of all marks in a panel."""
    return {round(float(x), 6) for line in axes.lines if line.get_marker() in "os^" for x in line.get_xdata()}


def test_sizes_are_those_of_the_gaussian_in_the_panel_of_their_width(rates):
    of_gaussian = rates[rates["law"] == "gaussian"]
    for axes, units in zip(size_chart(rates).axes, (8, 32, 128), strict=True):
        known = set(of_gaussian.loc[of_gaussian["n_units"] == units, "rate"].round(6))
        found = xs(axes)
        assert len(found) > 10
        shares = known | {round(100 * each, 6) for each in known} | {round(100 * each, 4) for each in known}
        assert found - {WIDEST} <= shares


@pytest.mark.parametrize("samples", [500, 2000, 10_000])
def test_power_is_drawn_at_every_size(rates, samples):
    figure = power_chart(rates, samples)
    assert len(figure.axes) >= 3


def test_coverage_is_drawn():
    assert coverage_chart(read(STUDY / "coverage.csv")).axes


def test_a_table_without_gaussians_has_no_sizes(rates):
    with pytest.raises(GausslabError):
        size_chart(rates[rates["law"] == "cube"])
