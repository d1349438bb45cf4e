r"""The Henze-Zirkler test and its family BHEP (Baringhaus, Henze, Epps, Pulley)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from jaxtyping import Float64
from scipy import stats
from torch import Tensor

from gausslab.errors import ConfigError
from gausslab.estimators.contract import NAN, Estimate, Reading, Readings, require_number, shape_of
from gausslab.estimators.joint import ClassicalTest, Theory, whitened_code
from gausslab.estimators.pairs import kernel_sum, pair_work

LOST = 2.0**-53  # beside 1


def bhep(x: Float64[Tensor, "samples units"], beta: float) -> float:
    r"""BHEP statistic against N(0, I), of the samples as they are: whiten them first for the composite null.

    $T = n \int |\phi_n(t) - e^{-\|t\|^2/2}|^2 w(t) dt$ with w the density of $N(0, \beta^2 I)$, in closed form
    $\frac1n \sum_{ij} e^{-\beta^2 \|x_i - x_j\|^2 / 2} - 2 (1+\beta^2)^{-d/2} \sum_i e^{-\frac{\beta^2 \|x_i\|^2}
    {2(1+\beta^2)}} + n (1+2\beta^2)^{-d/2}$. Some programs leave the factor n out.

    Source: Henze & Wagner (1997), Journal of Multivariate Analysis 62:1-23.
    """
    return 1 + bhep_excess(x, beta)


def bhep_excess(x: Float64[Tensor, "samples units"], beta: float) -> float:
    """The statistic less the 1 that the pairs of every sample with itself add to it.

    All that depends on the samples; in many dimensions it is so small that it is lost beside the 1.
    """
    (samples, units), square = shape_of(x, "bhep"), beta**2
    power = -square / (2 * math.log(2))  # of 2: its exponential takes half the time of e's
    pairs = kernel_sum(x, lambda distances: distances.mul_(power).exp2_())
    singles = float((x.square().sum(1) * (-square / (2 * (1 + square)))).exp().sum())
    first, second = (math.exp(-units / 2 * math.log1p(times * square)) for times in (1, 2))
    return pairs / samples - 2 * first * singles + samples * second


def smoothing(samples: int, units: int) -> float:
    r"""Henze and Zirkler's $\beta = \frac1{\sqrt2} (\frac{(2d+1)n}4)^{1/(d+4)}$."""
    return float(((2 * units + 1) * samples / 4) ** (1 / (units + 4)) / math.sqrt(2))


def bhep_moments(units: int, beta: float) -> tuple[float, float]:
    """Mean of T - 1 and variance, in the limit law under the composite null (Henze & Zirkler 1990, theorem 3.2)."""
    d, b = units, beta**2
    a, w = 1 + 2 * b, (1 + b) * (1 + 3 * b)
    mean = -(a ** (-d / 2)) * (1 + d * b / a + d * (d + 2) * b**2 / (2 * a**2))
    variance = (
        2 * (1 + 4 * b) ** (-d / 2)
        + 2 * a**-d * (1 + 2 * d * b**2 / a**2 + 3 * d * (d + 2) * b**4 / (4 * a**4))
        - 4 * w ** (-d / 2) * (1 + 3 * d * b**2 / (2 * w) + d * (d + 2) * b**4 / (2 * w**2))
    )
    return mean, max(variance, 0.0)


@dataclass(frozen=True, kw_only=True)
class HenzeZirkler(ClassicalTest):
    r"""Henze-Zirkler test: BHEP's T of the whitened code, with a kernel width that n and d choose.

    Row `statistic`, $T$ of `bhep` with $\beta = \frac1{\sqrt2} (\frac{(2d+1)n}4)^{1/(d+4)}$ or a beta of one's own.
    Composite null; two-sided Monte Carlo p, or the upper tail of the lognormal law with the mean and variance of T's
    limit law. Pairs are summed tile by tile: n^2 d / 2 multiply-adds, a few megabytes.

    How it can mislead: no power above d = 64 against light tails (a cube, a thin shell), nor above about 16 against
    clusters or one odd direction. The kernel becomes narrower than the distance between neighbours: T is 1 plus less
    than 1e-9, and 1 in double precision from d of about 100. What is left is T - 1, which is summed by itself: its
    Monte Carlo p is valid in every dimension, but a few samples near the mean or near each other decide it, as heavy
    tails have them; a p of one half then says nothing. The lognormal p is that of a limit never reached there: NaN
    where its sd is lost beside 1, as is every p where T - 1 itself underflows (d near 2000).

    Source: Henze & Zirkler (1990), Communications in Statistics - Theory and Methods 19:3595-3617.

    Attributes:
        p_values: `monte_carlo` (two-sided) or `asymptotic`, the literature's.
        beta: smoothing; None for Henze and Zirkler's.
    """

    name: ClassVar[str] = "henze_zirkler"
    min_samples: ClassVar[int] = 4
    beta: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.beta is None:
            return
        require_number(self.name, "beta", self.beta)
        if not self.beta > 0:
            raise ConfigError(f"{self.name}: beta must be above 0, got {self.beta}")

    @property
    def key(self) -> str:
        """Name, and beta if it is one's own."""
        return self.name if self.beta is None else f"{self.name}/beta={self.beta!r}"

    def readings(self, x: Float64[Tensor, "samples units"]) -> Readings:
        """T - 1, which is known to more digits than T where T is all but 1."""
        return {"statistic": Reading(bhep_excess(whitened_code(x, self.name), self._smoothing(*x.shape)))}

    def work(self, samples: int, units: int) -> float:
        """Half of all pairs."""
        return pair_work(samples, units)

    def theory(self, readings: Readings, samples: int, units: int) -> Mapping[str, Theory]:
        """Lognormal law of T, as one of T - 1."""
        mean, variance = bhep_moments(units, self._smoothing(samples, units))
        spread = math.log1p(variance / (1 + mean) ** 2)
        if math.sqrt(spread) < LOST:
            return {"statistic": Theory(mean, math.sqrt(variance), NAN)}
        z = (math.log1p(readings["statistic"].value) - math.log1p(mean) + spread / 2) / math.sqrt(spread)
        return {"statistic": Theory(mean, math.sqrt(variance), float(stats.norm.sf(z)))}

    def rows(self, readings: Readings, x: Float64[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """T itself; no p where it cannot vary."""
        row = super().rows(readings, x)[0]
        p_value = row.p_value if row.null_sd > 0 else NAN
        return (replace(row, value=1 + row.value, null_mean=1 + row.null_mean, p_value=p_value),)

    def _smoothing(self, samples: int, units: int) -> float:
        return smoothing(samples, units) if self.beta is None else self.beta
