"""Reconstruction against sample quality: a panel a sampler, a point a row, and the front that nothing beats."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gausslab.errors import GausslabError
from gausslab.labels import frechet_label
from gausslab.plotting.kinds import KINDS, Kind, kind_of
from gausslab.plotting.notes import Note, write_beside
from gausslab.plotting.panels import legend_above, networks_told, seeds_told, title_panels, write_caption
from gausslab.plotting.ranges import Range, near
from gausslab.plotting.theme import INK, PAGE, QUIET, new_figure, themed
from gausslab.presets import label_parts, title_of
from gausslab.scoreboard.layout import FRECHET, RECONSTRUCTIONS, SAMPLES, check, samplers

OWN = "own density"
"""Title of the panel of all samplers that only few rows have."""

_MOST = 0.5  # share of the rows from which on a sampler has a panel of its own
_SCORES = ["reconstruction", "sample"]


@dataclass(frozen=True, eq=False)
class Panel:
    """What one panel shows.

    Attributes:
        title: above it.
        points: one a row, sampler and seed, with the columns `reconstruction` and `sample`.
        told: whether the sampler is written behind a row's name.
    """

    title: str
    points: pd.DataFrame
    told: bool

    @cached_property
    def means(self) -> pd.DataFrame:
        """Over seeds, one a row and sampler; the column `front` says whether it is on the panel's front."""
        means = self.points.groupby(["row", "sampler"], sort=False)[_SCORES].mean().reset_index()
        return means.assign(front=_unbeaten(means[_SCORES].to_numpy(float)))

    @property
    def front(self) -> pd.DataFrame:
        """The means that none beats, from the best reconstruction on."""
        return self.means[self.means["front"]].sort_values(_SCORES)


def pareto(table: pd.DataFrame) -> Figure:
    """Rows at their means over seeds, seeds as small points; below and to the left is better.

    A sampler that most rows have is a panel; those that few rows have share the last one. The line of a panel joins its
    rows that none beats in both scores. Vertical ranges differ between panels, so that heights in different panels must
    be read off their axes; a row far beyond the others stands at the edge, with its scores. A reconstruction does not
    depend on the sampler, except where it passes through the row's own second stage. What real images score at the same
    number is told in the caption: it mostly lies far below all rows.

    Raises:
        GausslabError: the table is no comparison's, or has no scores.
    """
    points = _points(check(table))
    if points.empty:
        raise GausslabError("the table has no row with both samples and reconstructions scored")
    panels = _panels(points)
    across, up = _across(panels), [_up(panel) for panel in panels]
    with themed():
        figure, grid = _grid(len(panels))
        title_panels(grid, [panel.title for panel in panels])
        for axes, panel, own in zip(grid, panels, up, strict=True):
            _scale(axes, across, own)
            _draw(axes, panel, across, own)
        _label(grid, frechet_label(next(name for name in points["extractor"] if name)))
        legend_above(figure, _handles(points))
        write_caption(figure, _caption(points, panels, across, up))
        figure.draw_without_rendering()  # lays the figure out: names are written where there is room
        for axes, panel, own in zip(grid, panels, up, strict=True):
            _write_names(axes, panel, across, own)
    return figure


def _points(table: pd.DataFrame) -> pd.DataFrame:
    """One a row, sampler and seed, with both scores; reconstructions through the row's own second stage."""
    scores = table[table["estimator"] == FRECHET]
    drawn = scores[scores["statistic"] == SAMPLES].rename(columns={"value": "sample"})
    made = scores[scores["statistic"] == RECONSTRUCTIONS].sort_values("sampler", kind="stable")
    last = made.drop_duplicates(["row", "seed"], keep="last").rename(columns={"value": "reconstruction"})
    return drawn.merge(last[["row", "seed", "reconstruction"]], on=["row", "seed"])


def _panels(points: pd.DataFrame) -> list[Panel]:
    """A panel for each sampler that most rows have, and one for the others together."""
    names, least = samplers(points), _MOST * points["row"].nunique()
    parts = {name: points[points["sampler"] == name] for name in names}
    rare = [name for name in names if parts[name]["row"].nunique() < least]
    common = [Panel(name, parts[name], told=False) for name in names if name not in rare]
    if len(rare) < 2:
        return [*common, *(Panel(name, parts[name], told=False) for name in rare)]
    return [*common, Panel(OWN, points[points["sampler"].isin(rare)], told=True)]


def _grid(number: int) -> tuple[Figure, list[Axes]]:
    """Up to three panels side by side, more in two lines."""
    down, across = _layout(number)
    figure = new_figure(PAGE, 0.7 + 2.4 * down)
    return figure, [figure.add_subplot(down, across, index + 1) for index in range(number)]


def _layout(number: int) -> tuple[int, int]:
    """Lines and columns.

    >>> _layout(3), _layout(4), _layout(5)
    ((1, 3), (2, 2), (2, 3))
    """
    down = 1 if number <= 3 else 2
    return down, math.ceil(number / down)


def _unbeaten(scores: np.ndarray) -> np.ndarray:
    """Whether no other pair of scores is at least as good in both and better in one.

    >>> _unbeaten(np.array([[1.0, 4.0], [2.0, 3.0], [2.0, 4.0]])).tolist()
    [True, True, False]
    """
    no_worse = np.all(scores[None] <= scores[:, None], axis=-1)
    better = np.any(scores[None] < scores[:, None], axis=-1)
    return np.asarray(~np.any(no_worse & better, axis=1))


def _across(panels: Sequence[Panel]) -> Range:
    """The horizontal range of all panels, within which all fronts are."""
    every = pd.concat([panel.means for panel in panels])
    shown = every.loc[near(every["reconstruction"]) | every["front"], "row"]
    points = pd.concat([panel.points for panel in panels])
    return replace(Range.of(points.loc[points["row"].isin(shown), "reconstruction"]), logarithmic=True)


def _up(panel: Panel) -> Range:
    """The panel's own vertical range."""
    shown = panel.means[near(panel.means["sample"]) | panel.means["front"]]
    return Range.of(panel.points.merge(shown[["row", "sampler"]])["sample"])


def _scale(axes: Axes, across: Range, up: Range) -> None:
    axes.set(xscale="log", yscale="log" if up.logarithmic else "linear", xlim=across.limits, ylim=up.limits)
    across.write_ticks(axes.xaxis)
    up.write_ticks(axes.yaxis)


def _placed(means: pd.DataFrame, across: Range, up: Range) -> pd.DataFrame:
    """Where they are drawn, with the column `far`: whether that is only the panel's edge."""
    inside = {"reconstruction": across.brought_in(means["reconstruction"]), "sample": up.brought_in(means["sample"])}
    far = (means["reconstruction"] > across.high) | (means["sample"] > up.high)
    return means.assign(**inside, far=far)


def _course(axes: Axes, front: pd.DataFrame) -> np.ndarray:
    """The stairs through the front, from the panel's upper edge to its right one; what lies above them is beaten."""
    across, up = (np.repeat(front[name].to_numpy(float), 2) for name in _SCORES)
    return np.column_stack([[*across, axes.get_xlim()[1]], [axes.get_ylim()[1], *up]])


def _draw(axes: Axes, panel: Panel, across: Range, up: Range) -> None:
    """The front, and the points of every kind."""
    axes.plot(*_course(axes, panel.front).T, color=QUIET, lw=0.6, zorder=1, gid="front")
    means = _placed(panel.means, across, up)
    for kind in KINDS:
        _draw_kind(axes, kind, panel.points, gid="seeds", ms=1.6, mew=0, alpha=0.45)
        _draw_kind(axes, kind, means[~means["far"]], gid="means", ms=4.4, mew=0.3, mec="white")
        _draw_kind(axes, kind, means[means["far"]], gid="far", ms=3.6, mew=0.7, mfc="white")


def _draw_kind(axes: Axes, kind: Kind, points: pd.DataFrame, **style: Any) -> None:
    of_kind = points[points["row"].map(kind_of) == kind]
    axes.plot(of_kind["reconstruction"], of_kind["sample"], ls="", marker=kind.marker, color=kind.color, **style)


def _label(grid: Sequence[Axes], distance: str) -> None:
    for axes in grid:
        axes.set_xlabel(f"{distance} of reconstructions")
    for axes in grid[:: _layout(len(grid))[1]]:
        axes.set_ylabel(f"{distance} of samples")


def _handles(points: pd.DataFrame) -> list[Line2D]:
    """The kinds that occur, and the front."""
    kinds = sorted({kind_of(row) for row in points["row"]}, key=KINDS.index)
    marks = [Line2D([], [], ls="", marker=k.marker, color=k.color, ms=4.2, mew=0, label=k.label) for k in kinds]
    return [*marks, Line2D([], [], color=QUIET, lw=0.6, label="front: none better in both")]


def _write_names(axes: Axes, panel: Panel, across: Range, up: Range) -> None:
    """The front's first, then those at the edge, then the others from the outside in, where points lie apart."""
    placed = _placed(panel.means, across, up)
    placed = placed.assign(outward=_outwardness(axes, placed), text=_texts(panel, placed["far"]))
    others = placed[~placed["front"]].sort_values(["far", "outward"], ascending=False, kind="stable")
    ordered = pd.concat([placed.loc[panel.front.index], others])
    columns = (ordered[name] for name in (*_SCORES, "text", "front"))
    notes = [Note(x, y, text, INK if front else QUIET) for x, y, text, front in zip(*columns, strict=True)]
    write_beside(axes, notes, [_course(axes, panel.front)], faint=panel.points[_SCORES].to_numpy(float))


def _texts(panel: Panel, far: pd.Series) -> list[str]:
    """Names, at the edge with both scores."""
    means = panel.means
    samplers_told = means["sampler"] if panel.told else [""] * len(means)
    names = [_name(row, sampler) for row, sampler in zip(means["row"], samplers_told, strict=True)]
    scores = [f" at {x:.3g}, {y:.3g}" for x, y in means[_SCORES].to_numpy(float)]
    return [name + score if away else name for name, score, away in zip(names, scores, far, strict=True)]


def _outwardness(axes: Axes, means: pd.DataFrame) -> np.ndarray:
    """Distance on the page from the middle of the points."""
    places = axes.transData.transform(means[_SCORES].to_numpy(float))
    return np.asarray(np.hypot(*(places - np.median(places, axis=0)).T))


def _name(row: str, sampler: str) -> str:
    """What a row is called, what its variant sets, and its sampler.

    >>> _name("eae weight 0.05", ""), _name("2svae", "second-stage")
    ('EAE weight 0.05', '2SVAE: second-stage')
    """
    base, variant = label_parts(row)
    return " ".join(filter(None, [title_of(base), variant])) + (f": {sampler}" if sampler else "")


def _caption(points: pd.DataFrame, panels: Sequence[Panel], across: Range, up: Sequence[Range]) -> list[str]:
    images, real = int(points["n_samples"].max()), float(points["null_mean"].iloc[0])
    far = any(_placed(panel.means, across, own)["far"].any() for panel, own in zip(panels, up, strict=True))
    several = len(points["seed"].unique()) > 1
    return [
        f"Data: {networks_told(points)}. {images:,} images a score, {seeds_told(points)}; as many real images score "
        f"{real:.3g}.",
        "Large marks: means over seeds; small marks: seeds." if several else "Marks: the one seed.",
        "Lower and further left is better; vertical ranges differ.",
        "Names stand where there is room, in black those of the front.",
        *(["Open marks at an edge: rows far beyond it, and their scores (reconstructions, samples)."] * far),
        *(["Own density: samplers that few rows have, each behind its row's name."] * any(p.told for p in panels)),
    ]
