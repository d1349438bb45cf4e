"""Two cells of a comparison's table, seed by seed: whose number is smaller, and how surely."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from scipy import stats

from gausslab.errors import GausslabError
from gausslab.p_values import LEVEL
from gausslab.scoreboard.layout import Column, numbers
from gausslab.summary import Interval, over_seeds


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The second number less the first, of the same seeds.

    Attributes:
        label: of the number.
        first: its mean over the seeds.
        second: likewise.
        interval: of the difference; half of a 95 % t interval over seeds.
        p_value: two-sided, of a paired t test; NaN with a single seed.
    """

    label: str
    first: float
    second: float
    interval: Interval
    p_value: float

    @property
    def sign(self) -> Literal[-1, 0, 1]:
        """Of the difference; 0 where it is not shown at 5 %."""
        if not self.p_value < LEVEL:
            return 0
        return 1 if self.interval.mean > 0 else -1

    @property
    def line(self) -> str:
        """In words."""
        words = {1: "rises", 0: "shows no difference", -1: "falls"}[self.sign]
        return (
            f"{self.label} {words}, {self.first:.3g} to {self.second:.3g} (difference {self.interval.mean:+.2g} ± "
            f"{self.interval.half_width:.2g}, p {self.p_value:.2g}, {self.interval.n} seeds)"
        )


def difference(
    table: pd.DataFrame, first: str, second: str, column: Column, other: Column | None = None
) -> Difference | None:
    """One number of two rows, or two numbers of one or two rows.

    Args:
        table: of a comparison.
        first: a row's label.
        second: likewise.
        column: the number; of the first row alone if `other` is given.
        other: the second row's number.

    Returns:
        None where one of the rows has no such number.

    Raises:
        GausslabError: the rows have not the same seeds.
    """
    one, two = (_by_seed(table, row, each) for row, each in ((first, column), (second, other or column)))
    if one.empty or two.empty:
        return None
    if not one.index.equals(two.index):
        raise GausslabError(
            f"{first} and {second} must have the same seeds, got {list(one.index)} and {list(two.index)}"
        )
    found = over_seeds(pd.DataFrame({"value": two - one, "null_mean": math.nan}))
    p_value = float(stats.ttest_rel(two, one).pvalue) if len(one) > 1 else math.nan
    return Difference(
        label=column.label, first=float(one.mean()), second=float(two.mean()), interval=found, p_value=p_value
    )


def differences(table: pd.DataFrame, first: str, second: str, columns: Iterable[Column]) -> list[Difference]:
    """Those of every number that both rows have."""
    found = (difference(table, first, second, column) for column in columns)
    return [each for each in found if each is not None]


def _by_seed(table: pd.DataFrame, row: str, column: Column) -> pd.Series:
    return numbers(table, row, column).set_index("seed")["value"].astype(float).sort_index()
