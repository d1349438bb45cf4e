"""The chart of a probe: how Gaussian each layer of one network is, from the first to the last."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.plotting.panels import (
    BIAS,
    NOT_MEASURED,
    PARTS,
    SPREAD,
    TESTS,
    TOTAL,
    Mark,
    legend_below,
    sample_count,
    title_panels,
    write_caption,
)
from gausslab.plotting.selection import checked, joint_rows, per_dimension, varying
from gausslab.plotting.theme import INK, NULL_BAND, PAGE, QUIET, new_figure, themed

LONGEST_NAME = 40
_IDENTITY = ["run", "data", "layer", "point", "statistics"]
_ROW = 0.125  # inches a layer
_PLATE = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
_TITLES = ["KL to N(0, I) and its parts", "Radial spread", "Units that reject"]
_DODGE = 0.15  # rows between the tests' marks, so that equal shares do not hide one another
_OUTLIER = 4.0  # times the upper quartile: longer bars are cut, and their value is written


def layer_profile(frame: pd.DataFrame) -> Figure:
    """A row a layer, in the table's order: KL per dimension and its parts, radial spread, share of units that reject.

    Parts are stacked from zero, negative ones to the left, so the bars' ends are not the total: the black mark is.

    Args:
        frame: tidy table of one probe.

    Raises:
        GausslabError: columns are missing, or no row belongs to a layer.
    """
    rows = _with_position(checked(frame, "the table of the probe"))
    labels = _labels(rows)
    with themed():
        figure = new_figure(PAGE, 1.8 + _ROW * max(len(labels), 4))
        panels = list(figure.subplots(1, 3, sharey=True, width_ratios=[2, 1, 1]))
        title_panels(panels, _TITLES)
        for axes in panels:
            axes.use_sticky_edges = False
        _draw_parts(panels[0], per_dimension(rows), len(labels))
        _draw_dots(panels[1], [SPREAD], rows, len(labels))
        _draw_dots(panels[2], TESTS, rows, len(labels))
        _label_axes(panels, labels)
        write_caption(figure, _caption(rows, len(labels)))
    return figure


def _with_position(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows about layers, with the place of each layer (and batch-norm point) in the table's order."""
    rows = frame[frame["layer"] != ""]
    if rows.empty:
        raise GausslabError("the table of the probe has no row about a layer: nothing to draw")
    return rows.assign(position=rows.groupby(_IDENTITY, sort=False, dropna=False).ngroup())


def _labels(rows: pd.DataFrame) -> list[str]:
    """Layer names; where the table holds several runs, data sets or points, these too."""
    firsts = rows.drop_duplicates("position")
    told = [name for name in varying(firsts, _IDENTITY) if name != "layer"]
    return [" ".join([_elided(str(r["layer"])), *(str(r[name]) for name in told)]) for _, r in firsts.iterrows()]


def _elided(name: str) -> str:
    """The name with its middle left out if it is long: its end tells layers apart, its start blocks.

    >>> _elided("features.0.block.1.depthwise_convolution.normalization")
    'features.0.b…e_convolution.normalization'
    """
    if len(name) <= LONGEST_NAME:
        return name
    start = LONGEST_NAME // 3 - 1
    return f"{name[:start]}…{name[start + 1 - LONGEST_NAME :]}"


def _draw_parts(axes: Axes, frame: pd.DataFrame, n_layers: int) -> None:
    """Stacked bars, positive parts to the right of zero and negative ones to the left; the total on top."""
    total = joint_rows(frame, TOTAL.estimator, TOTAL.statistic)
    _draw_null(axes, TOTAL, total)
    left, right = np.zeros(n_layers), np.zeros(n_layers)
    for part in PARTS:
        values = _by_position(joint_rows(frame, part.estimator, part.statistic), n_layers)
        start = np.where(values < 0, left, right)
        axes.barh(np.arange(n_layers), values, left=start, height=0.72, color=part.color, label=part.label, lw=0)
        left, right = left + np.minimum(values, 0), right + np.maximum(values, 0)
    error = 1.96 * total["standard_error"].to_numpy(float)
    axes.errorbar(total["value"], total["position"], xerr=error, fmt="none", ecolor=INK, elinewidth=0.7)
    axes.plot(total["value"], total["position"], ls="", marker="|", ms=5, mew=1.4, color=INK, label=TOTAL.label)
    axes.axvline(0, color=QUIET, lw=0.9, ls=(0, (4, 2)), zorder=3)
    _say_missing(axes, total, n_layers)
    _cut_outliers(axes, total, np.concatenate([left, right, total["value"]]))


def _cut_outliers(axes: Axes, total: pd.DataFrame, ends: np.ndarray) -> None:
    """Keep one huge layer from flattening all others: it runs out of the panel and its total is written instead."""
    low, high = ends.min(initial=0.0), ends.max(initial=0.0)
    longest = _OUTLIER * np.quantile(total["value"].abs(), 0.75) if len(total) else 0.0
    if longest == 0 or max(high, -low) <= longest:
        return
    left, right = max(low, -longest), min(high, longest)
    axes.set_xlim(left - 0.04 * (right - left), right + 0.04 * (right - left))
    for _, row in total[~total["value"].between(left, right)].iterrows():
        text = f"total {row['value']:.3g}"
        axes.text(right, row["position"], text, ha="right", va="center", fontsize=6, color=INK, bbox=_PLATE, zorder=4)


def _by_position(rows: pd.DataFrame, n_layers: int) -> np.ndarray:
    values = np.zeros(n_layers)
    values[rows["position"].to_numpy(int)] = rows["value"].to_numpy(float)
    return values


def _draw_dots(axes: Axes, marks: Sequence[Mark], frame: pd.DataFrame, n_layers: int) -> None:
    found = [(mark, joint_rows(frame, mark.estimator, mark.statistic)) for mark in marks]
    for i, (mark, rows) in enumerate(found):
        _draw_null(axes, mark, rows)
        y = rows["position"] + _DODGE * (i - (len(found) - 1) / 2)
        style: dict[str, Any] = {"color": mark.color, "marker": mark.marker, "label": mark.label}
        axes.plot(rows["value"], y, ls="", ms=2.6, mew=0, alpha=0.85, **style)
    _say_missing(axes, pd.concat([rows for _, rows in found]), n_layers)


def _draw_null(axes: Axes, mark: Mark, rows: pd.DataFrame) -> None:
    """A grey box of mean ± 2 SD and a grey tick at the mean for every layer that was measured."""
    position = rows["position"].to_numpy(float)
    mean = rows["null_mean"].fillna(mark.reference).to_numpy(float)
    sd = rows["null_sd"].fillna(0.0).to_numpy(float)
    low, high = np.clip([mean - 2 * sd, mean + 2 * sd], *mark.bounds)
    axes.barh(position, high - low, left=low, height=1.0, color=NULL_BAND, lw=0, zorder=0.5)
    axes.vlines(mean, position - 0.5, position + 0.5, color=QUIET, lw=0.9, zorder=1)


def _say_missing(axes: Axes, rows: pd.DataFrame, n_layers: int) -> None:
    for position in sorted(set(range(n_layers)) - set(rows["position"])):
        axes.annotate(
            NOT_MEASURED,
            (0.5, position),
            xycoords=axes.get_yaxis_transform(),
            ha="center",
            va="center",
            fontsize=6,
            color=QUIET,
            style="italic",
        )


def _label_axes(panels: Sequence[Axes], labels: list[str]) -> None:
    parts, spread, share = panels
    parts.set_yticks(range(len(labels)), labels, fontsize=6)
    parts.set_ylim(len(labels) - 0.4, -0.6)
    parts.set_xlabel("nats per dimension")
    spread.set_xlabel("SD(r) / SD of chi(d)")
    share.set_xlabel("share of units")
    share.set_xlim(-0.04, 1.04)
    for axes in panels:
        axes.set_axisbelow(True)
        axes.grid(axis="x", color="#E8E8E8", lw=0.5)
        if axes is not parts:
            axes.tick_params(axis="y", length=0)
    legend_below(parts, 2)
    legend_below(share, 1)


def _caption(rows: pd.DataFrame, n_layers: int) -> list[str]:
    return [
        f"{', '.join(rows['run'].unique())} on {', '.join(rows['data'].unique())}, "
        f"{n_layers} layer{'s' * (n_layers > 1)}, {sample_count(rows)}.",
        "Black mark: total KL, line: ± 1.96 standard errors where known; bars: its parts, negative ones to the left.",
        "Grey: exact Gaussian samples of the same n and d, mean and ± 2 SD.",
        BIAS,
    ]
