"""The price of a Gaussian code: how far codes are from a Gaussian at what error of reconstruction, a line a method."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from gausslab.errors import GausslabError
from gausslab.labels import frechet_label
from gausslab.plotting.notes import Note, write_beside
from gausslab.plotting.panels import (
    BIAS,
    draw_floor,
    legend_above,
    networks_told,
    sample_count,
    say_not_measured,
    seeds_told,
    title_panels,
    write_caption,
    write_out,
)
from gausslab.plotting.scaling import scale_by_null, scale_by_ratio
from gausslab.plotting.selection import (
    BOTTLENECK,
    at_bottleneck,
    checked,
    joint_rows,
    numbers,
    per_dimension,
    require_one_run_each,
)
from gausslab.plotting.series import BASE, METHOD, Series, split, with_base, with_method
from gausslab.plotting.theme import INK, NULL_BAND, PAGE, QUIET, new_figure, themed
from gausslab.presets import ROWS, title_of
from gausslab.scoreboard.layout import FRECHET, SAMPLES, check
from gausslab.tables import POSTERIOR

BASELINE = "bn-ae"
VARIATIONAL = tuple(name for name, row in ROWS.items() if "posterior" in row.model)
WEIGHT = "weight"
_NATS = "nats per dimension"
_ROOM = 1.12  # factor by which the axis of errors reaches beyond the points


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What one panel shows.

    Attributes:
        title: above it.
        unit: of its vertical axis.
        rows: from a table to the numbers of its vertical axis, one a row and seed.
        reference: what a Gaussian gives where the table states no null; None where the null is real images' score.
    """

    title: str
    unit: str
    rows: Callable[[pd.DataFrame], pd.DataFrame]
    reference: float | None = 0.0


def frontier(table: pd.DataFrame, baseline: str = BASELINE) -> Figure:
    """Four distances from a Gaussian against the error of reconstruction: methods at matched reconstruction.

    A method's points are its weights, joined in their order. At one place of the horizontal axis all methods pay the
    same, so that the lower line has the more Gaussian code; in the panel of radii the line nearer to 1. Weights of
    different methods mean nothing beside each other, and where a method has no point, nothing is said of it.

    Args:
        table: of a comparison whose variants set weights, on one data set.
        baseline: the row without a regulariser, drawn as a black cross.

    Raises:
        GausslabError: columns are missing, the table is about several data sets, no row has a weight, there are too
            many methods, or a row has two numbers for one seed.
    """
    rows = _prepared(table)
    plain, laddered = rows[rows[BASE] == baseline], rows[(rows[BASE] != baseline) & rows[WEIGHT].notna()]
    lines = [*split(laddered, [METHOD]), *([Series(title_of(baseline), plain, INK, "X")] if len(plain) else [])]
    with themed():
        figure = new_figure(PAGE, 5.5)
        grid, panels = list(figure.subplots(2, 2).flat), _panels(rows)
        title_panels(grid, [panel.title for panel in panels])
        ladders = [_draw_panel(axes, panel, lines) for axes, panel in zip(grid, panels, strict=True)]
        legend_above(figure, [line for line in grid[0].get_lines() if line.get_gid() == "means"])
        write_caption(figure, _caption(rows, plain, grid[0].get_yscale() == "symlog", POSTERIOR in set(table["layer"])))
        figure.draw_without_rendering()  # lays the figure out: weights are written where there is room
        for axes, means in zip(grid, ladders, strict=True):
            _write_weights(axes, lines, means)
    return figure


def _prepared(table: pd.DataFrame) -> pd.DataFrame:
    rows = at_bottleneck(_drawn(checked(with_method(with_base(check(table))), "the table of the study")))
    if len(rows["data"].unique()) > 1:
        raise GausslabError(f"expected a table about one data set, got {', '.join(rows['data'].unique())}")
    rows = rows.assign(**{WEIGHT: numbers(rows, WEIGHT)})
    if rows[WEIGHT].isna().all():
        raise GausslabError(f"no row of the table has a value in the column {WEIGHT!r}: nothing to draw")
    return rows


def _drawn(rows: pd.DataFrame) -> pd.DataFrame:
    """Codes drawn from the posteriors in place of the posteriors' means, in the rows that have them."""
    drawn = rows["layer"] == POSTERIOR
    means = ~drawn & (rows["layer"] != "") & rows["row"].isin(rows.loc[drawn, "row"])
    return rows.assign(layer=rows["layer"].mask(drawn, BOTTLENECK))[~means]


def _panels(rows: pd.DataFrame) -> tuple[Panel, ...]:
    extractors = [name for name in rows["extractor"].unique() if name]
    distance = frechet_label(extractors[0]) if extractors else "Frechet distance"
    return (
        Panel(title="Correlation", unit=_NATS, rows=lambda t: per_dimension(_single(t, "moment_kl", "correlation"))),
        Panel(title="KL beyond mean and scale", unit=_NATS, rows=lambda t: per_dimension(_beyond(t))),
        Panel(
            title="Radial spread",
            unit="SD(r) / SD of chi(d)",
            rows=lambda t: _single(t, "radial_spread", "statistic"),
            reference=1.0,
        ),
        Panel(title="Samples from N(0, I)", unit=distance, rows=_isotropic, reference=None),
    )


def _single(rows: pd.DataFrame, estimator: str, statistic: str) -> pd.DataFrame:
    return require_one_run_each(joint_rows(rows, estimator, statistic), "row")


def _beyond(rows: pd.DataFrame) -> pd.DataFrame:
    """KL less its part from mean and scale, which an affine layer would mend; the null is the total's.

    That part has a null mean of 0, and a spread that is small beside the nearest neighbours'.
    """
    total, part = (_single(rows, "kl_decomposition", name) for name in ("total", "mean_scale"))
    both = total.merge(part[["row", "seed", "value"]], on=["row", "seed"], suffixes=("", "_part"))
    return both.assign(value=both["value"] - both["value_part"])


def _isotropic(rows: pd.DataFrame) -> pd.DataFrame:
    return _single(rows[rows["sampler"] == "isotropic"], FRECHET, SAMPLES)


def _points(series: Series, panel: Panel) -> pd.DataFrame:
    """One a row and seed: the panel's numbers beside the column `error`."""
    errors = _single(series.rows, "reconstruction", "mse_per_element")[["row", "seed", "value"]]
    return panel.rows(series.rows).merge(errors.rename(columns={"value": "error"}), on=["row", "seed"])


def _draw_panel(axes: Axes, panel: Panel, lines: Sequence[Series]) -> list[pd.DataFrame]:
    """Returns the means of every line, in the order of weights."""
    axes.set_ylabel(panel.unit)
    axes.set_xlabel("reconstruction: MSE per element")
    points = [_points(series, panel) for series in lines]
    ladders = [_draw_ladder(axes, series, found) for series, found in zip(lines, points, strict=True)]
    every = pd.concat(points)
    if every.empty:
        say_not_measured(axes)
        return ladders
    _draw_null(axes, panel, every)
    _scale(axes, panel, every)
    return ladders


def _draw_ladder(axes: Axes, series: Series, points: pd.DataFrame) -> pd.DataFrame:
    """Means joined in the order of weights; the seeds small."""
    means = points.groupby("row")[[WEIGHT, "error", "value"]].mean().sort_values(WEIGHT)
    axes.plot(points["error"], points["value"], ls="", marker=series.marker, ms=1.8, mew=0, alpha=0.55,
              color=series.color, label="_seeds")  # fmt: skip
    axes.plot(means["error"], means["value"], marker=series.marker, color=series.color, label=series.label, gid="means",
              ls="" if len(means) < 2 else "-", lw=0.9, ms=4)  # fmt: skip
    return means


def _draw_null(axes: Axes, panel: Panel, points: pd.DataFrame) -> None:
    """A Gaussian's numbers, or what as many real images score."""
    known = points[points["null_mean"].notna()]
    if panel.reference is not None:
        mean, spread = (panel.reference, 0.0) if known.empty else (known["null_mean"].mean(), known["null_sd"].max())
        axes.axhspan(mean - 2 * spread, mean + 2 * spread, color=NULL_BAND, lw=0, zorder=0.5)
        axes.axhline(mean, color=QUIET, lw=0.9, ls=(0, (4, 2)), zorder=1, label="_null")
    elif len(known):
        draw_floor(axes, float(known["null_mean"].iloc[0]), QUIET)


def _scale(axes: Axes, panel: Panel, points: pd.DataFrame) -> None:
    low, high = float(points["error"].min()) / _ROOM, float(points["error"].max()) * _ROOM
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    write_out(axes.xaxis)
    if high < 10 * low:
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)))
    if panel.reference is None:
        scale_by_ratio(axes, points)
    elif panel.reference == 0:
        scale_by_null(axes, points)


def _write_weights(axes: Axes, lines: Sequence[Series], ladders: Sequence[pd.DataFrame]) -> None:
    """The ends of every ladder first, which say in what direction it goes."""
    notes = [
        Note(float(row["error"]), float(row["value"]), f"{row[WEIGHT]:g}", series.color)
        for ends in (True, False)
        for series, means in zip(lines, ladders, strict=True)
        for i, (_, row) in enumerate(means.iterrows())
        if (i in (0, len(means) - 1)) == ends and not np.isnan(row[WEIGHT])
    ]
    write_beside(axes, notes, [means[["error", "value"]].to_numpy(float) for means in ladders if len(means)])


_VARIATIONAL = {True: "drawn from its posteriors", False: "its posteriors' means"}


def _caption(rows: pd.DataFrame, plain: pd.DataFrame, logarithmic: bool, drawn: bool) -> list[str]:
    scores = _isotropic(rows)
    variational = rows[BASE].isin(VARIATIONAL).any()
    return [
        f"Data: {networks_told(rows)}. {sample_count(rows)} codes a run, {seeds_told(rows)}.",
        "Large marks: means over seeds, joined in the order of weights, some of which are written beside them; small "
        "marks: seeds.",
        "At the same place on the horizontal axis the lower line (c: the nearer to 1) has the more Gaussian code.",
        *(["Cross: no regulariser."] if len(plain) else []),
        *([f"A variational row's codes are {_VARIATIONAL[drawn]}."] if variational else []),
        "Dashed grey: exact Gaussian samples of the same n and width, mean; grey band: ± 2 SD.",
        *(["Panel a: linear within that band, logarithmic beyond."] if logarithmic else []),
        *([f"d: {int(scores['n_samples'].max()):,} images a score, dotted: as many real ones."] if len(scores) else []),
        BIAS,
    ]
