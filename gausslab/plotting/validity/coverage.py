"""The chart of coverage: whether intervals hold what they should."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.plotting.panels import write_caption
from gausslab.plotting.theme import PAGE, QUIET, new_figure, themed
from gausslab.plotting.validity.panels import (
    COLORS,
    MARKERS,
    ODD,
    ROW,
    by_samples,
    by_width,
    label_rows,
    legend_of,
    ring,
    rule_rows,
)
from gausslab.plotting.validity.rows import INTERVALS, arranged
from gausslab.validity.rows import TRUE_NULL

HELD = ("own mean held", "truth held")
NOMINAL = 0.95
NOMINAL_BOUND = 0.975
LEAST = 0.5
CAPTION = [
    "Percentage of intervals of 1.96 standard errors that hold the statistic's own mean (is the standard error right?)",
    "and the truth (where the number is offered as an estimate of it;",
    "of the lower bound: that do not lie above the truth, 97.5 % promised).",
    "Every law a mark, that of the Gaussian solid; at the left edge half or less.",
    f"Ringed: p < {ODD} if the promise is kept.",
]


def coverage_chart(table: pd.DataFrame) -> Figure:
    """How often intervals of nominally 95 % cover, every law a mark; a panel a width.

    Above: the statistic's own mean, whether the standard error is right. Below: the truth, where the number is offered
    as an estimate of it; of the lower bound the share of intervals that do not lie above the truth.

    Args:
        table: of `validity.coverage`.

    Raises:
        GausslabError: there is no interval to show.
    """
    halves = [_own(table), _true(table)]
    layouts = [arranged(INTERVALS, half) for half in halves]
    samples = [int(each) for each in sorted(table["n_samples"].unique())]
    heights = [layout.height for layout in layouts]
    with themed():
        figure = new_figure(PAGE, 1.6 + ROW * sum(heights))
        rows = figure.subplots(
            2, table["n_units"].nunique(), sharey="row", sharex=True, squeeze=False, height_ratios=heights
        )
        for panels, layout, half, held in zip(rows, layouts, halves, HELD, strict=True):
            for axes, part in by_width(panels, layout.rows(half)):
                _draw(axes, part, samples)
                axes.set_title(f"{held}, {axes.get_title(loc='left')}")
                rule_rows(axes, layout)
            label_rows(panels[0], layout)
        legend_of(figure, [f"n = {each:,}" for each in samples])
        write_caption(figure, CAPTION)
    return figure


def _own(table: pd.DataFrame) -> pd.DataFrame:
    """Shares of intervals that hold the statistic's own mean."""
    return table.assign(share=table["covered_mean"], nominal=NOMINAL, p=table["covered_mean_p"])


def _true(table: pd.DataFrame) -> pd.DataFrame:
    """Shares of intervals that hold the truth, or do not lie above it."""
    bounds, values = table[table["target"] == "bound"], table[table["target"] == "value"]
    kept = values.assign(share=values["covered"], nominal=NOMINAL, p=values["covered_p"])
    return pd.concat([kept, bounds.assign(share=1 - bounds["above"], nominal=NOMINAL_BOUND, p=bounds["above_p"])])


def _draw(axes: Axes, part: pd.DataFrame, samples: Sequence[int]) -> None:
    for _, row in part.drop_duplicates("y").iterrows():
        axes.vlines(row["nominal"], row["y"] - 0.5, row["y"] + 0.5, color=QUIET, linewidth=0.8, zorder=0)
    for index, series in by_samples(part, samples):
        shares, null = series["share"].clip(lower=LEAST), series["law"] == TRUE_NULL
        for chosen, alpha in ((~null, 0.4), (null, 1.0)):
            _mark(axes, shares[chosen], series["y"][chosen], index, alpha)
        ring(axes, shares, series["y"], series["p"])
    axes.set_xlim(LEAST, 1)
    axes.set_xticks([0.5, 0.6, 0.7, 0.8, 0.9, 1.0], ["50", "60", "70", "80", "90", "100 %"])


def _mark(axes: Axes, x: pd.Series, y: pd.Series, index: int, alpha: float) -> None:
    if len(x):
        axes.plot(x, y, MARKERS[index], color=COLORS[index], ms=2.9, mew=0, alpha=alpha, clip_on=False)
