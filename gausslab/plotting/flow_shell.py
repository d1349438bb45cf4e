"""The chart of a study of flows on thin shells: where their mass lies, radius by radius, and in the data's tails."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from gausslab.errors import GausslabError
from gausslab.flows.answers import CONTROL, TAILS, first_slope, longest, ratios, tail_rows
from gausslab.plotting.panels import interval_told, seeds_told, write_caption, write_out
from gausslab.plotting.theme import BLUE, INK, NULL_BAND, PAGE, QUIET, VERMILION, new_figure, themed

KINDS = {"realnvp": ("RealNVP", BLUE), "glow": ("Glow", VERMILION)}
TARGETS = {
    "relative-shell": ("shell: 5 % of\nits radius thick", "o", "-"),
    "constant-shell": ("shell: a fifth as\nthick as Gaussian", "s", (0, (3, 1.5))),
    CONTROL: ("Gaussian\n(control)", "D", (0, (1, 1.2))),
}
"""Label, marker and line of every made target."""

_COLUMNS = 12
_TAIL = 5e-4  # share of data or flow that a panel may leave out at each end
_DODGE = 0.07  # octaves between lines, so that bars do not hide each other


def flow_shell(mass: pd.DataFrame, binned: pd.DataFrame) -> Figure:
    """Radii of data and flows, a target a row and a number of units a column; below, mass beyond the data's tails by d.

    Radii are over the data's median. In the lower panels 1 is what the data have, and what the control must have; the
    third is the density along the radius, in which a Gaussian's is highest at the centre too.

    Args:
        mass: `results.csv` of the study.
        binned: its `radii.csv`.

    Raises:
        GausslabError: the tables hold no made target in common, or no control.
    """
    main, shown = longest(first_slope(_made(mass))), longest(_made(binned))
    targets = [name for name in TARGETS if name in set(main["target"]) & set(shown["target"])]
    if not targets:
        raise GausslabError(f"nothing to draw: expected rows of a target among {', '.join(TARGETS)}")
    units = sorted(int(each) for each in shown["units"].unique())
    with themed():
        figure = new_figure(PAGE, 1.0 * len(targets) + 3.0)
        heights = [*([1.0] * len(targets)), 1.9]
        grid = figure.add_gridspec(len(heights), _COLUMNS, height_ratios=heights)
        wide = _COLUMNS // len(units)
        for row, target in enumerate(targets):
            for column, each in enumerate(units):
                axes = figure.add_subplot(grid[row, wide * column : wide * (column + 1)])
                _draw_radii(axes, shown[(shown["target"] == target) & (shown["units"] == each)])
                _label(axes, row, column, target, each)
        panels = [figure.add_subplot(grid[-1, 4 * place : 4 * (place + 1)]) for place in range(3)]
        for axes, tail in zip(panels, TAILS, strict=False):
            _draw_ratios(axes, main, tail, targets)
        _draw_density(panels[2], shown, targets, units[-1])
        _name(figure, targets)
        write_caption(figure, _caption(main, shown, units[-1]))
    return figure


def _made(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["target"].isin(list(TARGETS)) & table["kind"].isin(list(KINDS))]


def _label(axes: Axes, row: int, column: int, target: str, units: int) -> None:
    if row == 0:
        axes.set_title(f"{units} units")
    if column == 0:
        axes.set_ylabel(TARGETS[target][0])


def _draw_radii(axes: Axes, rows: pd.DataFrame) -> None:
    """Data filled, flows as steps; each bin's share over its width."""
    for kind, part in rows.groupby("kind", sort=False):
        edges, width = [*part["low"], part["high"].iloc[-1]], part["high"] - part["low"]
        if kind == rows["kind"].iloc[0]:
            axes.stairs(part["data"] / width, edges, fill=True, color=NULL_BAND, zorder=0.5)
        axes.stairs(part["flow"] / width, edges, color=KINDS[str(kind)][1], lw=0.8, label=f"_{kind}")
    axes.set_xlim(*_reach(rows))
    axes.set_ylim(0, None)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _reach(rows: pd.DataFrame) -> tuple[float, float]:
    """From where to where data and flows lie, but for a little of them; not less than a tenth to each side."""
    lows, highs = [0.9], [1.1]
    for _, part in rows.groupby("kind"):
        for name in ("data", "flow"):
            below = part[name].cumsum().to_numpy()
            lows.append(float(part["low"].iloc[np.searchsorted(below, _TAIL)]))
            last = min(int(np.searchsorted(below, 1 - _TAIL)), len(part) - 1)
            highs.append(float(part["high"].iloc[last]))
    return min(lows), max(highs)


def _draw_ratios(axes: Axes, main: pd.DataFrame, tail: str, targets: Sequence[str]) -> None:
    """Means joined, with their intervals, and the seeds; logarithmic."""
    rows = tail_rows(main, tail)
    axes.axhline(1.0, color=QUIET, lw=0.9, ls=(0, (4, 2)), zorder=1, label="_data")
    for target, part in rows[rows["target"] != CONTROL].groupby("target"):
        known = part.groupby("units")["gaussian"].mean()
        axes.plot(known.index, known, color=QUIET, lw=0.6, ls=TARGETS[str(target)][2], zorder=1, label="_gaussian")
    lines = [(target, kind) for target in targets for kind in KINDS]
    for place, (target, kind) in enumerate(lines):
        part = rows[(rows["target"] == target) & (rows["kind"] == kind)]
        shift = 2 ** (_DODGE * (place - (len(lines) - 1) / 2))
        if len(part):
            _draw_line(axes, part, target, KINDS[kind][1], shift)
    axes.set_xscale("log", base=2)
    units = sorted(rows["units"].unique())
    axes.xaxis.set_major_locator(FixedLocator(units))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{each:g}" for each in units]))
    axes.xaxis.set_minor_locator(NullLocator())
    positive = rows.loc[rows["ratio"] > 0, "ratio"]
    axes.set_yscale("log")
    axes.set_ylim(min(0.5, positive.min() / 1.3), max(2.0, positive.max() * 1.4))
    write_out(axes.yaxis)
    axes.set_xlabel("units d")
    axes.set_title(f"mass {tail}: over the data's")


def _draw_line(axes: Axes, rows: pd.DataFrame, target: str, color: str, shift: float) -> None:
    _, marker, dashes = TARGETS[target]
    found = ratios(rows)
    x, mean = np.array(list(found)) * shift, np.array([each.mean for each in found.values()])
    half = [each.high - each.mean for each in found.values()]
    axes.plot(x, mean, color=color, ls=dashes, marker=marker, ms=3, label="_line", gid=f"means {target}")
    axes.errorbar(x, mean, yerr=half, fmt="none", color=color, capsize=1.3, elinewidth=0.7)
    small: dict[str, Any] = {"marker": marker, "color": color, "ms": 1.6, "mew": 0, "alpha": 0.6}
    axes.plot(rows["units"] * shift, rows["ratio"], ls="", label="_seeds", **small)


def _draw_density(axes: Axes, shown: pd.DataFrame, targets: Sequence[str], units: int) -> None:
    """Along the radius, less its value at the data's median: nats a unit."""
    for target in targets:
        for kind, (_, color) in KINDS.items():
            part = shown[(shown["target"] == target) & (shown["units"] == units) & (shown["kind"] == kind)]
            part = part[part["high"] <= 1.5]
            if len(part):
                middle = part["log_density"].iloc[(part["low"] - 1).abs().argmin()]
                density = (part["log_density"] - middle) / units
                axes.plot(part["low"], density, color=color, ls=TARGETS[target][2], lw=0.9, label="_density")
    axes.axvline(1.0, color=NULL_BAND, lw=0.8, zorder=0)
    axes.set_xlabel("radius / median of data")
    axes.set_title(f"ln density, nats a unit, {units} units")


def _name(figure: Figure, targets: Sequence[str]) -> None:
    """Kinds by colour, targets by marker and line."""
    kinds = [Line2D([], [], color=color, label=label) for label, color in KINDS.values()]
    made = [
        Line2D(
            [], [], color=INK, marker=TARGETS[each][1], ls=TARGETS[each][2], label=TARGETS[each][0].replace("\n", " ")
        )
        for each in targets
    ]
    handles = [Patch(color=NULL_BAND, label="data"), *kinds, *made]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), columnspacing=1.4, handlelength=2.2)


def _caption(main: pd.DataFrame, shown: pd.DataFrame, units: int) -> list[str]:
    steps, bound = int(main["steps"].max()), float(main["slope"].iloc[0])
    return [
        f"Upper panels: radii over the data's median, {seeds_told(shown)}.",
        f"Flows of {steps:,} steps, a coupling's factors between {bound:g} and {1 / bound:g}, {seeds_told(main)}.",
        "Mass inside and outside: share of the flow's samples nearer than the data's 1 % or further than their 99 % "
        "quantile, over 1 %; dashed grey at 1: the data; thin grey: a Gaussian of the shell's scale.",
        interval_told(main),
        f"Density of {units} units, less that at the data's median: high at the centre is no failure, mass there is.",
    ]
