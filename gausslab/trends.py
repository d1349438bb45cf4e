"""Rank trends over a setting, and the sentence that answers the question of a width sweep.

No torch here: an answer is given again from the table alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gausslab.errors import GausslabError
from gausslab.seeding import numpy_generator
from gausslab.summary import CONFIDENCE, KL_PER_UNIT, Quantity, select

WHOLE = {
    KL_PER_UNIT: "KL to N(0,I) per dimension",
    Quantity("moments/dim", "moment_kl", "debiased", per_unit=True): "its part from mean and covariance",
}
"""The whole code's distance: the question itself, and the part of it that can be compared between widths.

The nearest-neighbour part of the first has a bias that depends on the law and on the width: codes of independent units
of one law seem to come nearer to a Gaussian the more units there are. The second sees less and has no such bias, so
that only what both say is an answer.
"""
SINGLE = {
    Quantity("A2", "anderson_darling", "statistic", over_units=True): (
        "non-normality of single units (Anderson-Darling)"
    ),
}
"""The single units' distance: a code can move away from a Gaussian as a whole while each of its units comes nearer."""
MEASURES = WHOLE | SINGLE


@dataclass(frozen=True, kw_only=True)
class RankTrend:
    """How a number goes with the levels of a setting, over runs.

    Attributes:
        levels: the levels, ascending.
        means: mean over the runs at each.
        tau: Kendall's tau-b between level and value over all runs.
        interval: where tau lies in 95 % of tables with the runs of each level resampled: how far it hangs on single
            seeds, and no confidence interval with the few there are; NaN with a single run a level.
        p_value: two-sided, by permutation of the values over the runs.
        n_runs: runs.
    """

    levels: tuple[float, ...]
    means: tuple[float, ...]
    tau: float
    interval: tuple[float, float]
    p_value: float
    n_runs: int

    @property
    def verdict(self) -> str:
        """`yes` if the number rises with the level, `no` if it falls, `undecided` if neither is shown at 5 %."""
        if not self.p_value < 1 - CONFIDENCE:
            return "undecided"
        return "yes" if self.tau > 0 else "no"

    @property
    def course(self) -> str:
        """The means in words."""
        return ", ".join(f"{mean:.3g} at {level:g}" for level, mean in zip(self.levels, self.means, strict=True))

    @property
    def spread(self) -> str:
        """The interval in words, behind a p-value; empty where there is none."""
        low, high = self.interval
        return "" if math.isnan(low) else f", {low:+.2f} to {high:+.2f} over resampled seeds"


@dataclass(frozen=True, kw_only=True)
class Trend(RankTrend):
    """A rank trend of a quantity over widths.

    Attributes:
        quantity: what was ranked.
    """

    quantity: Quantity


def rank_trend(levels: np.ndarray, values: np.ndarray, draws: int = 9999) -> RankTrend:
    """Whether a number rises or falls with a setting.

    Args:
        levels: of the setting, a run each.
        values: the number, likewise.
        draws: permutations and bootstrap samples; fixed seed.

    Raises:
        GausslabError: fewer than two levels.
    """
    distinct = np.unique(levels)
    if len(distinct) < 2:
        raise GausslabError("a trend needs at least two levels of the setting")
    generator = numpy_generator(0, "trend")
    permuted = agreement(levels, generator.permuted(np.tile(values, (draws, 1)), axis=1))
    p_value = (1 + np.count_nonzero(np.abs(permuted) >= abs(agreement(levels, values)))) / (draws + 1)
    return RankTrend(
        levels=tuple(float(level) for level in distinct),
        means=tuple(float(values[levels == level].mean()) for level in distinct),
        tau=kendall_tau(levels, values),
        interval=_bootstrap(levels, values, generator, draws),
        p_value=float(p_value),
        n_runs=len(values),
    )


def trend(frame: pd.DataFrame, quantity: Quantity = KL_PER_UNIT, draws: int = 9999) -> Trend:
    """Whether a quantity rises or falls with the width, over the runs of a table.

    Args:
        frame: the table of a sweep.
        quantity: by default KL(code || N(0, I)) per dimension, since the total adds up over dimensions.
        draws: permutations and bootstrap samples; fixed seed.

    Raises:
        GausslabError: fewer than two widths, no such rows, or several layers of a run.
    """
    rows = select(frame, quantity).dropna(subset=["width", "value"])
    if rows["run"].duplicated().any():
        raise GausslabError(f"a trend needs one layer a run, got {', '.join(rows['layer'].unique())}")
    if rows["width"].nunique() < 2:
        raise GausslabError("a trend needs at least two widths")
    found = rank_trend(rows["width"].to_numpy(int), rows["value"].to_numpy(float), draws)
    return Trend(quantity=quantity, **vars(found))


def kendall_tau(x: np.ndarray, y: np.ndarray) -> float:
    r"""Kendall's tau-b: \( (C - D) / \sqrt{(P - T_x)(P - T_y)} \) over all P pairs, T of them tied (Kendall 1945).

    0 where one of the two is constant.

    >>> kendall_tau(np.array([1, 1, 2, 3]), np.array([0.0, 1.0, 2.0, 3.0])).round(6)
    np.float64(0.912871)
    """
    scale = agreement_limit(x, y)
    return np.float64(agreement(x, y)) / scale if scale else 0.0


def agreement(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Concordant less discordant pairs, the numerator of tau, over leading axes: one call for all permutations."""
    return np.asarray((_orders(x) * _orders(y)).sum(-1, dtype=int))


def agreement_limit(x: np.ndarray, y: np.ndarray) -> float:
    """The denominator of tau-b: `agreement` where the two go together as well as their ties allow."""
    return float(np.sqrt(np.count_nonzero(_orders(x)) * np.count_nonzero(_orders(y))))


def _orders(values: np.ndarray) -> np.ndarray:
    """For every pair 1, 0 or -1 as the second is greater, equal or less; two infinities of one sign are equal."""
    i, j = np.triu_indices(values.shape[-1], 1)
    left, right = values[..., i], values[..., j]
    orders: np.ndarray = np.greater(right, left).astype(np.int8) - np.less(right, left).astype(np.int8)
    return orders


def _bootstrap(
    levels: np.ndarray, values: np.ndarray, generator: np.random.Generator, draws: int
) -> tuple[float, float]:
    """The percentile interval; over the table's own denominator.

    A seed drawn twice ties with itself, which a denominator of the drawn table would take for better agreement: the
    interval could lie wholly above tau.
    """
    groups = [np.flatnonzero(levels == level) for level in np.unique(levels)]
    scale = agreement_limit(levels, values)
    if min(len(group) for group in groups) < 2 or not scale:
        return math.nan, math.nan
    index = np.concatenate([generator.choice(group, (draws, len(group))) for group in groups], axis=1)
    taus = agreement(levels[index], values[index]) / scale
    low, high = np.quantile(taus, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


QUESTION = "Do narrower codes come closer to a Gaussian here?"
_ANSWERS = {
    "yes": "Yes",
    "no": "No, the other way round",
    "yes as a whole": "As a whole yes, unit by unit not",
    "no as a whole": "As a whole no, the other way round, unit by unit not so",
    "disagree": "The measures disagree",
    "undecided": "Undecided",
}


def trends(frame: pd.DataFrame) -> tuple[Trend, ...]:
    """The trend of every measure that the answer rests on.

    Raises:
        GausslabError: as for `trend`.
    """
    return tuple(trend(frame, quantity) for quantity in MEASURES)


def verdict(found: Sequence[Trend]) -> str:
    """What the trends say together.

    Returns:
        `yes` or `no` if all say so; `yes as a whole` or `no as a whole` if the measures of the whole code say so and
        those of single units do not; `disagree` if the former say the one and the other; else `undecided`.
    """
    whole = {each.verdict for each in found if each.quantity in WHOLE}
    if whole >= {"yes", "no"}:
        return "disagree"
    if whole not in ({"yes"}, {"no"}):
        return "undecided"
    said = whole.pop()
    return said if all(each.verdict == said for each in found) else f"{said} as a whole"


def answer(found: Sequence[Trend]) -> str:
    """One plain sentence that answers the question of a width sweep."""
    measures = "; ".join(map(_phrase, found))
    return (
        f"{QUESTION} {_ANSWERS[verdict(found)]}: over {found[0].n_runs} runs, Kendall's tau with the width "
        f"(permutation p) is, for {measures}."
    )


def _phrase(found: Trend) -> str:
    name = MEASURES.get(found.quantity, found.quantity.label)
    return f"{name} {found.tau:+.2f} (p = {found.p_value:.2g}{found.spread}): {found.course}"
