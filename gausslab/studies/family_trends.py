"""How each family of measures goes with the factors of a grid of classifiers: the judgement of H5. No torch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gausslab.families import BY_NAME, FAMILIES, REPRESENTATIVES, STATISTICS, states
from gausslab.p_values import LEVEL, holm_adjusted
from gausslab.studies.blocked import blocked_trend
from gausslab.trends import RankTrend

RISING, FALLING = 1, -1


@dataclass(frozen=True, kw_only=True)
class FamilyTrend:
    """How far one family is from a Gaussian, over one factor.

    Attributes:
        factor: the column with the setting.
        family: one of `families.FAMILIES`.
        expected: `RISING` or `FALLING`: how the hypothesis says that the distance goes.
        trend: of the size of the representative's excess, within blocks of the other factors.
        adjusted: its p-value among all factors and families of the data set, by Holm.
        others: names of the family's other statistics -> tau of the size of theirs.
    """

    factor: str
    family: str
    expected: int
    trend: RankTrend
    adjusted: float
    others: Mapping[str, float]

    @property
    def verdict(self) -> str:
        """`supported`, `contradicted` or `undecided` at 5 %."""
        if not self.adjusted < LEVEL:
            return "undecided"
        return "supported" if self.trend.tau * self.expected > 0 else "contradicted"

    @property
    def line(self) -> str:
        """The verdict with its effect size, p and course."""
        trend = self.trend
        same = sum(np.sign(tau) == np.sign(trend.tau) for tau in self.others.values())
        return (
            f"{self.family}: {self.verdict}; {BY_NAME[REPRESENTATIVES[self.family]].label}: tau {trend.tau:+.2f}"
            f"{trend.spread} (p {trend.p_value:.2g}, by Holm {self.adjusted:.2g}; {trend.n_runs} nets), mean size of "
            f"the excess {trend.course}; {same} of its {len(self.others)} other statistics go the same way"
        )


def family_trends(table: pd.DataFrame, expected: Mapping[str, int]) -> list[FamilyTrend]:
    """Every factor's trend in every family, within blocks of the other factors, Holm over all of them.

    Args:
        table: rows of the panels of one data set's nets, with the factors' columns; a complete grid of them.
        expected: factor -> `RISING` or `FALLING`, what the hypothesis says of the distance.

    Raises:
        GausslabError: no block has two levels of a factor.
    """
    pairs = [(factor, family) for factor in expected for family in FAMILIES]
    found = [_trend(table, factor, tuple(expected), REPRESENTATIVES[family]) for factor, family in pairs]
    adjusted = holm_adjusted(np.array([trend.p_value for trend in found], dtype=np.float64))
    return [
        FamilyTrend(
            factor=factor,
            family=family,
            expected=expected[factor],
            trend=trend,
            adjusted=float(p),
            others=_others(table, factor, tuple(expected), family),
        )
        for (factor, family), trend, p in zip(pairs, found, adjusted, strict=True)
    ]


def conclusion(factor: str, found: Sequence[FamilyTrend]) -> str:
    """What the families say about a factor, and that they disagree where one supports and one contradicts."""
    said = {verdict: [each.family for each in found if each.verdict == verdict] for verdict in _VERDICTS}
    told = ", ".join(f"{verdict} in {' and '.join(names)}" for verdict, names in said.items() if names)
    disagree = "; families disagree" if said["supported"] and said["contradicted"] else ""
    return f"{factor}: {told}{disagree}"


_VERDICTS = ("supported", "contradicted", "undecided")


def counted(panels: Sequence[pd.DataFrame]) -> dict[str, dict[str, int]]:
    """Family -> how many of the nets are `near`, `away`, `undecided` or `not measured`."""
    found = [states(panel) for panel in panels]
    return {family: dict(Counter(each[family] for each in found)) for family in FAMILIES}


def _trend(table: pd.DataFrame, factor: str, factors: Sequence[str], statistic: str, draws: int = 9999) -> RankTrend:
    rows = table[table["statistic"] == statistic].dropna(subset=["excess"])
    others = [name for name in factors if name != factor]
    blocks = rows.groupby(others).ngroup().to_numpy() if others else np.zeros(len(rows))
    levels, sizes = rows[factor].to_numpy(np.float64), rows["excess"].abs().to_numpy(np.float64)
    return blocked_trend(levels, sizes, blocks, draws)


def _others(table: pd.DataFrame, factor: str, factors: Sequence[str], family: str) -> dict[str, float]:
    measured = set(table.loc[table["excess"].notna(), "statistic"])
    names = [each.name for each in STATISTICS if each.family == family and each.name != REPRESENTATIVES[family]]
    names = [name for name in names if name in measured]
    return {name: _trend(table, factor, factors, name, draws=1).tau for name in names}
