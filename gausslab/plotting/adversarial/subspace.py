"""The chart of where a radius changes: inside or outside the class means' subspace, and beside what nulls give."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.plotting.adversarial.grids import (
    handle,
    head,
    leave_empty,
    means_over_seeds,
    panels_of,
    parts_by_width,
    title_row,
    widths_of,
    zero_line,
)
from gausslab.plotting.adversarial.rows import (
    NETWORK,
    Block,
    blocks,
    checked,
    counted,
    networks_told,
    of_attack,
    one_each,
)
from gausslab.plotting.panels import interval_told, seeds_told, write_caption
from gausslab.plotting.selection import varying
from gausslab.plotting.theme import BLUE, GREEN, INK, NULL_BAND, ORANGE, PURPLE, VERMILION, themed

SHOWN = ("ddn", "pgd-linf:0.1", "pgd-l2:1.5", "cw:20", "radial-l2:1.5", "noise:1.5")
"""One or two attacks of each family; a table need not have all."""

_ROW = 0.15  # inches an attack
_NEEDED = (
    *NETWORK,
    *("attack", "spec", "attempted", "pairs", "success_rate", "change"),
    *("change_inside", "change_outside", "change_null_a", "change_null_b"),
)
Mark = tuple[str, str, str, str]
"""Column, name in the legend, colour and marker."""

SQUARES: tuple[Mark, ...] = (
    ("change_inside", "r² inside the class means' subspace", GREEN, "^"),
    ("change_outside", "r² outside", VERMILION, "v"),
)
RADII: tuple[Mark, ...] = (
    ("change", "r, observed", BLUE, "o"),
    ("change_null_a", "r, null A", ORANGE, "s"),
    ("change_null_b", "r, null B", PURPLE, "D"),
)


def subspace_changes(changes: pd.DataFrame, attacks: Sequence[str] | None = None) -> Figure:
    """For each data set and entropy weight two rows of panels, a panel a width, a line an attack.

    Above: the change of the squared radius inside and outside the subspace of the class means, which add up to that of
    r^2. Below: the change of the radius, and what the same steps change in the radii of the nulls' codes: an isotropic
    Gaussian (A) and a Gaussian mixture, a class a component (B), behind the same head.

    How it can mislead: with fewer units than classes the subspace is nearly everything. Means are over successful
    attacks only, other images for each attack.

    Args:
        changes: table of changes, a row a network and attack.
        attacks: which, as the command line writes them; those of `SHOWN` that the table has by default.

    Raises:
        GausslabError: columns or attacks are missing, or two rows of one network and attack.
    """
    table = checked(changes, _NEEDED, "the table of changes")
    specs = _specs(table, attacks)
    table = one_each(table[table["spec"].isin(specs)], [*NETWORK, "spec"])  # of clean images there are several kinds
    rows, widths, labels = blocks(table), widths_of(table), [_label(table, spec) for spec in specs]
    with themed():
        figure, grid = panels_of(2 * len(rows), len(widths), 0.46 + _ROW * len(specs))
        for place, block in enumerate(rows):
            _draw_block(grid[2 * place : 2 * place + 2], block, widths, specs)
        for first in (line[0] for line in grid):
            first.set_yticks(range(len(specs)), labels)
            first.tick_params(axis="y", length=0, labelcolor=INK)
        marks = [handle(label, color, marker, "") for _, label, color, marker in (*SQUARES, *RADII)]
        head(figure, "Mean change under attack, inside and outside the class means, and under the nulls", marks)
        write_caption(figure, _caption(table))
    return figure


def _specs(table: pd.DataFrame, attacks: Sequence[str] | None) -> list[str]:
    """The attacks to draw, each of which the table has."""
    if attacks is not None:
        return [str(of_attack(table, spec)["spec"].iloc[0]) for spec in dict.fromkeys(attacks)]
    there = set(table["spec"])
    specs = [spec for spec in SHOWN if spec in there]
    if not specs:
        raise GausslabError(f"the table has none of the attacks {', '.join(SHOWN)}, only {', '.join(sorted(there))}")
    return specs


def _label(table: pd.DataFrame, spec: str) -> str:
    return str(table.loc[table["spec"] == spec, "attack"].iloc[0])


def _draw_block(grid: Sequence[Sequence[Axes]], block: Block, widths: Sequence[int], specs: Sequence[str]) -> None:
    titles = [f"width {width}" for width in widths]
    for line, name, marks, unit in zip(grid, (block.label, ""), (SQUARES, RADII), ("r²", "radius"), strict=True):
        title_row(line, name, titles)
        for axes, part in zip(line, parts_by_width(block, widths), strict=True):
            _draw(axes, part, marks, specs)
            axes.set_xlabel(f"change of {unit}")
        _share_changes([axes for axes in line if axes.get_lines()])


def _draw(axes: Axes, rows: pd.DataFrame, marks: Sequence[Mark], specs: Sequence[str]) -> None:
    """One width: a line of the panel an attack, its marks a little above each other."""
    axes.set_ylim(len(specs) - 0.4, -0.6)
    if rows.empty:
        leave_empty(axes)
        return
    zero_line(axes, 0.0, vertical=True)
    for y in range(len(specs)):
        axes.axhline(y, color=NULL_BAND, lw=0.4, zorder=0)
    for place, mark in enumerate(marks):
        _draw_mark(axes, rows, mark, specs, 0.27 * (place - (len(marks) - 1) / 2))
    axes.set_yticks([])


def _draw_mark(axes: Axes, rows: pd.DataFrame, mark: Mark, specs: Sequence[str], shift: float) -> None:
    column, _, color, marker = mark
    given = rows[rows[column].notna()]
    given = given.assign(place=given["spec"].map(specs.index).astype(float), value=given[column].astype(float))
    if given.empty:
        return
    mean = means_over_seeds(given, "place")
    bars = axes.errorbar(mean["mean"], mean["place"] + shift, xerr=mean["half"], fmt="none", color=color, lw=0.8)
    bars.lines[2][0].set_gid("bars")
    axes.plot(mean["mean"], mean["place"] + shift, ls="", marker=marker, color=color, ms=2.7, gid=column)


def _share_changes(panels: Sequence[Axes]) -> None:
    """The same horizontal axis, so that widths can be compared."""
    low, high = min(axes.get_xlim()[0] for axes in panels), max(axes.get_xlim()[1] for axes in panels)
    for axes in panels:
        axes.set_xlim(low, high)


def _caption(table: pd.DataFrame) -> list[str]:
    return [
        f"{networks_told(table)}; {seeds_told(table)}; {counted(table['attempted'])} images attempted a network and "
        f"attack, {counted(table['pairs'])} of them successful ({_percent(table['success_rate'])}): the means are of "
        "these.",
        "Null A: codes drawn from N(0, I); null B: from a Gaussian mixture, a class a component; both before the same "
        "head.",
        "Marks: means over seeds; bars: their 95 % t interval." if varying(table, ["seed"]) else interval_told(table),
    ]


def _percent(rates: pd.Series) -> str:
    """Of several the range.

    >>> _percent(pd.Series([0.931, 0.933])), _percent(pd.Series([0.1, 1.0]))
    ('93 %', '10 to 100 %')
    """
    low, high = (f"{100 * rate:.0f}" for rate in (rates.min(), rates.max()))
    return f"{low} %" if low == high else f"{low} to {high} %"
