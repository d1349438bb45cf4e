r"""Mardia's multivariate skewness and kurtosis of the whitened code."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float64
from scipy import stats
from torch import Tensor

from gausslab.estimators.contract import Reading, Readings
from gausslab.estimators.joint import ClassicalTest, Theory, whitened_code
from gausslab.estimators.pairs import pair_work, product_sum

ROWS = 4096  # samples in one matrix product


def third_moment_square(z: Float64[Tensor, "samples units"]) -> float:
    r"""$b_{1,d} = \frac1{n^2} \sum_{ij} (z_i \cdot z_j)^3 = \sum_{abc} (\frac1n \sum_i z_{ia} z_{ib} z_{ic})^2$.

    The pairs, tile by tile, or the third moments, whichever are fewer: half of n^2 d multiply-adds against a third of
    n d^3.
    """
    samples, units = z.shape
    if _tensor_work(samples, units) < pair_work(samples, units):
        return sum(_moments_from(z, first) for first in range(units))
    return product_sum(z, lambda products: products.mul_(products * products)) / samples**2


def _moments_from(z: Float64[Tensor, "samples units"], first: int) -> float:
    """Squares of the third moments whose least index is `first`, each as often as its orderings."""
    blocks = (z[start : start + ROWS, first:] for start in range(0, len(z), ROWS))
    moments = sum(((block[:, :1] * block).T @ block for block in blocks), start=z.new_zeros(())) / len(z)
    return float(3 * moments.square().sum() - 3 * moments[:, 0].square().sum() + moments[0, 0].square())


def _tensor_work(samples: int, units: int) -> float:
    return float(samples) * units**2 * (units + 48) / 3


@dataclass(frozen=True, kw_only=True)
class MardiaSkewness(ClassicalTest):
    r"""Mardia's multivariate skewness, $b_{1,d} = \frac1{n^2} \sum_{ij} (z_i \cdot z_j)^3$ of the whitened code z.

    Rows: `statistic`, $b_{1,d}$ with the population covariance; `chi_squared`, $n b_{1,d} / 6$, and
    `chi_squared_small`, the same times Mardia's factor $k = \frac{(d+1)(n+1)(n+3)}{n((n+1)(d+1)-6)}$, which makes its
    mean exact. Composite null; two-sided Monte Carlo p, or by chi-squared with $\frac{d(d+1)(d+2)}6$ degrees of
    freedom (`statistic` then has the p of `chi_squared_small`).

    How it can mislead: a small p is no proof of skewness. Heavy tails raise the third moments' spread and with it
    $b_{1,d}$, light tails lower it, so in many dimensions symmetric laws such as t or a cube are rejected too; two
    equal clusters are not seen. Without the factor k the asymptotic p is too large for small n. Some programs divide by
    n - 1 in the covariance: their b is smaller by $((n-1)/n)^3$.

    Source: Mardia (1970), Biometrika 57:519-530; Mardia (1974), Sankhya B 36:115-128 (the factor).

    Attributes:
        p_values: `monte_carlo` (two-sided) or `asymptotic`, the literature's.
    """

    name: ClassVar[str] = "mardia_skewness"
    min_samples: ClassVar[int] = 4

    def readings(self, x: Float64[Tensor, "samples units"]) -> Readings:
        """Skewness and its two scalings."""
        samples, units = x.shape
        skewness = third_moment_square(whitened_code(x, self.name))
        scaled = samples * skewness / 6
        return {
            "statistic": Reading(skewness),
            "chi_squared": Reading(scaled),
            "chi_squared_small": Reading(scaled * small_sample_factor(samples, units)),
        }

    def work(self, samples: int, units: int) -> float:
        """The cheaper of pairs and third moments."""
        return min(_tensor_work(samples, units), pair_work(samples, units))

    def theory(self, readings: Readings, samples: int, units: int) -> Mapping[str, Theory]:
        """Chi-squared laws; means exact."""
        freedom, factor = units * (units + 1) * (units + 2) / 6, small_sample_factor(samples, units)
        p_value, small = (
            float(stats.chi2.sf(readings[name].value, freedom)) for name in ("chi_squared", "chi_squared_small")
        )
        mean, sd = freedom / factor, math.sqrt(2 * freedom) / factor
        return {
            "statistic": Theory(6 * mean / samples, 6 * sd / samples, small),
            "chi_squared": Theory(mean, sd, p_value),
            "chi_squared_small": Theory(freedom, math.sqrt(2 * freedom), small),
        }


def small_sample_factor(samples: int, units: int) -> float:
    r"""$\frac{(d+1)(n+1)(n+3)}{n((n+1)(d+1)-6)}$: degrees of freedom over the exact mean of $n b_{1,d} / 6$."""
    return (units + 1) * (samples + 1) * (samples + 3) / (samples * ((samples + 1) * (units + 1) - 6))


@dataclass(frozen=True, kw_only=True)
class MardiaKurtosis(ClassicalTest):
    r"""Mardia's multivariate kurtosis, $b_{2,d} = \frac1n \sum_i \|z_i\|^4$ of the whitened code z.

    Rows: `statistic`, $b_{2,d}$ with the population covariance; `z_exact`, standardised by its exact moments under the
    null, mean $d(d+2)\frac{n-1}{n+1}$ and variance $\frac{8d(d+2)(n-3)(n-d-1)(n-d+1)}{(n+1)^2(n+3)(n+5)}$; `z`, by
    their limits $d(d+2)$ and $8d(d+2)/n$. Composite null; two-sided p, Monte Carlo or normal (`statistic` then has the
    p of `z_exact`).

    How it can mislead: `z` is what most programs test, and its normal p rejects a perfect Gaussian 99 % of the time at
    n = 500, d = 128. Light tails in some directions cancel heavy ones in others, and marginal shape averages out
    against the radius: one bimodal unit among many is not seen.

    Source: Mardia (1970), Biometrika 57:519-530; Mardia & Kent (1991), Biometrika 78:355-363; exact moments in Mardia
    (1974), Sankhya B 36:115-128.

    Attributes:
        p_values: `monte_carlo` (two-sided) or `asymptotic`, the literature's.
    """

    name: ClassVar[str] = "mardia_kurtosis"
    min_samples: ClassVar[int] = 4

    def readings(self, x: Float64[Tensor, "samples units"]) -> Readings:
        """Kurtosis and its two standardisations."""
        samples, units = x.shape
        kurtosis = float(whitened_code(x, self.name).square().sum(1).square().mean())
        limit = units * (units + 2)
        mean, variance = kurtosis_moments(samples, units)
        return {
            "statistic": Reading(kurtosis),
            "z": Reading((kurtosis - limit) / math.sqrt(8 * limit / samples)),
            "z_exact": Reading((kurtosis - mean) / math.sqrt(variance)),
        }

    def work(self, samples: int, units: int) -> float:
        """Whitening."""
        return float(samples) * units * (2 * units + 48)

    def theory(self, readings: Readings, samples: int, units: int) -> Mapping[str, Theory]:
        """Normal laws; mean and variance exact except where the limits are asked for."""
        p_value, exact = (float(2 * stats.norm.sf(abs(readings[name].value))) for name in ("z", "z_exact"))
        mean, variance = kurtosis_moments(samples, units)
        return {
            "statistic": Theory(mean, math.sqrt(variance), exact),
            "z": Theory(0.0, 1.0, p_value),
            "z_exact": Theory(0.0, 1.0, exact),
        }


def kurtosis_moments(samples: int, units: int) -> tuple[float, float]:
    """Exact mean and variance of Mardia's kurtosis of Gaussian samples."""
    limit, n = units * (units + 2), samples
    variance = 8 * limit * (n - 3) * (n - units - 1) * (n - units + 1) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    return limit * (n - 1) / (n + 1), variance
