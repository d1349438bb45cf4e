"""The chart of a sweep over the bottleneck width: the trend of every measure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.plotting.panels import (
    BIAS,
    PARTS,
    SPREAD,
    TESTS,
    TOTAL,
    Mark,
    draw_null_band,
    interval_told,
    legend_below,
    sample_count,
    say_not_measured,
    seeds_told,
    title_panels,
    write_caption,
)
from gausslab.plotting.selection import (
    at_bottleneck,
    checked,
    joint_rows,
    null_over,
    over_seeds,
    per_dimension,
    require_one_run_each,
)
from gausslab.plotting.theme import BLUE, INK, PAGE, new_figure, themed

_GAP = Mark("knn_entropy", "gap", "entropy gap", BLUE)
_ERROR = Mark("reconstruction", "mse_per_element", "reconstruction", INK, reference=None)
_TITLES = [
    "KL to N(0, I)",
    "Its parts",
    "Entropy gap to a Gaussian",
    "Radial spread",
    "Units that reject normality",
    "Reconstruction",
]
_MARGIN = 1.35  # factor of free width beside the outermost widths of the log axis


def width_trend(frame: pd.DataFrame) -> Figure:
    """Six panels against the bottleneck width: seeds as dots, their mean with a 95 % t interval, the Gaussian null.

    Args:
        frame: tidy table of one sweep over widths and seeds.

    Raises:
        GausslabError: columns are missing, no row has a width, or a width and seed occur more than once.
    """
    rows = _with_width(at_bottleneck(checked(frame, "the table of the sweep")))
    widths = sorted(int(w) for w in rows["width"].unique())
    with themed():
        figure = new_figure(PAGE, 4.9)
        panels = list(figure.subplots(2, 3).flat)
        title_panels(panels, _TITLES)
        _draw_panels(panels, rows)
        for axes in panels:
            _label_widths(axes, widths)
        write_caption(figure, _caption(rows))
    return figure


def _with_width(frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame[frame["width"].notna()]
    if rows.empty:
        raise GausslabError("the table of the sweep has no row with a width: nothing to draw")
    return rows


def _draw_panels(panels: Sequence[Axes], rows: pd.DataFrame) -> None:
    kl, parts, gap, spread, share, error = panels
    _draw_series(kl, [TOTAL], per_dimension(rows), "nats per dimension")
    _draw_series(parts, PARTS, per_dimension(rows), "nats per dimension")
    _draw_series(gap, [_GAP], per_dimension(rows), "nats per dimension")
    _draw_series(spread, [SPREAD], rows, "SD(r) / SD of chi(d)")
    _draw_series(share, TESTS, rows, "share of units")
    _draw_series(error, [_ERROR], rows, "MSE per element")
    share.set_ylim(-0.03, 1.05)
    for axes in (parts, share):
        if axes.get_lines():
            legend_below(axes, 2)


def _draw_series(axes: Axes, marks: Sequence[Mark], frame: pd.DataFrame, ylabel: str) -> None:
    """Each statistic with its null; the panel says so if the table holds none of them."""
    axes.set_ylabel(ylabel)
    found = [(m, require_one_run_each(joint_rows(frame, m.estimator, m.statistic))) for m in marks]
    found = [(mark, rows) for mark, rows in found if len(rows)]
    if not found:
        say_not_measured(axes)
    step = _closest(frame) ** (0.5 / max(len(found), 3))
    for i, (mark, rows) in enumerate(found):
        if mark.reference is not None:
            _draw_null(axes, mark, null_over(rows, mark.reference))
        _draw_seeds(axes, mark, rows, step ** (i - (len(found) - 1) / 2), step)


def _closest(frame: pd.DataFrame) -> float:
    """Ratio of the two widths that lie closest on the log axis: the room that series may share."""
    widths = np.sort(frame["width"].unique().astype(float))
    return float((widths[1:] / widths[:-1]).min(initial=2.0))


def _draw_null(axes: Axes, mark: Mark, null: pd.DataFrame) -> None:
    """The reference runs past the outermost widths, so that it also shows for a single width."""
    edges = [null["width"].iloc[0] / _MARGIN, *null["width"], null["width"].iloc[-1] * _MARGIN]
    draw_null_band(axes, edges, null, mark.bounds)


def _draw_seeds(axes: Axes, mark: Mark, rows: pd.DataFrame, dodge: float, step: float) -> None:
    """Mean and interval; the seeds, if there are several, a little to the left, so that they are not hidden."""
    mean = over_seeds(rows)
    x, seeds_x = mean["width"] * dodge, rows["width"].to_numpy(float) * dodge / step**0.4
    style: dict[str, Any] = {"color": mark.color, "marker": mark.marker}
    axes.errorbar(x, mean["mean"], yerr=mean["half"], fmt="none", color=mark.color, capsize=1.3, elinewidth=0.7)
    axes.plot(x, mean["mean"], label=mark.label, **style)
    if len(rows) > len(mean):
        axes.plot(seeds_x, rows["value"], label="_seeds", ls="", ms=2.0, mew=0, alpha=0.6, **style)


def _label_widths(axes: Axes, widths: list[int]) -> None:
    """A log2 axis with the widths as ticks; labels that would touch are left out."""
    axes.set_xscale("log", base=2)
    axes.set_xlim(widths[0] / _MARGIN, widths[-1] * _MARGIN)
    axes.set_xticks(widths, _thinned(widths))
    axes.set_xticks([], minor=True)
    axes.set_xlabel("bottleneck width")


def _thinned(widths: list[int]) -> list[str]:
    room = np.log(widths[-1] / widths[0]) / 9
    labels, last = [], -np.inf
    for width in widths:
        keep = np.log(width) - last >= room
        labels.append(str(width) if keep else "")
        last = np.log(width) if keep else last
    return labels


def _caption(rows: pd.DataFrame) -> list[str]:
    named = ", ".join(rows["data"].unique()), ", ".join(rows["model"].unique())
    return [
        f"{named[1]} on {named[0]}, {sample_count(rows)} codes a run, {seeds_told(rows)}.",
        interval_told(rows),
        "Dashed grey: exact Gaussian samples of the same n and width, mean; grey band: ± 2 SD.",
        BIAS,
    ]
