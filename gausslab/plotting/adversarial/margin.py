"""The chart of radius against lead: whether adversarial codes lie below clean ones that are as near to a boundary."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from scipy import stats

from gausslab.plotting.adversarial.examples import (
    CLEAN_STYLE,
    SHOWN,
    Shown,
    attacked_by,
    clean_of,
    scale_told,
    shown_of,
    table_of,
)
from gausslab.plotting.adversarial.grids import (
    handle,
    head,
    leave_empty,
    panels_of,
    parts_by_width,
    title_row,
    widths_of,
)
from gausslab.plotting.adversarial.rows import blocks, successful
from gausslab.plotting.panels import write_caption
from gausslab.plotting.theme import INK, NULL_BAND, themed

FEWEST = 20
"""Examples of which a median is drawn."""

_SHARE = 8  # of all examples at most one in so many is in a group
_POINTS = 400  # drawn at most of each kind in a panel
_LEAST = (1e-2, 1e-1)  # between which the axis begins
_DASHED = (0, (4, 2))
_OUTLINED = [withStroke(linewidth=2.6, foreground="white"), Normal()]


def radius_against_lead(examples: pd.DataFrame, attacks: Sequence[str] = SHOWN) -> Figure:
    """A panel a width, a row of panels a data set and entropy weight; running medians over the points.

    The lead is the largest logit less the second, whatever the class: the size of the decision margin. The signed
    margin would hold every adversarial example to the left of 0 and nearly every clean one to the right.

    How it can mislead: few clean images have a small lead, so that the clean line rests on few examples there; and the
    lead is not all that clean and adversarial codes can differ in beside their radius.

    Args:
        examples: table of examples of one or several networks, with the columns that tell them apart.
        attacks: which, as the command line writes them.

    Raises:
        GausslabError: columns or attacks are missing.
    """
    table = table_of(examples)
    shown, rows, widths = shown_of(table, attacks), blocks(table), widths_of(table)
    limits = _limits(pd.concat([clean_of(table), *(successful(attacked_by(table, each)) for each in shown)])["lead"])
    with themed():
        figure, grid = panels_of(len(rows), len(widths), 1.6)
        for line, block in zip(grid, rows, strict=True):
            title_row(line, block.label, [f"width {width}" for width in widths])
            for axes, part in zip(line, parts_by_width(block, widths), strict=True):
                _draw(axes, part, shown, limits)
            line[0].set_ylabel("radius of the code")
        for axes in grid[-1]:
            axes.set_xlabel("lead (logits)")
        head(figure, "Radius against lead, clean and adversarial", _handles(shown))
        write_caption(figure, _caption(table, limits))
    return figure


def running_median(leads: Float64[np.ndarray, " rows"], radii: Float64[np.ndarray, " rows"]) -> np.ndarray:
    """Medians of lead and radius in groups of neighbours in lead, groups x 2.

    From the smallest leads on the groups hold 20, 40, 80, ... examples, up to an eighth of all: few clean images have a
    small lead, and that is where they are compared.
    """
    order, sizes = np.argsort(leads, kind="stable"), group_sizes(len(leads))
    groups = np.split(order, np.cumsum(sizes)[:-1]) if sizes else []
    return np.array([(np.median(leads[group]), np.median(radii[group])) for group in groups]).reshape(-1, 2)


def group_sizes(examples: int) -> list[int]:
    """Of the groups, whose last also holds a rest that is too small.

    >>> group_sizes(19), group_sizes(50), group_sizes(1000)
    ([], [20, 30], [20, 40, 80, 125, 125, 125, 125, 125, 125, 110])
    """
    sizes: list[int] = []
    while (left := examples - sum(sizes)) >= FEWEST:
        size = min(FEWEST * 2 ** len(sizes), max(examples // _SHARE, FEWEST))
        sizes.append(size if left - size >= FEWEST else left)
    return sizes


def _draw(axes: Axes, rows: pd.DataFrame, shown: Sequence[Shown], limits: tuple[float, float]) -> None:
    if rows.empty:
        leave_empty(axes)
        return
    _scale(axes, limits)
    _draw_reference(axes, int(rows["n_units"].iloc[0]))
    kinds = [(clean_of(rows), CLEAN_STYLE), *((attacked_by(rows, each), (each.color, each.marker)) for each in shown)]
    for place, (group, style) in enumerate(kinds):
        reached = successful(group) if place else group
        leads, radii = reached["lead"].to_numpy(float), reached["radius"].to_numpy(float)
        _draw_kind(axes, leads, radii, limits[0], style)


def _draw_kind(axes: Axes, leads: np.ndarray, radii: np.ndarray, least: float, style: tuple[str, str]) -> None:
    """Points, and their running median outlined above those of all kinds."""
    step, (color, marker) = max(1, -(-len(leads) // _POINTS)), style
    faint: dict[str, Any] = {"ls": "", "marker": ".", "ms": 2.0, "mew": 0, "alpha": 0.35, "rasterized": True}
    axes.plot(leads[::step].clip(least), radii[::step], color=color, label="_points", zorder=2, **faint)
    medians = running_median(leads, radii)
    medians = medians[medians[:, 0] >= least]
    if len(medians):
        line = axes.plot(*medians.T, color=color, marker=marker, ms=2.0, lw=1.1, zorder=4, gid="medians")
        line[0].set_path_effects(_OUTLINED)


def _draw_reference(axes: Axes, units: int) -> None:
    """Mean and two standard deviations of chi(d)."""
    law = stats.chi(units)
    axes.axhspan(law.mean() - 2 * law.std(), law.mean() + 2 * law.std(), color=NULL_BAND, alpha=0.6, lw=0, zorder=0.5)
    axes.axhline(law.mean(), color=INK, lw=0.8, ls=_DASHED, zorder=1, gid="chi")


def _limits(leads: pd.Series) -> tuple[float, float]:
    """Of the axis: from a power of ten that nearly all leads are above to beyond the largest."""
    low, high = _LEAST
    power = 10.0 ** np.floor(np.log10(max(float(leads.quantile(0.02)), low)))
    return float(min(max(power, low), high)), float(leads.max()) * 1.3


def _scale(axes: Axes, limits: tuple[float, float]) -> None:
    """Logarithmic, powers of ten in digits."""
    axes.set_xscale("log")
    axes.set_xlim(limits[0] / 1.2, limits[1])
    axes.xaxis.set_major_locator(LogLocator())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _handles(shown: Sequence[Shown]) -> list[Line2D]:
    attacked = [handle(f"{each.label}, successful", each.color, each.marker) for each in shown]
    return [handle("clean", *CLEAN_STYLE), *attacked, handle("mean of chi(d)", INK, line=_DASHED)]


def _caption(table: pd.DataFrame, limits: tuple[float, float]) -> list[str]:
    return [
        scale_told(table),
        "Lead: largest logit less the second, whichever class it is: the size of the margin, so that clean and "
        "adversarial codes are compared where it is the same.",
        f"Points: at most {_POINTS} of each kind; leads below {limits[0]:g} stand there, and have no line.",
        f"Lines: medians of neighbours in lead, {FEWEST} at the smallest leads, more at larger ones.",
        "Dashed, grey band: mean and ± 2 SD of the radius of N(0, I) in as many dimensions.",
    ]
