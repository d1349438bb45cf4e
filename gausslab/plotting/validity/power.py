"""The chart of power: which test finds which law."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gausslab.errors import GausslabError
from gausslab.plotting.panels import write_caption
from gausslab.plotting.theme import INK, PAGE, new_figure, themed
from gausslab.plotting.validity.panels import ROW, by_width, label_rows
from gausslab.plotting.validity.rows import TESTS, arranged
from gausslab.validity.rows import TRUE_NULL, nothing_to_find

LIGHT = 0.6  # rate from which the colour asks for dark text


def power_chart(rates: pd.DataFrame, samples: int) -> Figure:
    """Share of codes that each test rejects at 5 %, law by law, at one number of samples; a panel a width.

    Args:
        rates: of `validity.rejection_rates`.
        samples: which.

    Raises:
        GausslabError: there is no power at that number of samples; the choices are listed.
    """
    powers = rates[rates["law"] != TRUE_NULL]
    chosen = powers[powers["n_samples"] == samples]
    if chosen.empty:
        known = ", ".join(map(str, sorted(powers["n_samples"].unique())))
        raise GausslabError(f"the table has no power at n = {samples}; choices: {known or 'none'}")
    layout = arranged(TESTS, chosen)
    shown = layout.rows(chosen)
    laws = list(shown["law"].unique())
    with themed():
        figure = new_figure(PAGE, 1.7 + ROW * layout.height)
        panels = figure.subplots(1, shown["n_units"].nunique(), sharey=True, squeeze=False)[0]
        for axes, part in by_width(panels, shown):
            _draw(axes, part, laws)
        label_rows(panels[0], layout)
        write_caption(figure, _caption(samples, int(shown["replicates"].max())))
    return figure


def _caption(samples: int, codes: int) -> list[str]:
    return [
        f"Percentage of {codes} codes that each test rejects at 5 %, n = {samples:,}.",
        "Cells without a number: none (dark) or all (yellow).",
        "White: there is nothing to find, the null holds or what is measured is 0 in truth.",
    ]


def _draw(axes: Axes, part: pd.DataFrame, laws: Sequence[str]) -> None:
    """A cell a test and law."""
    part = part.assign(x=part["law"].map(laws.index))
    idle = nothing_to_find(part)
    _colour(axes, part[~idle])
    for x, y, rate, white in zip(part["x"], part["y"], part["rate"], idle, strict=True):
        color = INK if white or rate >= LIGHT else "white"
        axes.text(x, y, _percent(rate), ha="center", va="center", fontsize=4.8, color=color)
    axes.set_xlim(-0.5, len(laws) - 0.5)
    axes.set_xticks(range(len(laws)), laws, rotation=90)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _colour(axes: Axes, part: pd.DataFrame) -> None:
    cells = [Rectangle((x - 0.5, y - 0.5), 1, 1) for x, y in zip(part["x"], part["y"], strict=True)]
    drawn = PatchCollection(cells, cmap="viridis", edgecolor="white", linewidth=0.3)
    drawn.set_array(part["rate"])
    drawn.set_clim(0, 1)
    axes.add_collection(drawn)


def _percent(rate: float) -> str:
    """Two digits; 0 and 100 are told by their colour.

    >>> _percent(0.004), _percent(0.126), _percent(1.0)
    ('', '13', '')
    """
    return "" if round(100 * rate) in (0, 100) else f"{100 * rate:.0f}"
