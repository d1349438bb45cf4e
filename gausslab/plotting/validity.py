"""Whether the estimators keep their promises: size, power and coverage, from the tables of a validity study."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.plotting.theme import BLUE, GREEN, INK, NULL_BAND, PAGE, QUIET, VERMILION, new_figure, themed

LEVEL = 0.05
COLORS = (BLUE, GREEN, VERMILION)
MARKERS = ("o", "s", "^")
ROW = 0.135  # inches a row of dots


def size_chart(rates: pd.DataFrame) -> Figure:
    """Share of true Gaussians that each test rejects at 5 %, with its Clopper-Pearson interval; a panel a width."""
    return _dots(labelled(rates[rates["law"] == "gaussian"]), "rate", "rejected, true Gaussian", LEVEL, (0.0, 0.2))


def coverage_chart(table: pd.DataFrame, column: str) -> Figure:
    """How often intervals of nominally 95 % cover, every law a dot; a panel a width.

    Args:
        table: of `validity.coverage`.
        column: `covered` (the truth) or `covered_mean` (the statistic's own mean).
    """
    said = {"covered": "intervals that hold the truth", "covered_mean": "intervals that hold the statistic's mean"}
    return _dots(labelled(table), column, said[column], 1 - LEVEL, (0.0, 1.0))


def power_chart(rates: pd.DataFrame, samples: int) -> Figure:
    """Share of codes that each test rejects at 5 %, law by law, at one number of samples; a panel a width."""
    chosen = labelled(rates[rates["n_samples"] == samples])
    laws, names, widths = (list(chosen[column].unique()) for column in ("law", "label", "n_units"))
    with themed():
        figure = new_figure(PAGE, 1.3 + ROW * len(names))
        panels = figure.subplots(1, len(widths), sharey=True, squeeze=False)[0]
        for axes, units in zip(panels, widths, strict=True):
            part = chosen[chosen["n_units"] == units]
            grid = part.pivot_table(index="label", columns="law", values="rate", sort=False).reindex(
                index=names, columns=laws
            )
            _heat(axes, grid)
            axes.set_title(f"{units} units")
        panels[0].set_yticks(range(len(names)), names)
        figure.supxlabel(f"share of codes rejected at 5 %, n = {samples:,}", fontsize=7)
    return figure


def labelled(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a name for each statistic: the estimator alone for the number that the literature defines."""
    pairs = zip(table["estimator"], table["statistic"], strict=True)
    plain = ("statistic", "rejected_share")
    return table.assign(label=[name if statistic in plain else f"{name}: {statistic}" for name, statistic in pairs])


def _dots(table: pd.DataFrame, column: str, title: str, nominal: float, limits: tuple[float, float]) -> Figure:
    names, widths, sizes = (list(table[name].unique()) for name in ("label", "n_units", "n_samples"))
    with themed():
        figure = new_figure(PAGE, 0.9 + ROW * len(names))
        panels = figure.subplots(1, len(widths), sharey=True, squeeze=False)[0]
        for axes, units in zip(panels, widths, strict=True):
            axes.axvline(nominal, color=QUIET, linewidth=0.8, zorder=0)
            for index, samples in enumerate(sizes):
                part = table[(table["n_units"] == units) & (table["n_samples"] == samples)]
                _series(axes, part, names, column, index, f"n = {samples:,}")
            axes.set(xlim=limits, title=f"{units} units")
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.grid(axis="y", color=NULL_BAND, linewidth=0.4)
        panels[0].set_yticks(range(len(names)), names)
        figure.supxlabel(title, fontsize=7)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(sizes))
    return figure


def _series(axes: Axes, part: pd.DataFrame, names: Sequence[str], column: str, index: int, label: str) -> None:
    rows = np.array([names.index(name) for name in part["label"]]) + (index - 1) * 0.22
    if "low" in part and column == "rate":
        axes.hlines(rows, part["low"], part["high"], color=COLORS[index], linewidth=0.6, alpha=0.6)
    axes.plot(part[column], rows, MARKERS[index], color=COLORS[index], markersize=2.4, label=label, markeredgewidth=0)


def _heat(axes: Axes, grid: pd.DataFrame) -> None:
    axes.imshow(grid.to_numpy(dtype=float), cmap="viridis", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(grid.shape[1]), list(grid.columns), rotation=90)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    for (row, column), rate in np.ndenumerate(grid.to_numpy(dtype=float)):
        text = "" if np.isnan(rate) else f"{100 * rate:.0f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=4.5, color="white" if rate < 0.6 else INK)
