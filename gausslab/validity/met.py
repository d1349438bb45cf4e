"""How many replicates the null laws had that the codes met, read from their p-values.

Cells do not record it, and the laws that are shipped today need not be those that were shipped, or drawn, when a cell
was measured. But a Monte Carlo p is a count: a whole multiple of 1 / (B + 1) wherever the law keeps every replicate.
"""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from jaxtyping import Float64

from gausslab.errors import RunError
from gausslab.estimators.null_law import DENSE
from gausslab.estimators.null_study import FINE, TIMES
from gausslab.validity.nulls import NULLS
from gausslab.validity.promises import MonteCarlo
from gausslab.validity.rows import TRUE_NULL

STEP = 40  # of B + 1, where a test at 5 % rejects 5 %
CHANCE = 1e-3  # that p-values of more replicates look like those of fewer
EXACT = 1e-6  # of a replicate, lost to text and single precision

Tails = Float64[np.ndarray, " values"]
Met = dict[tuple[str, str, int, int], int]
"""Estimator, statistic, number of samples and of units -> B of the null law."""

COUNTED = {row: null for row, null in NULLS.items() if isinstance(null, MonteCarlo) and null.by_units}
"""The rows that can be read: p-values by laws of single units are in no cell, or continued by a fitted tail."""


def replicates_met(raw: pd.DataFrame) -> Met:
    """B of every null law that true Gaussians of each size met and that can be read.

    Args:
        raw: rows of `run`.

    Raises:
        RunError: p-values fit no number of replicates, or there is no law to say how many they should have.
    """
    rows = raw[(raw["law"] == TRUE_NULL) & raw["p_value"].notna()]
    sizes = rows[["n_samples", "n_units"]].drop_duplicates().itertuples(index=False)
    return {key: number for samples, units in sizes for key, number in _of_size(rows, samples, units).items()}


def _of_size(rows: pd.DataFrame, samples: int, units: int) -> Met:
    """Statistics of one family share their law, and are read together."""
    here = rows[(rows["n_samples"] == samples) & (rows["n_units"] == units)]
    by_row = {row: part["p_value"].to_numpy() for row, part in here.groupby(["estimator", "statistic"])}
    found: Met = {}
    for family in dict.fromkeys(null.family for null in COUNTED.values()):
        tails = {
            row: by_row[row] / null.tails for row, null in COUNTED.items() if null.family == family and row in by_row
        }
        if tails:
            expected = COUNTED[next(iter(tails))].replicates(samples, units)
            number = read_replicates(np.concatenate(list(tails.values())), expected, len(tails))
            if number is None:
                raise RunError(f"p-values by {family!r} at {samples} x {units} fit no number of replicates")
            found |= {(*row, samples, units): number for row in tails}
    return found


def read_replicates(tails: Tails, expected: int, statistics: int = 1) -> int | None:
    """B by p-values of one tail; the expected one unless they say otherwise, None if they fit none.

    A law that was drawn for the code keeps every replicate, one that is shipped those of the tails: first all p-values
    are asked, then those of the tails. Fewer replicates than expected are believed where so many p-values would be
    multiples of the coarser step by chance once in a thousand times.

    >>> read_replicates(np.arange(1, 11) / 80, 159), read_replicates(np.array([2, 4]) / 80, 159)
    (79, 159)

    Args:
        tails: p-values of all statistics of a law.
        expected: B of the law as it is now.
        statistics: how many there are; those of one code count as one.
    """
    drawn, shipped = (_fitting(tails, expected, statistics, reach) for reach in (lambda replicates: 0.5, _reach))
    return drawn or shipped


def _fitting(tails: Tails, expected: int, statistics: int, reach: Callable[[int], float]) -> int | None:
    """B by the p-values up to what a law of B reaches."""
    asked = {each: tails[tails <= reach(each)] for each in _candidates(expected)}
    fitting = [each for each, within in asked.items() if _whole(within, each)]
    if not fitting:
        return None
    likely = expected if expected in fitting else fitting[-1]
    for fewer in fitting:
        evidence = len(asked[fewer]) // statistics
        if fewer < likely and ((fewer + 1) / (likely + 1)) ** evidence < CHANCE:
            return fewer
    return likely


def _candidates(expected: int) -> list[int]:
    """As a user, or the grid, may have drawn a law, ascending; the grid has more of what is cheap."""
    drawn = {*range(STEP - 1, FINE + 1, STEP), expected}
    return sorted(drawn | ({expected // TIMES} if expected > FINE else set()))


def _reach(replicates: int) -> float:
    """The p of one tail up to which every replicate is kept."""
    return max(DENSE, math.ceil(replicates / 50)) / (replicates + 1) * (1 + EXACT)


def _whole(tails: Tails, replicates: int) -> bool:
    steps = tails * (replicates + 1)
    return bool((np.abs(steps - np.rint(steps)) < EXACT).all() and (steps > 1 - EXACT).all())
