"""Pieces that several charts draw: the Gaussian reference, marks of the tests, captions, gaps."""

import textwrap
from dataclasses import dataclass
from math import inf

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from gausslab.plotting.theme import BLUE, GREEN, ORANGE, PURPLE, QUIET, SKY, VERMILION

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
