"""The chart of flows on shells: means and bars where the table has them, radii as far as they reach."""

import numpy as np
import pandas as pd
import pytest

from gausslab.errors import GausslabError
from gausslab.flows.answers import MASS
from gausslab.plotting.flow_shell import flow_shell

UNITS, KINDS = (2, 32), ("realnvp", "glow")
TARGETS = ("relative-shell", "gaussian", "codes")


def tables():
    rows = [
        (target, units, kind, slope, seed, steps, tail, level, 0.03, 3.0 + seed + units / 32, 20.0)
        for target in TARGETS
        for units in UNITS
        for kind in KINDS
        for slope in (1e-3, 0.5)[: 1 + (target == "relative-shell")]
        for seed in (0, 1)
        for steps in (5, 10)
        for tail, level in (("inside", 0.01), ("inside", 0.05), ("outside", 0.99))
    ]
    edges = 0.01 * np.arange(201)
    middles = edges[:-1] + 0.005
    parts = []
    for target in TARGETS:
        for units in UNITS:
            for kind in KINDS:
                data, flow = (np.exp(-(((middles - 1) / width) ** 2) / 2) for width in (0.05, 0.1))
                parts.append(
                    pd.DataFrame({"low": edges[:-1], "high": edges[1:], "data": data, "flow": flow}).assign(
                        target=target, units=units, kind=kind, seed=0, steps=10, median=1.0, log_density=-middles
                    )
                )
    binned = pd.concat(parts, ignore_index=True)
    binned[["data", "flow"]] /= binned.groupby(["target", "units", "kind"])[["data", "flow"]].transform("sum")
    return pd.DataFrame(rows, columns=list(MASS)), binned


def test_a_panel_a_target_and_a_number_of_units_and_three_below():
    mass, binned = tables()
    figure = flow_shell(mass, binned)
    assert len(figure.axes) == 2 * 2 + 3
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["2 units", "32 units"]
    low, high = figure.axes[0].get_xlim()
    assert 0.6 < low < 0.8 and 1.2 < high < 1.4  # flows of spread .1: 3.3 standard deviations leave out .05 %


def test_means_are_those_of_the_longest_training_at_the_judged_level_and_first_bound():
    mass, binned = tables()
    mass.loc[(mass["steps"] == 5) | (mass["level"] == 0.05) | (mass["slope"] == 0.5), "ratio"] = 1e3
    inside = flow_shell(mass, binned).axes[4]
    [line, _] = [each for each in inside.get_lines() if each.get_gid() == "means relative-shell"]
    np.testing.assert_allclose(line.get_ydata(), [3.5 + units / 32 for units in UNITS])


def test_nothing_to_draw():
    mass, binned = tables()
    with pytest.raises(GausslabError, match="nothing to draw: expected rows of a target among relative-shell"):
        flow_shell(mass, binned[binned["target"] == "codes"])
    with pytest.raises(GausslabError, match="must have rows of the target 'gaussian', got none"):
        flow_shell(mass[mass["target"] == "codes"], binned)
