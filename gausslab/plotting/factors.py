"""The chart of a study that varies one setting: six measures against it, a line for each of the other settings."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.plotting.factor_panels import CORRELATION, ERROR, GAP, KL, NATS, SPREAD, Measure, Panel, samples_panel
from gausslab.plotting.panels import (
    BIAS,
    draw_floor,
    draw_null_band,
    interval_told,
    legend_above,
    networks_told,
    sample_count,
    say_not_measured,
    seeds_told,
    title_panels,
    write_caption,
)
from gausslab.plotting.placing import Placing, closest, draw_factor_axis
from gausslab.plotting.scaling import scale_by_null, scale_by_ratio
from gausslab.plotting.selection import (
    at_bottleneck,
    checked,
    joint_rows,
    null_over,
    numbers,
    over_seeds,
    per_dimension,
    require_one_run_each,
    varying,
)
from gausslab.plotting.series import BASE, Series, split, with_base
from gausslab.plotting.theme import PAGE, QUIET, new_figure, themed
from gausslab.presets import title_of
from gausslab.scoreboard.layout import FRECHET, SAMPLES, check

OVER_ENTROPISED = "more entropy than a Gaussian:\nover-entropised"
_DASHED, _DOTTED = (0, (3, 1.5)), (0, (1, 1.2))
_BELOW = 0.2  # of the entropy gap's panel, at least, lies below 0


def factor_trend(table: pd.DataFrame, factor: str, series: Sequence[str] = ("data",), sampler: str = "mvg") -> Figure:
    """Six panels against one setting: KL to N(0, I), correlation, entropy gap, radii, reconstruction, samples.

    A Gaussian code lies at the dashed line in the first four. The panels cannot be read one by one: an entropy weight
    buys the first four at the price of the fifth, and a code that is over-entropised (third panel below 0, fourth below
    1) is no Gaussian however small its correlation. What is said of the region below 0 holds for codes of unit
    variance, behind a batch-norm bottleneck: the gap of any other code is also about its scale.

    Args:
        table: of a comparison whose variants set the factor.
        factor: the column that is varied, such as `weight`, `batch`, `channels`, `depth`, `width`, `neighbours`.
        series: the columns that tell lines apart; `base` is the row without what its variant sets.
        sampler: drawn dashed beside samples from N(0, I).

    Raises:
        GausslabError: columns are missing, no row has the factor, there are too many lines, or a line has two numbers
            for one seed.
    """
    rows = _with_factor(at_bottleneck(checked(with_base(check(table)), "the table of the study")), factor)
    lines, placing = split(rows, series), Placing.of(factor, rows[factor])
    panels = [KL, CORRELATION, GAP, SPREAD, ERROR, samples_panel(rows, sampler)]
    with themed():
        figure = new_figure(PAGE, 4.7)
        grid = list(figure.subplots(2, 3).flat)
        title_panels(grid, [panel.title for panel in panels])
        for axes, panel in zip(grid, panels, strict=True):
            _draw_panel(axes, panel, lines, placing, factor)
        _draw_floors(grid[5], lines)
        _name_lines(figure, lines, [measure for panel in panels for measure in panel.measures])
        write_caption(figure, _caption(rows, factor, series, placing, grid[1].get_yscale() == "symlog"))
    return figure


def _with_factor(table: pd.DataFrame, factor: str) -> pd.DataFrame:
    rows = table.assign(**{factor: numbers(table, factor)})
    rows = rows[rows[factor].notna()]
    if rows.empty:
        raise GausslabError(f"no row of the table has a value in the column {factor!r}: nothing to draw")
    return rows


def _rows_of(series: Series, measure: Measure, panel: Panel, factor: str) -> pd.DataFrame:
    rows = joint_rows(series.rows, measure.estimator, measure.statistic)
    rows = require_one_run_each(rows[rows["sampler"].fillna("") == measure.sampler], factor)
    return per_dimension(rows) if panel.unit == NATS else rows


def _draw_panel(axes: Axes, panel: Panel, lines: Sequence[Series], placing: Placing, factor: str) -> None:
    axes.set_ylabel(panel.unit)
    found = [(m, s, _rows_of(s, m, panel, factor)) for m in panel.measures for s in lines]
    found = [(measure, series, rows) for measure, series, rows in found if len(rows)]
    draw_factor_axis(axes, placing, factor)
    if not found:
        say_not_measured(axes)
        return
    rows = pd.concat([each for *_, each in found])
    if panel.reference is not None:
        own = rows[rows["estimator"] == panel.measures[0].estimator]  # a bound's null is another
        _draw_null(axes, null_over(rows if own.empty else own, panel.reference, factor), placing, factor)
    step = _step(lines, placing, factor)
    for measure, series, part in found:
        _draw_line(axes, series, measure, part, placing, factor, step * (lines.index(series) - (len(lines) - 1) / 2))
    _scale(axes, panel, rows)
    if panel is GAP:
        _mark_over_entropised(axes)


def _step(lines: Sequence[Series], placing: Placing, factor: str) -> float:
    """By how much lines stand side by side, so that their bars do not hide each other."""
    room = min(closest(placing(each.rows[factor].unique())) for each in lines)
    return min(room / (2 * max(len(lines), 3)), 0.03 * placing.span)


def _draw_null(axes: Axes, null: pd.DataFrame, placing: Placing, factor: str) -> None:
    """The reference runs through the panel, so that it also shows beside a single value."""
    places = placing(null[factor])
    edges = [places[0] - placing.span, *places, places[-1] + placing.span]
    draw_null_band(axes, edges, null)


def _draw_line(
    axes: Axes, series: Series, measure: Measure, rows: pd.DataFrame, placing: Placing, factor: str, shift: float
) -> None:
    """Means joined, their intervals, the seeds; from 0 across the break of the axis the line is dotted."""
    mean = over_seeds(rows, factor)
    x, y = placing(mean[factor]) + shift, mean["mean"].to_numpy()
    start = int(placing.broken and mean[factor].iloc[0] == 0)
    line: dict[str, Any] = {"color": series.color, "label": "_line"}
    axes.plot(x[: start + 1], y[: start + 1], ls=_DOTTED, lw=0.8, **line)
    axes.plot(x[start:], y[start:], ls=_DASHED if measure.second else "-", lw=0.8 if measure.second else 1.1, **line)
    bars = axes.errorbar(x, y, yerr=mean["half"], fmt="none", color=series.color, capsize=1.3, elinewidth=0.7)
    bars.lines[2][0].set_gid("bars")
    filled = "white" if measure.second else series.color
    axes.plot(x, y, ls="", marker=series.marker, color=series.color, mfc=filled, gid=_gid(measure), label=series.label)
    if len(rows) > len(mean) and not measure.second:
        small: dict[str, Any] = {"marker": series.marker, "color": series.color, "ms": 2.0, "mew": 0, "alpha": 0.6}
        axes.plot(placing(rows[factor]) + shift - 0.012 * placing.span, rows["value"], ls="", label="_seeds", **small)


def _gid(measure: Measure) -> str:
    """Under which the means of one statistic are found in a figure."""
    return " ".join(filter(None, ("means", measure.estimator, measure.sampler)))


def _scale(axes: Axes, panel: Panel, rows: pd.DataFrame) -> None:
    if panel.scale == "null":
        scale_by_null(axes, rows)
    elif panel.scale == "ratio":
        scale_by_ratio(axes, rows)


def _mark_over_entropised(axes: Axes) -> None:
    """What lies below 0 is no entropy that a density of this variance could have."""
    low, high = axes.get_ylim()
    low = min(low, -_BELOW / (1 - _BELOW) * high)
    axes.set_ylim(low, high)
    axes.axhspan(low, 0, color="#F6E3D5", lw=0, zorder=0, gid="over-entropised")
    axes.text(0.02, 0.02, OVER_ENTROPISED, transform=axes.transAxes, ha="left", va="bottom", fontsize=6, color=QUIET)


def _draw_floors(axes: Axes, lines: Sequence[Series]) -> None:
    """What as many real images score, in the colour of the line that it belongs to, grey if to several."""
    floors: dict[float, list[str]] = {}
    for series in lines:
        for floor in joint_rows(series.rows, FRECHET, SAMPLES)["null_mean"].dropna().unique():
            floors.setdefault(float(floor), []).append(series.color)
    for floor, colors in floors.items():
        color = colors[0] if len(colors) == 1 and len(lines) > 1 else QUIET
        draw_floor(axes, floor, color)


def _name_lines(figure: Figure, lines: Sequence[Series], measures: Sequence[Measure]) -> None:
    """One legend for all panels: the lines, then what filled and open marks are where a panel holds both."""
    axes, drawn = figure.axes[0], {line.get_gid() for each in figure.axes for line in each.get_lines()}
    handles = [axes.plot([], [], color=s.color, marker=s.marker, label=s.label)[0] for s in lines if s.label]
    for measure in measures:
        if measure.label and _gid(measure) in drawn:
            style: dict[str, Any] = {"ls": _DASHED, "mfc": "white"} if measure.second else {"ls": "-"}
            handles += axes.plot([], [], color=QUIET, marker="o", label=measure.label, **style)
    if handles:
        legend_above(figure, handles)


def _caption(rows: pd.DataFrame, factor: str, series: Sequence[str], placing: Placing, logarithmic: bool) -> list[str]:
    widest = ", the widest of all lines" if varying(rows, ["width"]) and factor != "width" else ""
    scores = rows[(rows["estimator"] == FRECHET) & (rows["statistic"] == SAMPLES)]
    return [
        f"Data: {networks_told(rows, {factor, *series})}. Rows: {'; '.join(map(title_of, rows[BASE].unique()))}.",
        f"{sample_count(rows)} codes a run, {seeds_told(rows)}.",
        interval_told(rows),
        f"Dashed grey: exact Gaussian samples of the same n and width, mean; grey band: ± 2 SD{widest}.",
        *(["Panel b: linear within that band, logarithmic beyond."] if logarithmic else []),
        *(["0 stands left of a logarithmic axis."] if placing.broken else []),
        *(
            [f"Panel f: {int(scores['n_samples'].max()):,} images a score, dotted: as many real ones."]
            if len(scores)
            else []
        ),
        BIAS,
    ]
