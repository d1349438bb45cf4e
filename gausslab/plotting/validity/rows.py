"""Which rows of a validity study its charts show, in which order and under which names.

Every test once (`validity.rows` says what repeats what), by what it looks at; of the isotropy measures the effective
rank, of Royston's test the variant by W alone, and of projection pursuit its two sides are left out too. The tables
have them all.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from gausslab.errors import GausslabError
from gausslab.validity.rows import Row

GAP = 0.4  # rows above a heading


@dataclass(frozen=True)
class Section:
    """Rows under one heading.

    Attributes:
        title: the heading.
        rows: estimator and statistic -> name in the chart.
    """

    title: str
    rows: dict[Row, str]


def _plain(names: Sequence[str], statistic: str = "statistic") -> dict[Row, str]:
    return {(name, statistic): name for name in names}


def _parts(*names: str) -> dict[Row, str]:
    return {("kl_decomposition", name): name for name in names}


_UNITS = (
    "shapiro_wilk",
    "anderson_darling",
    "cramer_von_mises",
    "epps_pulley",
    "lilliefors",
    "dagostino_k2",
    "jarque_bera",
)
_JOINT = ("mardia_skewness", "mardia_kurtosis", "doornik_hansen", "royston", "henze_zirkler", "energy")
_RADIAL = ("radial_ks", "radial_ad", "radial_spread")
_SLICED = {
    ("sliced_epps_pulley", "statistic"): "sliced_epps_pulley",
    ("sliced_epps_pulley", "whitened"): "sliced_epps_pulley, whitened",
}
_WHITE = {(name, "whitened"): f"{name}, whitened" for name in _RADIAL}
_SPECTRUM = {
    ("participation_ratio", "statistic"): "participation_ratio",
    ("participation_ratio", "debiased"): "participation_ratio, debiased",
    ("participation_ratio", "largest_eigenvalue"): "largest_eigenvalue",
}

TESTS = (
    Section("single units, Holm", _plain(_UNITS, "rejected_share")),
    Section("all units", _plain(_JOINT) | _SLICED | _plain(["projection_pursuit"])),
    Section("radii", _plain(_RADIAL) | _WHITE),
    Section("kl_decomposition", _parts("total", "beyond_second_order", "marginal_negentropy", "dependence")),
    Section("entropy and divergence", _plain(["knn_entropy", "knn_kl", "kl_lower_bound"])),
    Section(
        "mean and covariance only",
        _parts("mean_scale", "correlation")
        | _plain(["moment_kl"])
        | _SPECTRUM
        | {("participation_ratio", "outside_bulk"): "outside_bulk"},
    ),
)
INTERVALS = (
    Section(
        "kl_decomposition",
        _parts("total", "mean_scale", "correlation", "beyond_second_order", "marginal_negentropy", "dependence"),
    ),
    Section(
        "entropy and divergence",
        {("moment_kl", "debiased"): "moment_kl, debiased", ("knn_entropy", "gap"): "knn_entropy, gap"}
        | _plain(["knn_kl", "kl_lower_bound"]),
    ),
    Section(
        "shape",
        _plain(["radial_spread"])
        | {("radial_spread", "whitened"): "radial_spread, whitened"}
        | _SPECTRUM
        | {("participation_ratio", "effective_rank"): "effective_rank"},
    ),
)


@dataclass(frozen=True)
class Layout:
    """Where rows and headings stand, from the top.

    Attributes:
        places: row of the table -> height.
        labels: height -> text, of rows and headings.
        headings: heights of the latter.
        height: of all, in rows.
    """

    places: dict[Row, float]
    labels: dict[float, str]
    headings: frozenset[float]
    height: float

    def rows(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of a table that are shown, with their place `y`."""
        pairs = zip(table["estimator"], table["statistic"], strict=True)
        placed = table.assign(y=[self.places.get(pair, math.nan) for pair in pairs])
        return placed[placed["y"].notna()]


def arranged(sections: Sequence[Section], table: pd.DataFrame) -> Layout:
    """The rows that the table has, section by section.

    Raises:
        GausslabError: it has none of them.
    """
    there = set(zip(table["estimator"], table["statistic"], strict=True))
    places: dict[Row, float] = {}
    labels: dict[float, str] = {}
    headings: list[float] = []
    y = 0.0
    for section in sections:
        shown = [row for row in section.rows if row in there]
        if not shown:
            continue
        headings.append(y)
        labels[y] = section.title
        for index, row in enumerate(shown, 1):
            places[row] = y + index
            labels[y + index] = section.rows[row]
        y += len(shown) + 1 + GAP
    if not places:
        raise GausslabError("the table has no row that the chart shows: nothing to draw")
    return Layout(places, labels, frozenset(headings), y - GAP)
