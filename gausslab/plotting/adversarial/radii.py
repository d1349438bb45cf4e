"""The chart of radii: histograms of clean and adversarial codes beside the density of a Gaussian's radius."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy import stats

from gausslab.plotting.adversarial.examples import (
    CLEAN_STYLE,
    SHOWN,
    Shown,
    attacked_by,
    clean_of,
    print_lines,
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
from gausslab.plotting.adversarial.rows import blocks, success_rate, successful
from gausslab.plotting.panels import write_caption
from gausslab.plotting.theme import INK, NULL_BAND, themed

_BINS = 40
_DASHED = (0, (4, 2))
_TAILS = (1e-3, 1 - 1e-3)  # of chi(d), which the axis shows at least
_ROOM = 0.13  # of a panel above its curves, for every printed line


def radius_histograms(examples: pd.DataFrame, attacks: Sequence[str] = SHOWN) -> Figure:
    """A panel a width, a row of panels a data set and entropy weight.

    The clean codes are those of all images, also of the ones that an attack failed on or was not tried on; the
    adversarial codes are those of successful attacks. What a panel prints is of the same images before and after.

    How it can mislead: histograms do not pair. A small fall of every radius leaves them nearly as they were.

    Args:
        examples: table of examples of one or several networks, with the columns that tell them apart.
        attacks: which, as the command line writes them.

    Raises:
        GausslabError: columns or attacks are missing.
    """
    table = table_of(examples)
    shown, rows, widths = shown_of(table, attacks), blocks(table), widths_of(table)
    with themed():
        figure, grid = panels_of(len(rows), len(widths), 1.5, "row")
        for line, block in zip(grid, rows, strict=True):
            title_row(line, block.label, [f"width {width}" for width in widths])
            tops = [_draw(*each, shown) for each in zip(line, parts_by_width(block, widths), strict=True)]
            line[0].set_ylim(0, max(tops) * (1 + _ROOM * (len(shown) + 0.5)))
            line[0].set_ylabel("density")
        for axes in grid[-1]:
            axes.set_xlabel("radius of the code")
        head(figure, "Radii of clean and of adversarial codes", _handles(shown))
        write_caption(figure, _caption(table))
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, shown: Sequence[Shown]) -> float:
    """One network; the height of its highest curve."""
    if rows.empty:
        leave_empty(axes)
        return 0.0
    groups = [clean_of(rows), *(successful(attacked_by(rows, each)) for each in shown)]
    radii, law = [group["radius"].to_numpy(float) for group in groups], stats.chi(int(rows["n_units"].iloc[0]))
    edges = _edges(radii, law.ppf(_TAILS))
    heights = [_densities(values, edges) for values in radii]
    axes.stairs(heights[0], edges, fill=True, color=NULL_BAND, lw=0, zorder=1)
    styles = [(CLEAN_STYLE[0], 0.7), *((each.color, 1.1) for each in shown)]
    for density, (color, width) in zip(heights, styles, strict=True):
        axes.stairs(density, edges, color=color, lw=width, zorder=2)
    places = np.linspace(edges[0], edges[-1], 200)
    axes.plot(places, law.pdf(places), color=INK, lw=0.9, ls=_DASHED, zorder=3, gid="chi")
    axes.set_xlim(edges[0], edges[-1])
    print_lines(axes, [(_printed(attacked_by(rows, each)), each.color) for each in shown])
    return float(max(law.pdf(places).max(), *(each.max() for each in heights)))


def _edges(radii: Sequence[np.ndarray], tails: np.ndarray) -> np.ndarray:
    """The same bins for all curves of a panel, over all radii."""
    every = np.concatenate([*radii, tails])
    return np.linspace(every.min(), every.max(), _BINS + 1)


def _densities(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Of no values, nothing."""
    counts = np.histogram(values, edges)[0]
    return np.asarray(counts / (max(len(values), 1) * np.diff(edges)))


def _printed(rows: pd.DataFrame) -> str:
    """Success, and the mean radius of the same images before and after."""
    if rows.empty:
        return "not attacked"
    after = successful(rows)
    means = f": {after['clean_radius'].mean():.2f} → {after['radius'].mean():.2f}" if len(after) else ""
    return f"{100 * success_rate(rows):.0f} %{means}"


def _handles(shown: Sequence[Shown]) -> list[Line2D]:
    attacked = [handle(f"{each.label}, successful", each.color) for each in shown]
    return [handle("clean, all images", CLEAN_STYLE[0]), *attacked, handle("chi(d)", INK, line=_DASHED)]


def _caption(table: pd.DataFrame) -> list[str]:
    return [
        scale_told(table),
        "Grey: clean codes of all images. Coloured: codes of the attacks that succeeded.",
        "Printed: share of the attempted images (those the network has right) on which an attack succeeded, and the "
        "mean radius of these images before → after.",
        "Dashed: density of the radius of N(0, I) in as many dimensions as the code has units.",
    ]
