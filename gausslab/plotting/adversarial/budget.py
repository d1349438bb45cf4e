"""The chart of detection: how well radius and confidence tell PGD examples from clean images, against the budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.plotting.adversarial.grids import (
    draw_line,
    handle,
    head,
    panels_of,
    shifts,
    title_row,
    widths_of,
    zero_line,
)
from gausslab.plotting.adversarial.rows import Block, blocks, checked, counted, networks_told, one_each
from gausslab.plotting.panels import interval_told, seeds_told, write_caption
from gausslab.plotting.placing import Placing, draw_factor_axis
from gausslab.plotting.selection import at_bottleneck
from gausslab.plotting.series import STYLES
from gausslab.plotting.theme import themed

ATTACK = "pgd-l2"
RADIUS, CONFIDENCE = "-radius", "1 - max softmax"
_NEEDED = ("data", "width", "weight", "seed", "layer", "spec", "score", "auroc", "pairs", "success_rate")
_KEYS = ("data", "weight", "width", "seed", "budget")
_CHANCE = 0.5


@dataclass(frozen=True)
class _Panel:
    """A number of the table against the budget.

    Attributes:
        title: above the panel.
        score: of its rows.
        column: of its numbers.
        unit: of its vertical axis.
    """

    title: str
    score: str
    column: str
    unit: str


_PANELS = (
    _Panel("-radius", RADIUS, "auroc", "AUROC"),
    _Panel("1 - max softmax", CONFIDENCE, "auroc", "AUROC"),
    _Panel("success of the attack", RADIUS, "success_rate", "share of attempted"),
)


def detection_by_budget(detection: pd.DataFrame) -> Figure:
    """Three panels for each data set and entropy weight: AUROC of -radius, of 1 - max softmax, success; a line a width.

    The AUROC is of successful examples against the clean images of the same. That of the confidence needs no code: what
    the radius is worth is what it adds to it.

    How it can mislead: at small budgets few examples succeed, those whose clean images are nearest to a boundary, so
    that a line compares different images at its two ends.

    Args:
        detection: table of AUROCs, a row a network, attack and score.

    Raises:
        GausslabError: columns or the attack are missing, there are more widths than can be told apart, or two rows of
            one network, budget and score.
    """
    table = _by_budget(at_bottleneck(checked(detection, _NEEDED, "the table of detection")))
    widths, rows, placing = widths_of(table), blocks(table), Placing(tuple(sorted(set(table["budget"]))), True)
    if len(widths) > len(STYLES):
        raise GausslabError(f"expected at most {len(STYLES)} widths, got {len(widths)}")
    with themed():
        figure, grid = panels_of(len(rows), len(_PANELS), 1.5, "all")
        for line, block in zip(grid, rows, strict=True):
            title_row(line, block.label, [panel.title for panel in _PANELS])
            for axes, panel in zip(line, _PANELS, strict=True):
                _draw(axes, panel, block, widths, placing)
        for axes in grid[-1]:
            axes.set_xlabel("L2 budget of PGD")
        lines = [handle(f"width {width}", *style) for width, style in zip(widths, STYLES, strict=False)]
        head(figure, "Telling PGD-L2 examples from their clean images", lines)
        write_caption(figure, _caption(table))
    return figure


def _by_budget(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the attack, with its budget as a number."""
    parts = table["spec"].str.partition(":")
    rows = table.assign(budget=pd.to_numeric(parts[2], errors="coerce"))[parts[0] == ATTACK]
    rows = rows[rows["score"].isin([RADIUS, CONFIDENCE])]
    if rows.empty:
        attacks = ", ".join(map(str, table["spec"].unique()))
        raise GausslabError(f"the table has no attack {ATTACK} with the scores of the chart, only {attacks}")
    return rows


def _draw(axes: Axes, panel: _Panel, block: Block, widths: Sequence[int], placing: Placing) -> None:
    draw_factor_axis(axes, placing, "budget")
    axes.set_xlabel("")
    axes.set_ylabel(panel.unit)
    axes.set_ylim(-0.02, 1.03)
    axes.tick_params(labelleft=True)
    if panel.column == "auroc":
        zero_line(axes, _CHANCE)
    rows = block.rows[block.rows["score"] == panel.score]
    rows = one_each(rows.assign(value=rows[panel.column].astype(float)), _KEYS)
    for width, shift, style in zip(widths, shifts(len(widths), placing), STYLES, strict=False):
        part = rows[(rows["width"] == width) & rows["value"].notna()].drop(columns=["low", "high"], errors="ignore")
        if len(part):
            draw_line(axes, part, placing, shift, style, f"width {width}")


def _caption(table: pd.DataFrame) -> list[str]:
    return [
        f"{networks_told(table)}; {seeds_told(table)}; {counted(table['pairs'])} successful examples a mark.",
        "AUROC of successful examples against their own clean images, dashed: 1/2, nothing told apart; below it the "
        "score is lower for adversarial examples.",
        "Success: share of the images that the network has right. Lines stand a little apart.",
        interval_told(table),
    ]
