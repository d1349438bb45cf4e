"""Rank trends over one setting where others differ too: runs are compared only where all the others agree. No torch."""

import numpy as np
from jaxtyping import Float64, Int64

from gausslab.errors import GausslabError
from gausslab.seeding import numpy_generator
from gausslab.summary import CONFIDENCE
from gausslab.trends import RankTrend, agreement, agreement_limit

Part = Int64[np.ndarray, "_"]


def blocked_trend(
    levels: Float64[np.ndarray, " runs"],
    values: Float64[np.ndarray, " runs"],
    blocks: np.ndarray,
    draws: int = 9999,
) -> RankTrend:
    r"""Whether a number rises or falls with a setting, within blocks of runs that agree in everything else.

    $\tau = \sum_b S_b / \sum_b L_b$ with $S_b$ the concordant less the discordant pairs of block b and $L_b$ the
    denominator of its tau-b; with one block that is Kendall's tau-b. p is two-sided, by permutation of the values
    inside the blocks: what the blocks differ in moves neither. The interval is of runs resampled inside every level of
    every block, over the table's own denominator as in `trends.rank_trend`.

    How it can mislead: trends of opposite sign in different blocks cancel. Runs of one seed count as independent.

    Args:
        levels: of the setting, a run each.
        values: the number, likewise.
        blocks: labels; runs of equal label are compared.
        draws: permutations and bootstrap samples; fixed seed.

    Raises:
        GausslabError: no block has two levels.

    Source: van Elteren (1960), Bulletin of the International Statistical Institute 37:351-361, for rank statistics
    added up over blocks; Kendall (1945), Biometrika 33:239-251, for tau-b.
    """
    parts = [part for label in np.unique(blocks) if len(np.unique(levels[part := np.flatnonzero(blocks == label)])) > 1]
    if not parts:
        raise GausslabError("a trend needs at least two levels of the setting in one block")
    limit = sum(agreement_limit(levels[part], values[part]) for part in parts)
    found = sum(int(agreement(levels[part], values[part])) for part in parts)
    generator = numpy_generator(0, "blocked trend")
    permuted = sum(_permuted(levels[part], values[part], generator, draws) for part in parts)
    return RankTrend(
        levels=tuple(float(level) for level in np.unique(levels)),
        means=tuple(float(values[levels == level].mean()) for level in np.unique(levels)),
        tau=found / limit if limit else 0.0,
        interval=_interval(levels, values, parts, generator, draws, limit),
        p_value=float((1 + np.count_nonzero(np.abs(permuted) >= abs(found))) / (draws + 1)),
        n_runs=sum(len(part) for part in parts),
    )


def _permuted(
    levels: Float64[np.ndarray, " runs"],
    values: Float64[np.ndarray, " runs"],
    generator: np.random.Generator,
    draws: int,
) -> Int64[np.ndarray, " draws"]:
    return agreement(levels, generator.permuted(np.tile(values, (draws, 1)), axis=1))


def _interval(
    levels: Float64[np.ndarray, " runs"],
    values: Float64[np.ndarray, " runs"],
    parts: list[Part],
    generator: np.random.Generator,
    draws: int,
    limit: float,
) -> tuple[float, float]:
    """The percentile interval; NaN with a single run at a level of a block, or nothing to compare."""
    cells = [[part[levels[part] == level] for level in np.unique(levels[part])] for part in parts]
    if not limit or min(len(cell) for block in cells for cell in block) < 2:
        return float("nan"), float("nan")
    total = np.zeros(draws)
    for block in cells:
        index = np.concatenate([generator.choice(cell, (draws, len(cell))) for cell in block], axis=1)
        total += agreement(levels[index], values[index])
    low, high = np.quantile(total / limit, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
