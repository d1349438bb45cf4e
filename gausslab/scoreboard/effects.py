"""What one setting does to codes and images: rank trends of every number in every series of a comparison's table.

The p-values of one list are corrected together by Holm's method, since the reader looks for the small ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gausslab.p_values import LEVEL, holm_adjusted
from gausslab.presets import base_of
from gausslab.scoreboard.layout import FRECHET, LATENT, RECONSTRUCTIONS, SAMPLES, Column, numbers, rows
from gausslab.trends import RankTrend, rank_trend

OUTCOMES = (
    *(column for column in LATENT if column.label in ("KL/dim", "correlation", "entropy gap", "radial SD")),
    Column("MSE", "reconstruction", "mse_per_element"),
    Column("samples from N(0, I)", FRECHET, SAMPLES, "isotropic"),
    Column("samples from a fitted Gaussian", FRECHET, SAMPLES, "mvg"),
    Column("reconstructions", FRECHET, RECONSTRUCTIONS, None),
)
"""What is asked of a setting: how Gaussian the code is, and what its images are worth (Frechet distances)."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The trend of one number in one series.

    Attributes:
        series: what holds of all its runs.
        column: the number.
        trend: over the setting's levels.
        adjusted: its p-value among all of the list, by Holm.
    """

    series: str
    column: Column
    trend: RankTrend
    adjusted: float

    @property
    def line(self) -> str:
        """In words."""
        return (
            f"{self.series}: {self.column.label} {_WAYS[self._verdict]} (tau {self.trend.tau:+.2f}, "
            f"p {self.trend.p_value:.2g}, by Holm {self.adjusted:.2g}; {self.trend.n_runs} runs): {self.trend.course}"
        )

    @property
    def _verdict(self) -> str:
        return self.trend.verdict if self.adjusted < LEVEL else "undecided"


_WAYS = {"yes": "rises", "no": "falls", "undecided": "shows no trend"}


def effects(
    table: pd.DataFrame, factor: str, by: Sequence[str] = ("data", "base"), columns: Iterable[Column] = OUTCOMES
) -> list[Effect]:
    """The trends of the columns over a setting, in every series that the table has on at least two of its levels.

    Args:
        table: of comparisons with variants.
        factor: the column with the setting.
        by: columns that tell the series apart; `base` is the row without its variant.
        columns: the numbers.
    """
    series = list(_series(table.assign(base=table["row"].map(base_of)), factor, list(by)))
    found = [
        (name, column, trend) for name, part in series for column in columns if (trend := _trend(part, factor, column))
    ]
    adjusted = holm_adjusted(np.array([trend.p_value for _, _, trend in found], dtype=np.float64))
    return [
        Effect(series=name, column=column, trend=trend, adjusted=float(p))
        for (name, column, trend), p in zip(found, adjusted, strict=True)
    ]


def _series(table: pd.DataFrame, factor: str, by: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    levels = pd.to_numeric(table[factor])
    for key, part in table.assign(**{factor: levels})[levels.notna()].groupby(by, sort=False):
        yield ", ".join(map(str, key)), part


def _trend(table: pd.DataFrame, factor: str, column: Column) -> RankTrend | None:
    found = pd.concat([numbers(table, row, column) for row in rows(table)]).dropna(subset=["value"])
    if found[factor].nunique() < 2:
        return None
    return rank_trend(found[factor].to_numpy(float), found["value"].to_numpy(float))
