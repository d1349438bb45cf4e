"""What the three charts share: a panel a width, rows under headings, a colour a number of samples."""

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gausslab.plotting.theme import BLUE, INK, NULL_BAND, ORANGE, SKY, VERMILION
from gausslab.plotting.validity.rows import Layout

ROW = 0.14  # inches a row
ODD = 0.01  # p below which a mark is ringed
DODGE = 0.26  # rows between the numbers of samples
COLORS = (SKY, BLUE, INK, ORANGE)
MARKERS = ("o", "s", "^", "D")


def by_width(panels: Iterable[Axes], table: pd.DataFrame) -> Iterator[tuple[Axes, pd.DataFrame]]:
    """Each panel, titled, with its part of the table."""
    for axes, (units, part) in zip(panels, table.groupby("n_units"), strict=True):
        axes.set_title(f"{units} units")
        axes.tick_params(axis="y", length=0)
        yield axes, part


def by_samples(part: pd.DataFrame, sizes: Sequence[int]) -> Iterator[tuple[int, pd.DataFrame]]:
    """Number and rows of each number of samples, the rows moved a little so that none hides another."""
    for index, samples in enumerate(sizes):
        series = part[part["n_samples"] == samples]
        yield index, series.assign(y=series["y"] + (index - (len(sizes) - 1) / 2) * DODGE)


def label_rows(axes: Axes, layout: Layout) -> None:
    """Names at the left, headings bold; lines that lead from the names to the marks."""
    axes.set_yticks(list(layout.labels), list(layout.labels.values()))
    for y, label in zip(layout.labels, axes.get_yticklabels(), strict=True):
        if y in layout.headings:
            label.set_fontweight("bold")
    axes.set_ylim(layout.height - 0.4, -0.6)


def rule_rows(axes: Axes, layout: Layout) -> None:
    """A faint line under every row of dots."""
    for y in layout.places.values():
        axes.axhline(y, color=NULL_BAND, linewidth=0.4, zorder=0)


def ring(axes: Axes, x: pd.Series, y: pd.Series, p_values: pd.Series) -> None:
    """A ring about the marks that break a promise."""
    odd = p_values < ODD
    if odd.any():  # a line without points that is not clipped would leave the layout no room
        axes.plot(x[odd], y[odd], "o", color=VERMILION, markersize=5.5, markerfacecolor="none", clip_on=False)


def legend_of(figure: Figure, labels: Sequence[str]) -> None:
    """One entry a number of samples, at the top right."""
    handles = [
        Line2D([], [], linestyle="", marker=MARKERS[index], color=COLORS[index], markersize=3.2, label=label)
        for index, label in enumerate(labels)
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(labels), handletextpad=0.2)
