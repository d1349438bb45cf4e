"""The chart of the KL decomposition: from 0 through the parts to the total, a panel a code."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.parts import (
    ESTIMATOR,
    REFERENCES,
    Decomposition,
    Part,
    Reference,
    Z,
    decomposition,
    fixed,
    lower_bound,
)
from gausslab.plotting.panels import write_caption
from gausslab.plotting.selection import varying
from gausslab.plotting.theme import (
    BLUE,
    GREEN,
    INK,
    NULL_BAND,
    ORANGE,
    PAGE,
    PURPLE,
    QUIET,
    SKY,
    new_figure,
    themed,
)
from gausslab.summary import over_seeds

COLORS = {"mean and scale": ORANGE, "correlation": GREEN, "dependence": PURPLE}
COLORS |= {against.units: SKY for against in REFERENCES.values()}
_OLDER_COLORS = {"beyond second order": PURPLE}
_TOLD_BY = ("data", "model", "layer", "point", "statistics", "width", "channels", "depth", "reference")
_ROW = 0.165  # inches a bar
_GAP = 0.012  # of the axis, between the end of an interval and the number beside it


@dataclass(frozen=True)
class Panel:
    """What one panel shows: one code, or the mean over the seeds of one configuration.

    Attributes:
        name: what tells it from the others, empty if there is only one.
        mean: the decomposition; over several seeds its standard errors are those of their t intervals.
        seeds: the decomposition of every code.
        bound: lower bound of the total, or its mean over the seeds, if it was measured and is above 0.
    """

    name: str
    mean: Decomposition
    seeds: tuple[Decomposition, ...]
    bound: Part | None


def kl_waterfall(frame: pd.DataFrame) -> Figure:
    """A panel a code (or configuration, if there are several seeds), titled by the sentence that sums it up.

    Every bar begins where the one before ended; negative parts run to the left. All panels share one axis. The law that
    codes were measured against is told in the caption; where panels differ in it, in their names.

    Args:
        frame: table of `gausslab.measure`, or a tidy table with the decomposition of one layer or several.

    Raises:
        GausslabError: the table has no decomposition, or names a reference law that is unknown.
    """
    panels = _panels(frame)
    with themed():
        rows = len(panels[0].mean.parts) + 1
        figure = new_figure(PAGE, 0.75 + len(panels) * (0.35 + rows * _ROW))
        every: list[Axes] = list(figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0])
        for axes, panel in zip(every, panels, strict=True):
            _draw(axes, panel)
        every[-1].set_xlabel("nats")
        _make_room(every[0])
        for axes, panel in zip(every, panels, strict=True):
            _write_numbers(axes, panel)
        write_caption(figure, _caption(frame, panels))
    return figure


def _panels(frame: pd.DataFrame) -> list[Panel]:
    """The table cut by all that tells codes apart but their seed, in its own order."""
    rows = frame[frame["estimator"].isin([ESTIMATOR, "kl_lower_bound"])]
    if rows.empty:
        raise GausslabError(f"the table has no row of {ESTIMATOR}: nothing to draw")
    if "reference" in rows.columns:  # empty in tables that are older than the choice
        rows = rows.assign(reference=rows["reference"].fillna("").replace("", "normal"))
    told = varying(rows, [name for name in _TOLD_BY if name in rows.columns])
    groups = rows.groupby(told, sort=False, dropna=False) if told else [("", rows)]
    return [_panel(part, told) for _, part in groups]


def _panel(rows: pd.DataFrame, told: Sequence[str]) -> Panel:
    codes = [part for _, part in rows.groupby("run", sort=False)] if "run" in rows.columns else [rows]
    seeds = tuple(map(decomposition, codes))
    names = [_named(name, rows.iloc[0][name], seeds[0].reference) for name in told]
    bounds = [bound for code in codes if (bound := lower_bound(code)) is not None]
    bound = _mean_part(bounds) if len(bounds) == len(codes) else None
    return Panel(", ".join(names), _mean(seeds), seeds, bound if bound is not None and bound.value > 0 else None)


def _named(column: str, value: object, against: Reference) -> str:
    """What a panel is told by, in words."""
    if column == "reference":
        return f"against {against.law}"
    return f"{value} units" if column == "width" else str(value)


def _mean(seeds: Sequence[Decomposition]) -> Decomposition:
    parts = [_mean_part(same) for same in zip(*(each.parts for each in seeds), strict=True)]
    return replace(seeds[0], total=_mean_part([each.total for each in seeds]), parts=tuple(parts))


def _mean_part(parts: Sequence[Part]) -> Part:
    """The mean, with the standard error that makes its interval the t interval over seeds; the commonest label."""
    if len(parts) == 1:
        return parts[0]
    values = over_seeds(pd.DataFrame({"value": [part.value for part in parts], "null_mean": 0.0}))
    spread = sum(part.null_sd for part in parts) / len(parts)
    label = Counter(part.label for part in parts).most_common(1)[0][0]
    return replace(parts[0], label=label, value=values.mean, standard_error=values.half_width / Z, null_sd=spread)


def _bars(mean: Decomposition) -> Iterator[tuple[int, float, Part]]:
    """Row, start and part of every bar, the total's last."""
    starts = [0.0, *accumulate(part.value for part in mean.parts)]
    for row, (start, part) in enumerate(zip(starts, mean.parts, strict=False)):
        yield row, start, part
    yield len(mean.parts), 0.0, mean.total


def _draw(axes: Axes, panel: Panel) -> None:
    last = len(panel.mean.parts)
    for row, start, part in _bars(panel.mean):
        color = (COLORS | _OLDER_COLORS).get(part.label, BLUE)
        axes.barh(row, 4 * part.null_sd, left=start - 2 * part.null_sd, height=0.94, color=NULL_BAND, lw=0, zorder=0.5)
        hatch = "//////" if panel.mean.caution and row == last - 1 else None
        axes.barh(row, part.value, left=start, height=0.62, color=color, hatch=hatch, edgecolor="white", lw=0, zorder=2)
        half = Z * part.standard_error
        axes.errorbar(start + part.value, row, xerr=half, fmt="none", ecolor=INK, elinewidth=0.8, capsize=1.8, zorder=4)
        axes.vlines(start + part.value, row, min(row + 1, last), color=QUIET, lw=0.6, zorder=1)
        _draw_seeds(axes, row, start, [_same(seed, row) for seed in panel.seeds])
    if panel.bound is not None:
        axes.plot(panel.bound.value, last, marker=">", ms=4, color=INK, mec="white", mew=0.5, zorder=5)
    axes.axvline(0, color=QUIET, lw=0.9, ls=(0, (4, 2)), zorder=3)
    axes.set_yticks(range(last + 1), [*(part.label for part in panel.mean.parts), "total"])
    axes.set_ylim(last + 0.55, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.set_title(_title(panel))


def _title(panel: Panel) -> str:
    told = _minus(panel.mean.sentence)
    if panel.bound is not None:
        by = f", by {panel.bound.label}" if panel.bound.label else ""
        told += f"; at least {fixed(panel.bound.value, panel.mean.digits)}{by}"
    return f"{panel.name}: {told}" if panel.name else told


def _minus(text: str) -> str:
    """A minus sign before numbers; hyphens between letters stay."""
    return re.sub(r"-(?=\d)", "\N{MINUS SIGN}", text)


def _same(seed: Decomposition, row: int) -> float:
    return (*seed.parts, seed.total)[row].value


def _draw_seeds(axes: Axes, row: int, start: float, values: Sequence[float]) -> None:
    if len(values) > 1:
        at = [start + value for value in values]
        axes.plot(at, [row] * len(at), ls="", marker="o", ms=2.4, color="white", mec=INK, mew=0.5, zorder=5)


def _make_room(axes: Axes) -> None:
    """For the numbers beside the bars."""
    low, high = axes.get_xlim()
    axes.set_xlim(low - 0.04 * (high - low), high + 0.1 * (high - low))


def _write_numbers(axes: Axes, panel: Panel) -> None:
    """The value beyond the end of its bar, outside of everything drawn in its row."""
    low, high = axes.get_xlim()
    for row, start, part in _bars(panel.mean):
        ends = [start + each for each in (0.0, part.value, -2 * part.null_sd, 2 * part.null_sd, *part.interval)]
        ends += [start + _same(seed, row) for seed in panel.seeds]
        known = [end for end in ends if not math.isnan(end)]
        text = _minus(fixed(part.value, panel.mean.digits))
        side, at, gap = ("right", min(known), -_GAP) if text[0] == "\N{MINUS SIGN}" else ("left", max(known), _GAP)
        weight = "bold" if part is panel.mean.total else "normal"
        axes.text(at + gap * (high - low), row, text, ha=side, va="center", fontsize=6.5, color=INK, weight=weight)


def _caption(frame: pd.DataFrame, panels: Sequence[Panel]) -> list[str]:
    counts = sorted({seed.samples for panel in panels for seed in panel.seeds})
    samples = f"n = {counts[0]:,}" if len(counts) == 1 else f"n = {counts[0]:,} to {counts[-1]:,}"
    source = ", ".join(dict.fromkeys(frame["data"])) if "data" in frame.columns else ""
    several = max(len(panel.seeds) for panel in panels)
    drawn = (
        f"Bars: mean over {several} seeds (dots); lines: its 95 % t interval."
        if several > 1
        else "Lines: ± 1.96 standard errors."
    )
    cautions = dict.fromkeys(panel.mean.caution for panel in panels if panel.mean.caution)
    law, exact, maps = _in_caption([panel.mean.reference for panel in panels])
    return [
        f"KL divergence of the code from {law} and its parts{f', {source}' if source else ''}, {samples}.",
        *maps,
        drawn,
        f"Grey: where a bar would end for {exact} of the same n and d, ± 2 SD.",
        *(f"Hatched: {caution}." for caution in cautions),
        *(["Triangle: held-out lower bound of the total."] if any(panel.bound for panel in panels) else []),
    ]


def _in_caption(panels: Sequence[Reference]) -> tuple[str, str, list[str]]:
    """The law that panels are against, its samples, and sentences on maps of it to N(0, I)."""
    laws = list(dict.fromkeys(panels))
    maps = [f"Against {law.law}: {law.caution}." for law in laws if law.caution]
    if len(laws) > 1:
        return "the law that its panel names", "exact samples of that law", maps
    exact = f"exact samples of {laws[0].law}" if maps else "exact Gaussian samples"
    return laws[0].law, exact, maps
