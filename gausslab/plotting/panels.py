"""Pieces that several charts draw: the Gaussian reference, marks of the tests, captions, gaps."""

import math
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation

from gausslab.plotting.theme import BLUE, GREEN, NULL_BAND, ORANGE, PURPLE, QUIET, SKY, VERMILION

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Mark:
    """One statistic as it is drawn.

    Attributes:
        estimator: its estimator in the table.
        statistic: its name in the table.
        label: its name in the legend.
        color: of line and marker.
        marker: so that colours are never needed to tell the series apart.
        reference: what a Gaussian gives where the table states no null; None where there is no such thing.
        bounds: values that are possible at all, for the null's band.
    """

    estimator: str
    statistic: str
    label: str
    color: str
    marker: str = "o"
    reference: float | None = 0.0
    bounds: tuple[float, float] = (-inf, inf)


TOTAL = Mark("kl_decomposition", "total", "total", BLUE)
PARTS = (
    Mark("kl_decomposition", "mean_scale", "mean and scale", ORANGE, "s"),
    Mark("kl_decomposition", "correlation", "correlation", GREEN, "^"),
    Mark("kl_decomposition", "beyond_second_order", "beyond second order", PURPLE, "D"),
)
SPREAD = Mark("radial_spread", "statistic", "SD(r) / SD(chi)", BLUE, reference=1.0)
_SHARE = (0.0, 1.0)
TESTS = (
    Mark("shapiro_wilk", "rejected_share", "Shapiro-Wilk", BLUE, "o", bounds=_SHARE),
    Mark("anderson_darling", "rejected_share", "Anderson-Darling", VERMILION, "s", bounds=_SHARE),
    Mark("lilliefors", "rejected_share", "Lilliefors", GREEN, "^", bounds=_SHARE),
    Mark("dagostino_k2", "rejected_share", "D'Agostino K²", PURPLE, "D", bounds=_SHARE),
    Mark("jarque_bera", "rejected_share", "Jarque-Bera", SKY, "v", bounds=_SHARE),
)


def say_not_measured(axes: Axes) -> None:
    """An empty panel that says why it is empty."""
    axes.text(0.5, 0.5, NOT_MEASURED, transform=axes.transAxes, ha="center", va="center", color=QUIET, style="italic")
    axes.set_xticks([])
    axes.set_yticks([])


def title_panels(panels: list[Axes], titles: list[str]) -> None:
    """Letters and titles."""
    for letter, axes, title in zip("abcdefgh", panels, titles, strict=False):
        axes.set_title(f"$\\mathbf{{{letter}}}$  {title}")


def legend_below(axes: Axes, columns: int) -> None:
    """The legend under the axis label, at the same distance whatever the panel's height."""
    below = ScaledTranslation(0.0, -0.36, axes.figure.dpi_scale_trans)
    axes.legend(
        loc="upper right",
        bbox_to_anchor=(1.02, 0.0),
        bbox_transform=axes.transAxes + below,
        ncols=columns,
        columnspacing=0.8,
        handletextpad=0.4,
        borderpad=0.0,
    )


def legend_above(figure: Figure, handles: Sequence[Line2D]) -> None:
    """One legend for all panels, in as few lines as the page allows."""
    letters = sum(len(str(handle.get_label())) + 8 for handle in handles)
    columns = math.ceil(len(handles) / math.ceil(letters / _LEGEND))
    figure.legend(handles=handles, loc="outside upper left", ncols=columns, columnspacing=1.6, handlelength=2.0)


_LEGEND = 130  # letters on a line of a legend across the page

BIAS = (
    "Total KL, its part beyond second order and the entropy gap rest on nearest neighbours: above about 4 units their "
    "bias depends on the law and the width."
)
"""What a reader must know who compares widths."""


def write_caption(figure: Figure, sentences: list[str]) -> None:
    """One paragraph under all panels, broken to the figure's width."""
    columns = int(figure.get_figwidth() * 20.5)
    text = textwrap.fill(" ".join(sentences), columns)
    figure.supxlabel(text, x=0.01, ha="left", fontsize=6.5, color=QUIET)


def sample_count(frame: pd.DataFrame) -> str:
    """`n = 1,000`, or the range when estimators used different numbers of samples."""
    of_layers = frame[frame["layer"] != ""]
    counts = (frame if of_layers.empty else of_layers)["n_samples"]
    low, high = int(counts.min()), int(counts.max())
    return f"n = {low:,}" if low == high else f"n = {low:,} to {high:,}"


def draw_null_band(
    axes: Axes, places: Sequence[float], null: pd.DataFrame, bounds: tuple[float, float] = (-inf, inf)
) -> None:
    """A Gaussian's mean and two standard deviations to both sides, along an axis and past its ends.

    Args:
        axes: where.
        places: of the null's rows, and one before and one behind them.
        null: columns `mean` and `sd`, a row a place.
        bounds: values that are possible at all.
    """
    mean, sd = (np.pad(null[name].to_numpy(), 1, mode="edge") for name in ("mean", "sd"))
    low, high = np.clip([mean - 2 * sd, mean + 2 * sd], *bounds)
    axes.fill_between(places, low, high, color=NULL_BAND, lw=0, zorder=0.5)
    axes.plot(places, mean, color=QUIET, lw=0.9, ls=(0, (4, 2)), zorder=1, label="_null")


def draw_floor(axes: Axes, floor: float, color: str) -> None:
    """What as many real images score, as a dotted line; the caption tells it."""
    axes.axhline(floor, color=color, lw=0.9, ls=(0, (1, 1.2)), zorder=1, label="_floor")


def seeds_told(frame: pd.DataFrame) -> str:
    """`seed 7`, `seeds 0, 1, 2`, or their range when they are many."""
    seeds = _seeds(frame)
    listed = ", ".join(map(str, seeds)) if len(seeds) <= 6 else f"{seeds[0]} to {seeds[-1]} ({len(seeds)})"
    return f"seed{'s' * (len(seeds) > 1)} {listed}"


def interval_told(frame: pd.DataFrame) -> str:
    """What marks and bars are."""
    if len(_seeds(frame)) > 1:
        return "Small dots: seeds; large marks: their mean; bars: 95 % t interval over seeds."
    return "Marks: the one seed, so there is no interval."


def _seeds(frame: pd.DataFrame) -> list[int]:
    return sorted(int(seed) for seed in frame["seed"].dropna().unique())


def networks_told(frame: pd.DataFrame, told: Collection[str] = ()) -> str:
    """The data sets, each with what is told of its networks: `mnist (width 16, depth 3, 4)`.

    Args:
        frame: tidy table.
        told: columns that an axis or a legend tells.
    """
    names = [name for name in ("width", "channels", "depth") if name not in told]
    parts = frame.groupby("data", sort=False)
    return "; ".join(f"{data} ({', '.join(_values(part, name) for name in names)})" for data, part in parts)


def _values(frame: pd.DataFrame, name: str) -> str:
    return f"{name} {', '.join(str(int(value)) for value in sorted(frame[name].dropna().unique()))}"


def write_out(axis: Axis) -> None:
    """Ticks of a logarithmic axis at round numbers, in digits: 0.05, 0.1, 0.2."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
