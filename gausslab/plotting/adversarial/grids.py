"""What the charts of attacks share: a heading with the legend, panels by network and width, lines over seeds."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gausslab.plotting.adversarial.rows import Block
from gausslab.plotting.panels import NOT_MEASURED
from gausslab.plotting.placing import Placing
from gausslab.plotting.selection import over_seeds
from gausslab.plotting.theme import PAGE, QUIET, new_figure

_HEADING = 8.5  # points
_HYPHEN = "\u2010"  # of formulas, where `-` is a minus
_LETTERS = 135  # on a line of the legend across the page


def panels_of(
    down: int, across: int, height: float, shared: Literal["none", "row", "all"] = "none"
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of the page's width, and its panels, row by row.

    Args:
        down: rows of panels.
        across: panels in a row.
        height: inches a row; heading and caption come on top.
        shared: which panels share the vertical axis: `none`, `row`, `all`.
    """
    figure = new_figure(PAGE, 1.05 + height * down)
    return figure, [list(line) for line in figure.subplots(down, across, squeeze=False, sharey=shared)]


def title_row(row: Sequence[Axes], block: str, titles: Sequence[str]) -> None:
    """A title a panel; the name of the row above the first."""
    for axes, title in zip(row, titles, strict=True):
        axes.set_title(title)
    if block:
        row[0].set_title(f"$\\bf{{{_bold(block)}}}$\n{titles[0]}")


def parts_by_width(block: Block, widths: Sequence[int]) -> list[pd.DataFrame]:
    """The rows of every width; of some there may be none."""
    return [block.rows[block.rows["width"] == width] for width in widths]


def widths_of(table: pd.DataFrame) -> list[int]:
    """Ascending."""
    return sorted(int(width) for width in table["width"].unique())


def leave_empty(axes: Axes) -> None:
    """A panel without networks; its ticks are hidden and not taken away, since other panels may share them."""
    axes.text(0.5, 0.5, NOT_MEASURED, transform=axes.transAxes, ha="center", va="center", color=QUIET, style="italic")
    own = len(axes.get_shared_y_axes().get_siblings(axes)) == 1
    axes.tick_params(axis="both" if own else "x", color="none", labelcolor="none")


def head(figure: Figure, title: str, handles: Sequence[Line2D]) -> None:
    """What is seen, and one legend for all panels."""
    letters = sum(len(str(handle.get_label())) + 8 for handle in handles)
    figure.legend(
        handles=list(handles),
        title=title,
        title_fontsize=_HEADING,
        alignment="left",
        loc="outside upper left",
        ncols=math.ceil(len(handles) / math.ceil(letters / _LETTERS)),
        columnspacing=1.6,
        handlelength=2.0,
    )


def handle(label: str, color: str, marker: str = "", line: Any = "-") -> Line2D:
    """An entry of the legend."""
    return Line2D([], [], color=color, marker=marker, ls=line, label=label)


def zero_line(axes: Axes, value: float, vertical: bool = False) -> None:
    """Where nothing changes, or nothing is told apart."""
    draw = axes.axvline if vertical else axes.axhline
    draw(value, color=QUIET, lw=0.9, ls=(0, (4, 2)), zorder=1, label="_reference")


def means_over_seeds(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Mean and half width of the 95 % t interval of the column `value` at each value of another (NaN with one seed)."""
    return over_seeds(rows.assign(null_mean=np.nan), by)


def draw_line(axes: Axes, rows: pd.DataFrame, placing: Placing, shift: float, style: tuple[str, str], gid: str) -> None:
    """Means over seeds joined, their intervals, and the seeds beside them where there are several.

    With one seed the bars are from `low` to `high`, if the rows have these columns.

    Args:
        axes: where.
        rows: with columns `budget`, `value` and `seed`.
        placing: of the budgets.
        shift: of the line, so that bars of several do not hide each other.
        style: colour and marker.
        gid: under which the line is found in the figure.
    """
    mean, (color, marker) = means_over_seeds(rows, "budget"), style
    x, y = placing(mean["budget"]) + shift, mean["mean"].to_numpy()
    axes.errorbar(x, y, yerr=_bars(rows, mean), fmt="none", color=color, capsize=1.3, elinewidth=0.7)
    axes.plot(x, y, color=color, marker=marker, ms=3.0, gid=gid)
    if len(rows) > len(mean):
        small: dict[str, Any] = {"marker": marker, "color": color, "ms": 1.8, "mew": 0, "alpha": 0.55}
        axes.plot(placing(rows["budget"]) + shift, rows["value"], ls="", label="_seeds", **small)


def _bars(rows: pd.DataFrame, mean: pd.DataFrame) -> np.ndarray:
    """Down and up from the means."""
    if len(rows) > len(mean) or not {"low", "high"} <= set(rows.columns):
        return np.stack([mean["half"], mean["half"]])
    ordered = rows.sort_values("budget")
    down, up = ordered["value"] - ordered["low"], ordered["high"] - ordered["value"]
    return np.stack([down, up]).clip(min=0)  # a share of 1 lies above its interval by rounding


def shifts(number: int, placing: Placing) -> np.ndarray:
    """Of lines that stand side by side."""
    return 0.009 * placing.span * (np.arange(number) - (number - 1) / 2)


def _bold(text: str) -> str:
    r"""Text within a formula.

    >>> print(_bold("my_data, weight 0.05"))
    my\_data{,}\ weight\ 0.05
    """
    return text.replace("_", r"\_").replace(" ", r"\ ").replace(",", "{,}").replace("-", _HYPHEN)
