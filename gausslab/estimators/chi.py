r"""Logarithms of the chi law's distribution function and its complement, finite at every radius above 0."""

import numpy as np
from jaxtyping import Float64
from scipy.special import gammainc, gammaincc, gammaln, hyp1f1

TINY = 1e-280
TERMS = 200

Values = Float64[np.ndarray, " values"]


def log_levels(radii: Values, units: int) -> tuple[Values, Values]:
    r"""$\ln F(r)$ and $\ln(1 - F(r))$ of chi(d).

    From the incomplete gamma functions of $a = d/2$ and $x = r^2/2$, and where these underflow from Kummer's series
    $P = x^a e^{-x} M(1, a+1, x) / \Gamma(a+1)$ and Legendre's continued fraction for Q.

    Source: NIST Digital Library of Mathematical Functions, 8.5.1 and 8.9.2.
    """
    shape, x = units / 2, np.maximum(np.square(radii) / 2, np.finfo(np.float64).tiny)
    below, above = gammainc(shape, x), gammaincc(shape, x)
    logs = _log(below, above), _log(above, below)
    for found, level, far in zip(logs, (below, above), (_log_lower, _log_upper), strict=True):
        found[level < TINY] = far(shape, x[level < TINY])
    return logs


def _log(level: Values, complement: Values) -> Values:
    """Logarithm of a level, through its complement where that is the smaller."""
    near_one = np.log1p(-np.minimum(complement, 0.5))
    return np.asarray(np.where(level > complement, near_one, np.log(np.maximum(level, TINY))))


def _log_lower(shape: float, x: Values) -> Values:
    return np.asarray(shape * np.log(x) - x - gammaln(shape + 1) + np.log(hyp1f1(1, shape + 1, x)))


def _log_upper(shape: float, x: Values) -> Values:
    fraction = x + 2 * TERMS + 1 - shape
    for term in range(TERMS, 0, -1):
        fraction = x + 2 * term - 1 - shape - term * (term - shape) / fraction
    return np.asarray(shape * np.log(x) - x - gammaln(shape) - np.log(fraction))
