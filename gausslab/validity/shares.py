"""Shares of replicates: their intervals, and how improbable they are where a promise holds."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int
from scipy import stats

LEVEL = 0.05
TIES = 1 + 1e-7  # outcomes as probable as the observed one but for rounding count with it

Counts = Int[np.ndarray, "*shares"]


class Beta(NamedTuple):
    """A share that is itself random, Beta(a, b), but the same for all replicates."""

    a: float
    b: float


class Limits(NamedTuple):
    """Ends of 95 % intervals."""

    low: Float64[np.ndarray, "*shares"]
    high: Float64[np.ndarray, "*shares"]


def clopper_pearson(counts: Counts, totals: Counts) -> Limits:
    """Exact 95 % intervals of shares, counts of totals."""
    k, n = counts.astype(np.float64), totals.astype(np.float64)
    low = stats.beta.ppf(LEVEL / 2, np.maximum(k, 1), n - k + 1)
    high = stats.beta.ppf(1 - LEVEL / 2, k + 1, np.maximum(n - k, 1))
    return Limits(np.where(k > 0, low, 0.0), np.where(k < n, high, 1.0))


def binomial_p(count: int, total: int, share: float) -> float:
    """Two-sided p of a count: all counts that are no more probable than it."""
    return _as_improbable(count, stats.binom.pmf(np.arange(total + 1), total, share))


def beta_binomial_p(count: int, total: int, share: Beta) -> float:
    """The same where the share is one draw from a Beta law."""
    return _as_improbable(count, stats.betabinom.pmf(np.arange(total + 1), total, *share))


def at_least_p(count: int, total: int, share: float) -> float:
    """One-sided p of a count against a share that is not to be exceeded."""
    return float(stats.binom.sf(count - 1, total, share))


def _as_improbable(count: int, probabilities: Float64[np.ndarray, " counts"]) -> float:
    return min(1.0, float(probabilities[probabilities <= probabilities[count] * TIES].sum()))
