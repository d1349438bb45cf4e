"""The picture of projection pursuit: a code seen along its directions of least and of greatest kurtosis."""

import math

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.plotting.panels import title_panels, write_caption
from gausslab.plotting.theme import BLUE, INK, PAGE, QUIET, VERMILION, new_figure, themed

ESTIMATOR = "projection_pursuit"
_SIDES = {"least_kurtosis": "Least kurtosis", "greatest_kurtosis": "Greatest kurtosis"}
_COLORS = (BLUE, VERMILION)
_REACH = 4.0  # standard deviations: farther samples are marked one by one
_BIN = 0.25

Values = Float[np.ndarray, " samples"]


def projection_histograms(least: Values, greatest: Values, frame: pd.DataFrame) -> Figure:
    """Histograms of both projections beside the normal density, with their kurtosis and what Gaussian codes give.

    Args:
        least: the code along its direction of least kurtosis, standardised.
        greatest: the same along that of greatest kurtosis.
        frame: what `measure` says of this code and `projection_pursuit`; other estimators' rows are passed over.

    Raises:
        GausslabError: the table lacks a row of the estimator, or is about several codes.
    """
    rows = [_row(frame, side) for side in ("statistic", *_SIDES)]
    with themed():
        figure = new_figure(PAGE, 2.1)
        panels = list(figure.subplots(1, 2))
        title_panels(panels, [_title(row, name) for row, name in zip(rows[1:], _SIDES.values(), strict=True)])
        for axes, values, row, color in zip(panels, (least, greatest), rows[1:], _COLORS, strict=True):
            _draw(axes, values, color)
            _say_null(axes, row)
        panels[0].set_ylabel("density")
        panels[0].legend(loc="upper left")
        write_caption(figure, _caption(rows[0], len(least)))
    return figure


def _row(frame: pd.DataFrame, statistic: str) -> pd.Series:
    rows = frame[(frame["estimator"] == ESTIMATOR) & (frame["statistic"] == statistic)]
    if len(rows) != 1:
        raise GausslabError(f"expected one row {ESTIMATOR}/{statistic} in the table, got {len(rows)}")
    return rows.iloc[0]


def _title(row: pd.Series, name: str) -> str:
    return f"{name}: {row['value']:+.2f}"


def _draw(axes: Axes, values: Values, color: str) -> None:
    """Bars over the range where a Gaussian's samples lie; the others as ticks, up to the farthest."""
    edges = np.arange(-_REACH, _REACH + _BIN / 2, _BIN)
    inside = np.abs(values) <= _REACH
    counts, _ = np.histogram(values[inside], edges)
    axes.stairs(counts / (len(values) * _BIN), edges, fill=True, color=color, alpha=0.35, lw=0)
    far, low = values[~inside], np.full((~inside).sum(), 0.03)
    axes.plot(far, low, ls="", marker="|", ms=5, mew=0.7, color=color, transform=axes.get_xaxis_transform())
    reach = max(_REACH, 1.05 * float(np.abs(values).max()))
    grid = np.linspace(-reach, reach, 401)
    density = np.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi)
    axes.plot(grid, density, color=INK, lw=0.9, ls=(0, (4, 2)), label="N(0, 1)")
    axes.set_xlim(-reach, reach)
    axes.set_ylim(0, None)
    axes.set_xlabel("projection, in standard deviations")


def _say_null(axes: Axes, row: pd.Series) -> None:
    text = f"Gaussian codes:\n{row['null_mean']:+.2f} ± {row['null_sd']:.2f}\np = {row['p_value']:.2g}"
    axes.text(0.98, 0.97, text, transform=axes.transAxes, ha="right", va="top", fontsize=6.5, color=QUIET)


def _caption(row: pd.Series, samples: int) -> list[str]:
    return [
        f"n = {samples:,}, {row['n_units']} units, p of both sides together {row['p_value']:.2g}.",
        "Excess kurtosis along the most extreme directions that the search finds; grey: the same search in Gaussian "
        f"codes, mean ± SD. Ticks: samples beyond {_REACH:.0f} standard deviations.",
    ]
