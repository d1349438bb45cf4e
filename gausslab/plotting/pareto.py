"""Reconstruction against sample quality: a panel a sampler, a point a row, and the front that nothing beats."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from gausslab.errors import GausslabError
from gausslab.labels import frechet_label
from gausslab.plotting.theme import BLUE, INK, PAGE, QUIET, VERMILION, new_figure, themed
from gausslab.presets import ROWS
from gausslab.scoreboard.layout import FRECHET, RECONSTRUCTIONS, SAMPLES, check, rows, samplers

_ACROSS = 3
_GAP = 0.05  # between names, as a share of a panel's height
_ROOM = 1.15  # factor by which the axes reach beyond the points


def pareto(table: pd.DataFrame) -> Figure:
    """Rows at their means over seeds, seeds as small points; below and to the left is better.

    The line joins the rows that none beats in both scores, over all samplers; a row on it is drawn in colour. What real
    images score at the same number is told in the caption: it mostly lies far below all rows.

    Raises:
        GausslabError: the table is no comparison's, or has no scores.
    """
    points = _points(check(table))
    if points.empty:
        raise GausslabError("the table has no row with both samples and reconstructions scored")
    names, means = samplers(points), _means(points)
    front, down = _front(means), math.ceil(len(names) / _ACROSS)
    with themed():
        figure = new_figure(PAGE, 0.4 + 2.6 * down)
        panels = figure.subplots(down, min(_ACROSS, len(names)), sharex=True, sharey=True, squeeze=False).ravel()
        for axes, name in zip(panels, names, strict=False):
            _panel(axes, points[points["sampler"] == name], means.loc[[name]].droplevel(0), front, name)
            _names(axes, means.loc[[name]].droplevel(0), front, name, _reach(points["value"]))
        for axes in panels[len(names) :]:
            axes.set_visible(False)
        _scale(panels[0], points)
        _captions(figure, table)
    return figure


def _points(table: pd.DataFrame) -> pd.DataFrame:
    """One a row, sampler and seed, with both scores; reconstructions through the row's own second stage."""
    scores = table[table["estimator"] == FRECHET]
    drawn = scores[scores["statistic"] == SAMPLES]
    made = scores[scores["statistic"] == RECONSTRUCTIONS].sort_values("sampler", kind="stable")
    last = made.drop_duplicates(["row", "seed"], keep="last")[["row", "seed", "value"]]
    both = drawn.merge(last, on=["row", "seed"], suffixes=("", "_reconstruction"))
    return both.assign(row=pd.Categorical(both["row"], rows(table)))


def _means(points: pd.DataFrame) -> pd.DataFrame:
    """Index: sampler, row."""
    return points.groupby(["sampler", "row"], observed=True)[["value_reconstruction", "value"]].mean()


def _front(means: pd.DataFrame) -> pd.DataFrame:
    """The rows and samplers that no other beats in both scores, from the best reconstruction on."""
    ordered = means.sort_values(["value_reconstruction", "value"])
    return ordered[ordered["value"] < ordered["value"].cummin().shift(fill_value=math.inf)]


def _panel(axes: Axes, points: pd.DataFrame, means: pd.DataFrame, front: pd.DataFrame, name: str) -> None:
    axes.set(xscale="log", yscale="log", title=name)
    axes.step(front["value_reconstruction"], front["value"], where="post", color=QUIET, linewidth=0.6, zorder=0)
    best = [(name, row) in front.index for row in means.index]
    colors = [VERMILION if each else BLUE for each in best]
    axes.scatter(points["value_reconstruction"], points["value"], s=2, color=QUIET, linewidths=0)
    axes.scatter(means["value_reconstruction"], means["value"], s=10, color=colors, linewidths=0, gid="means")


def _names(axes: Axes, means: pd.DataFrame, front: pd.DataFrame, name: str, limits: tuple[float, float]) -> None:
    for (row, mean), place in zip(means.iterrows(), _places(means["value"], limits), strict=True):
        _name(axes, str(row), mean, place, VERMILION if (name, row) in front.index else INK)


def _reach(values: pd.Series) -> tuple[float, float]:
    """What an axis of these values shows."""
    return float(values.min()) / _ROOM, float(values.max()) * _ROOM


def _places(values: Sequence[float] | pd.Series, limits: tuple[float, float]) -> list[float]:
    """Heights of names beside a logarithmic axis, as shares of it: in the values' order, apart from each other.

    >>> [round(float(x), 2) for x in _places(pd.Series([1.0, 10.0, 1.0]), (1.0, 10.0))]
    [0.0, 1.0, 0.05]
    """
    low, high = np.log(limits)
    wanted = (np.log(np.asarray(values, dtype=float)) - low) / (high - low)
    order = np.argsort(wanted, kind="stable")
    steps = np.arange(len(order)) * _GAP
    heights = np.maximum.accumulate(wanted[order] - steps) + steps
    heights -= max(heights[-1] - 1.0, 0.0) * np.linspace(0, 1, len(order)) if len(order) > 1 else 0.0
    placed = np.empty(len(order))
    placed[order] = heights
    return list(placed)


def _name(axes: Axes, row: str, mean: pd.Series, place: float, color: str) -> None:
    axes.annotate(
        ROWS[row].title if row in ROWS else row,
        (mean["value_reconstruction"], mean["value"]),
        (1.03, place),
        textcoords="axes fraction",
        fontsize=5,
        color=color,
        verticalalignment="center",
        arrowprops={
            "arrowstyle": "-",
            "linewidth": 0.25,
            "color": QUIET,
            "shrinkA": 0,
            "shrinkB": 1,
            "relpos": (0, 0.5),
        },
    )


def _scale(axes: Axes, points: pd.DataFrame) -> None:
    """The same axes for all panels, numbers written out."""
    axes.set(xlim=_reach(points["value_reconstruction"]), ylim=_reach(points["value"]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_formatter(NullFormatter())


def _captions(figure: Figure, table: pd.DataFrame) -> None:
    scores = table[table["estimator"] == FRECHET]
    label, images = frechet_label(next(name for name in scores["extractor"] if name)), int(scores["n_samples"].max())
    real = scores["null_mean"].iloc[0]
    figure.supxlabel(
        f"{label} of reconstructions; {images:,} images a score, as many real ones score {real:.3g}", fontsize=7
    )
    figure.supylabel(f"{label} of samples", fontsize=7)
