"""What the two charts of single examples share: clean codes, a few attacks, and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from gausslab.errors import GausslabError
from gausslab.plotting.adversarial.rows import CLEAN, NETWORK, NULL, checked, counted, networks_told, of_attack
from gausslab.plotting.selection import at_bottleneck
from gausslab.plotting.theme import BLUE, GREEN, ORANGE, PURPLE, QUIET, VERMILION

SHOWN = ("ddn", "pgd-linf:0.1")
"""A nearest adversarial example, and one that the network is sure of."""

STYLES = ((BLUE, "s"), (VERMILION, "^"), (GREEN, "D"), (PURPLE, "v"), (ORANGE, "P"))
CLEAN_STYLE = (QUIET, "o")
_NEEDED = (
    *NETWORK,
    *("id", "family", "attack", "spec", "layer", "attempted", "success"),
    *("lead", "radius", "clean_radius", "n_units"),
)
_LINE = 0.11  # inches between printed lines


@dataclass(frozen=True)
class Shown:
    """One attack as it is drawn.

    Attributes:
        spec: as the command line writes it.
        label: its name in the legend.
        color: of its marks.
        marker: of its marks, so that colours are never needed to tell attacks apart.
    """

    spec: str
    label: str
    color: str
    marker: str


def table_of(examples: pd.DataFrame) -> pd.DataFrame:
    """The bottleneck's rows of the lowest seed.

    Raises:
        GausslabError: columns are missing.
    """
    table = at_bottleneck(checked(examples, _NEEDED, "the table of examples"))
    found: pd.DataFrame = table[table["seed"] == table["seed"].min()]
    return found


def shown_of(table: pd.DataFrame, attacks: Sequence[str]) -> list[Shown]:
    """The attacks by their names in the table.

    Raises:
        GausslabError: the table has not one of them, or there are more than can be told apart.
    """
    if not 0 < len(attacks) <= len(STYLES):
        raise GausslabError(f"expected 1 to {len(STYLES)} attacks in one chart, got {len(attacks)}")
    labels = [str(of_attack(table, spec)["attack"].iloc[0]) for spec in attacks]
    return [Shown(spec, label, *style) for spec, label, style in zip(attacks, labels, STYLES, strict=False)]


def clean_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Every clean image."""
    return rows[rows["family"] == CLEAN]


def attacked_by(rows: pd.DataFrame, shown: Shown) -> pd.DataFrame:
    """The rows of an attack on one network; there may be none."""
    return rows[(rows["spec"] == shown.spec) & ~rows["family"].isin([CLEAN, NULL])]


def print_lines(axes: Axes, lines: Sequence[tuple[str, str]]) -> None:
    """Texts with their colours, one under the other from the panel's upper right corner."""
    for place, (text, color) in enumerate(lines):
        down = ScaledTranslation(0.0, -_LINE * place, axes.figure.dpi_scale_trans)
        axes.text(1.0, 1.0, text, transform=axes.transAxes + down, ha="right", va="top", fontsize=6, color=color)


def scale_told(table: pd.DataFrame) -> str:
    """Data sets, settings, images a network, how many of them are attacked, and seed."""
    by_network = ["data", "width", "weight"]
    clean, attacked = clean_of(table), table[~table["family"].isin([CLEAN, NULL])]
    images, tried = (rows.groupby(by_network)["id"].nunique() for rows in (clean, attacked))
    seed = int(table["seed"].iloc[0])
    return f"{networks_told(table)}; {counted(images)} images a network, {counted(tried)} attacked, seed {seed}."
