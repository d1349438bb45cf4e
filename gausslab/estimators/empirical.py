r"""Distances between an empirical distribution function and a continuous law, column by column.

They are computed from the law's levels $u_i = F(x_{(i)})$ of the sorted values alone.
"""

import numpy as np
from jaxtyping import Float64

Columns = Float64[np.ndarray, "samples units"]
PerUnit = Float64[np.ndarray, " units"]


def standardised(columns: Columns) -> Columns:
    """Sorted, with mean 0 and variance 1 (n - 1)."""
    values: Columns = np.sort((columns - columns.mean(0)) / columns.std(0, ddof=1), axis=0)
    return values


def kolmogorov(levels: Columns) -> PerUnit:
    r"""$\sup_x |F_n(x) - F(x)| = \max_i \max(\frac in - u_i, u_i - \frac{i-1}n)$."""
    samples = len(levels)
    steps = np.arange(samples + 1)[:, None] / samples
    return np.asarray(np.maximum((steps[1:] - levels).max(0), (levels - steps[:-1]).max(0)))


def cramer_von_mises(levels: Columns) -> PerUnit:
    r"""$n \int (F_n - F)^2 dF = \frac1{12n} + \sum_i (u_i - \frac{2i-1}{2n})^2$."""
    samples = len(levels)
    middles = (2 * np.arange(1, samples + 1) - 1)[:, None] / (2 * samples)
    return np.asarray(1 / (12 * samples) + np.square(levels - middles).sum(0))


def anderson_darling(log_below: Columns, log_above: Columns) -> PerUnit:
    r"""$n \int \frac{(F_n - F)^2}{F (1 - F)} dF = -n - \frac1n \sum_i (2i-1) [\ln u_i + \ln(1 - u_{n+1-i})]$.

    Args:
        log_below: $\ln F$ of the sorted values.
        log_above: $\ln(1 - F)$ of the same, not from $1 - F$: far values would be at infinity.
    """
    samples = len(log_below)
    weights = (2 * np.arange(1, samples + 1) - 1) / samples
    return np.asarray(-samples - weights @ (log_below + log_above[::-1]))
