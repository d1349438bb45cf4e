"""The chart of sizes: how often true Gaussians are rejected."""

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
from gausslab.plotting.validity.rows import TESTS, arranged
from gausslab.validity.rows import TRUE_NULL

LEVEL = 0.05
WIDEST = 0.2
CAPTION = [
    "Percentage of true Gaussian codes that each test rejects at 5 %, with 95 % Clopper-Pearson intervals;",
    "at the right edge 20 % or more.",
    f"Ringed: p < {ODD} of a right size, given that all codes of a size met the same Monte Carlo null law.",
]


def size_chart(rates: pd.DataFrame) -> Figure:
    """Share of true Gaussians that each test rejects at 5 %, with its Clopper-Pearson interval; a panel a width.

    Args:
        rates: of `validity.rejection_rates`.

    Raises:
        GausslabError: no test was tried on true Gaussians.
    """
    sizes = rates[rates["law"] == TRUE_NULL]
    layout = arranged(TESTS, sizes)
    shown = layout.rows(sizes)
    samples = [int(each) for each in sorted(shown["n_samples"].unique())]
    with themed():
        figure = new_figure(PAGE, 1.0 + ROW * layout.height)
        panels = figure.subplots(1, shown["n_units"].nunique(), sharey=True, squeeze=False)[0]
        for axes, part in by_width(panels, shown):
            _draw(axes, part, samples)
            rule_rows(axes, layout)
        label_rows(panels[0], layout)
        legend_of(figure, [f"n = {each:,}, {_codes(shown, each):,} codes" for each in samples])
        write_caption(figure, CAPTION)
    return figure


def _codes(shown: pd.DataFrame, samples: int) -> int:
    return int(shown.loc[shown["n_samples"] == samples, "replicates"].max())


def _draw(axes: Axes, part: pd.DataFrame, samples: Sequence[int]) -> None:
    """Dots and intervals; what lies beyond the axis stands at its end."""
    axes.axvline(LEVEL, color=QUIET, linewidth=0.8, zorder=0)
    for index, series in by_samples(part, samples):
        color, rate, y = COLORS[index], series["rate"].clip(upper=WIDEST), series["y"]
        axes.hlines(y, series["low"], series["high"].clip(upper=WIDEST), color=color, linewidth=0.7, alpha=0.6)
        axes.plot(rate, y, MARKERS[index], color=color, markersize=2.7, markeredgewidth=0, clip_on=False)
        ring(axes, rate, y, series["size_p"])
    axes.set_xlim(0, WIDEST)
    axes.set_xticks([0, 0.05, 0.1, 0.15, 0.2], ["0", "5", "10", "15", "20 %"])
