"""How far the codes of many classifiers are from a Gaussian, family by family, against their width."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.families import FAMILIES, NEAR, REPRESENTATIVES
from gausslab.plotting.panels import (
    draw_null_band,
    interval_told,
    legend_above,
    say_not_measured,
    seeds_told,
    title_panels,
    write_caption,
)
from gausslab.plotting.placing import Placing, draw_factor_axis
from gausslab.plotting.scaling import scale_by_null
from gausslab.plotting.selection import null_over, of_data, over_seeds
from gausslab.plotting.series import Series, split
from gausslab.plotting.theme import INK, PAGE, QUIET, new_figure, themed

NATS, RATIO = "excess, nats a unit", "excess"
NAMES = {
    "marginal": ("single units", NATS, "negentropy of single units"),
    "isotropy": ("isotropy", NATS, "KL of the correlation"),
    "joint": ("joint, whitened", NATS, "nearest-neighbour KL of the whitened code"),
    "radial": ("radii", RATIO, "SD of the radii over that of chi(d)"),
}
"""Each family's title, unit of its axis, and what is drawn, less what exact Gaussian samples give."""

BESIDE = (("v", "untrained"), ("^", "trained longer"))
_MOST = 2  # data sets on a page
_STEP = 0.035  # of the axis, between two lines of one width
NEEDED = ("data", "width", "depth", "head_depth", "epochs", "seed", "statistic", "excess", "null_sd", "n")


def panel_families(table: pd.DataFrame, data: str | None = None) -> Figure:
    """A row of panels a data set, a panel a family, a line a depth of encoder and head; the null's band in each.

    Of the net that was also left untrained and trained longer than the others the means stand beside as open marks.

    Args:
        table: of the study of classifiers: rows of `gausslab.panel.family_panel` behind the columns of the nets.
        data: one data set of the table instead of all.

    Raises:
        GausslabError: columns are missing, the table has no such data set, or too many for one page.
    """
    rows = _prepared(table if data is None else of_data(table, data))
    usual = int(rows["epochs"].mode()[0])
    sets = list(rows["data"].unique())
    if len(sets) > _MOST:
        raise GausslabError(f"expected at most {_MOST} data sets, got {len(sets)}: draw one at a time")
    lines = split(rows[rows["epochs"] == usual], ("depth", "head depth"))
    placing = Placing.of("width", rows["width"])
    with themed():
        figure = new_figure(PAGE, 1.1 + 1.75 * len(sets))
        panels = figure.subplots(len(sets), len(FAMILIES), squeeze=False)
        title_panels(list(panels.flat), _titles(sets))
        for own, name in zip(panels, sets, strict=True):
            part = rows[rows["data"] == name]
            for axes, family in zip(own, FAMILIES, strict=True):
                _draw(axes, part[part["statistic"] == REPRESENTATIVES[family]], family, lines, usual, placing)
        for axes in panels[:-1].flat:
            axes.set_xlabel("")
        _legend(figure, lines, rows, usual)
        write_caption(figure, _caption(rows, usual, any(each.get_yscale() == "symlog" for each in panels.flat)))
    return figure


def _prepared(table: pd.DataFrame) -> pd.DataFrame:
    """The representatives' rows with what selections of other charts expect, `value` being the excess."""
    if missing := [name for name in NEEDED if name not in table]:
        raise GausslabError(f"expected the table of the study of classifiers, got one without {', '.join(missing)}")
    rows = table[table["statistic"].isin(REPRESENTATIVES.values())].rename(columns={"head_depth": "head depth"})
    return rows.assign(value=rows["excess"], null_mean=0.0, width=rows["width"].astype(float))


def _titles(sets: Sequence[str]) -> list[str]:
    return [
        f"{NAMES[family][0]}, {name}" if len(sets) > 1 else NAMES[family][0] for name in sets for family in FAMILIES
    ]


def _draw(axes: Axes, rows: pd.DataFrame, family: str, lines: Sequence[Series], usual: int, placing: Placing) -> None:
    known = rows[rows["value"].notna()]
    axes.set_ylabel(NAMES[family][1])
    if known.empty:
        say_not_measured(axes)
        return
    _draw_null(axes, known, placing)
    for limit in (-NEAR[family], NEAR[family]):
        axes.axhline(limit, color=QUIET, lw=0.7, ls=(0, (1, 1.5)), zorder=1, gid="near")
    for place, line in enumerate(lines):
        shift = _STEP * placing.span * (place - (len(lines) - 1) / 2)
        kept = known.loc[known.index.intersection(line.rows.index)]
        _draw_line(axes, line, kept, placing, shift)
    _draw_beside(axes, known, usual, placing, _STEP * placing.span * (len(lines) + 1) / 2)
    draw_factor_axis(axes, placing, "width")
    scale_by_null(axes, known)


def _draw_null(axes: Axes, rows: pd.DataFrame, placing: Placing) -> None:
    null = null_over(rows, 0.0)
    places = placing(null["width"])
    draw_null_band(axes, [places[0] - placing.span, *places, places[-1] + placing.span], null)


def _draw_line(axes: Axes, line: Series, rows: pd.DataFrame, placing: Placing, shift: float) -> None:
    """The seeds, their means joined, and the means' intervals."""
    if rows.empty:
        return
    mean = over_seeds(rows)
    places = placing(mean["width"]) + shift
    axes.plot(places, mean["mean"], color=line.color, label="_line")
    axes.errorbar(places, mean["mean"], yerr=mean["half"], fmt="none", color=line.color, capsize=1.2, elinewidth=0.6)
    axes.plot(places, mean["mean"], ls="", marker=line.marker, color=line.color, gid="means")
    seeds = placing(rows["width"]) + shift
    axes.plot(seeds, rows["value"], ls="", marker=line.marker, color=line.color, ms=1.8, mew=0, alpha=0.6)


def _draw_beside(axes: Axes, rows: pd.DataFrame, usual: int, placing: Placing, shift: float) -> None:
    """Means of the nets with other epochs, left of the lines the fewer and right of them the more."""
    for (marker, _), side, own in zip(BESIDE, (-1, 1), _others(rows, usual), strict=True):
        for width, part in own.groupby("width"):
            place = placing([float(str(width))]) + side * shift
            axes.plot(place, part["value"].mean(), ls="", marker=marker, color=INK, mfc="white", gid="beside")


def _others(rows: pd.DataFrame, usual: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The nets without training, and those trained longest if longer than usual."""
    most = rows["epochs"].max()
    return rows[rows["epochs"] == 0], rows[(rows["epochs"] == most) & (most > usual)]


def _legend(figure: Figure, lines: Sequence[Series], rows: pd.DataFrame, usual: int) -> None:
    axes = figure.axes[0]
    handles = [
        axes.plot([], [], color=line.color, marker=line.marker, label=line.label)[0] for line in lines if line.label
    ]
    for (marker, label), own in zip(BESIDE, _others(rows, usual), strict=True):
        if len(own):
            told = f"{label} ({int(own['epochs'].iloc[0])} epochs)" if label != "untrained" else label
            handles += axes.plot([], [], ls="", marker=marker, color=INK, mfc="white", label=told)
    if handles:
        legend_above(figure, handles)


def _caption(rows: pd.DataFrame, usual: int, logarithmic: bool) -> list[str]:
    drawn = "; ".join(f"{title}: {measure}" for title, _, measure in NAMES.values())
    return [
        "Bottleneck codes of classifiers without regulariser, less what exact Gaussian samples of the same n and width",
        f"give. {drawn[0].upper()}{drawn[1:]}.",
        f"n = {int(rows['n'].max()):,} test images, {usual} epochs of training, {seeds_told(rows)}.",
        interval_told(rows),
        "Grey band: ± 2 SD of Gaussian samples; dotted: up to where a family counts as near.",
        *(["Where numbers differ by orders of magnitude: linear within the band, logarithmic beyond."] * logarithmic),
        "The nearest-neighbour KL has a bias that depends on the law and the width.",
    ]
