r"""Royston's H: the Shapiro-Wilk statistics of all units, put together."""

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float64
from scipy.special import chdtr, chdtrc, chdtri, gammaincinv, ndtr, ndtri
from torch import Tensor

from gausslab.estimators.calibration import NullLaw
from gausslab.estimators.contract import Estimate, Reading, Readings, checked, computed_from
from gausslab.estimators.joint import JointTest, Theory, require_p_values, theoretical
from gausslab.estimators.moments import standardised
from gausslab.estimators.univariate.regression import normal_scores, weights
from gausslab.seeding import torch_generator

MOST = 5000
OWN_POWER = 8
WIDEST = 2.0


@cache
def scores(samples: int) -> Float64[np.ndarray, "tests samples"]:
    """Weights of the ordered samples, of unit length: Shapiro-Wilk's by Royston's approximation; Shapiro-Francia's."""
    normal = normal_scores(samples)
    return np.array([weights(samples), normal / np.linalg.norm(normal)])


def unit_evidence(w: Float64[np.ndarray, " units"], samples: int) -> Float64[np.ndarray, " units"]:
    r"""$R = \Phi^{-1}(\frac12 \Phi(-z))^2$, chi-squared(1) under the null, z being W made normal (Royston 1992)."""
    logarithm = math.log(samples)
    mean = np.polyval([0.0038915, -0.083751, -0.31082, -1.5861], logarithm)
    sd = math.exp(np.polyval([0.0030302, -0.082676, -0.4803], logarithm))
    z = (np.log1p(-w) - mean) / sd
    return np.asarray(ndtri(ndtr(-z) / 2) ** 2)


class Degrees(NamedTuple):
    """Degrees of freedom of the sum of the units' evidence: without correlation, as published, and by our fit."""

    units: int
    published: float
    own: float


def published_degrees(correlation: Float64[Tensor, "units units"], samples: int) -> float:
    r"""Royston's equivalent degrees of freedom $e = d / (1 + (d-1) \bar c)$, from his fit of the correlation of R.

    $c = r^5 [1 - \frac\mu\nu (1-r)^\mu]$, $\mu = .715$ and $\nu$ a cubic in $\ln n$. The fit turns negative for
    correlations of about .4 to .75 and many samples; e is kept below 2 d there.
    """
    scale = float(np.polyval([-0.0018034, 0.015124, 0, 0.21364], math.log(samples)))
    fitted = correlation**5 * (1 - 0.715 / scale * (1 - correlation).clamp(min=0) ** 0.715)
    return _degrees(fitted)


def own_degrees(correlation: Float64[Tensor, "units units"]) -> float:
    r"""The same with $c = r^8$: within .06 of the correlation of R at every r, for n of 50 to 4000 (Monte Carlo)."""
    return _degrees(correlation**OWN_POWER)


def _degrees(between: Float64[Tensor, "units units"]) -> float:
    units = len(between)
    excess = float(between.fill_diagonal_(0).sum()) / units  # (d - 1) times the mean off the diagonal
    return units / max(1 + excess, 1 / WIDEST)


@dataclass(frozen=True, kw_only=True)
class Royston(JointTest):
    r"""Royston's test: $H = \frac ed \sum_j R_j$, with $R_j$ the evidence of unit j's Shapiro-Wilk W.

    $R_j = \Phi^{-1}(\frac12 \Phi(-z_j))^2$ with $z_j$ the normalised W, and e the equivalent degrees of freedom that
    the correlations between units leave. Rows: `statistic` takes Shapiro-Francia's W' for units of kurtosis above 3, as
    the programs in use do; `shapiro_wilk` takes W for all units, as published. Composite null.

    p by chi-squared with e degrees of freedom (`asymptotic`), or two-sided Monte Carlo from the law of $\sum_j R_j$ on
    N(0, I); units that correlate make that law wider, so the sum is first carried to the same chi-squared quantile with
    d degrees of freedom from $d / (1 + (d-1) \overline{r^8})$, our fit.

    How it can mislead: W's normalisation is invalid above n = 5000, so there a seeded subsample of 5000 is tested, and
    `n_samples` says 5000. The asymptotic p of `statistic` rejects a Gaussian in 8-11 % at nominal 5 %, because W' is
    normalised as if it were W; with correlations of about .6 and n above 1000 both reject up to 20 %, because the
    published e exceeds d there. The Monte Carlo p keeps 5 % without correlation and about 2 % with very high ones.
    It sees units, not directions: rotated sources pass. Ties, such as the exact zeros after a ReLU, reject by
    themselves.

    Source: Royston (1983), Applied Statistics 32:121-133; Royston (1992), Statistics and Computing 2:117-119.

    Attributes:
        p_values: `monte_carlo` (two-sided) or `asymptotic`, the literature's.
    """

    name: ClassVar[str] = "royston"
    min_samples: ClassVar[int] = 12
    p_values: str = "monte_carlo"

    def __post_init__(self) -> None:
        require_p_values(self.name, self.p_values)

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Rows `statistic` and `shapiro_wilk`."""
        x = _subsample(checked(x, self))
        return computed_from(len(x), self.rows(self.readings(x), x))

    def readings(self, x: Float64[Tensor, "samples units"]) -> Readings:
        """Sums of the units' evidence."""
        ordered = np.sort(standardised(x).T.contiguous().numpy(), axis=1)
        wilk, francia = np.square(scores(len(x)) @ ordered.T) / len(x)
        heavy = (ordered**4).mean(1) > 3
        sums = {"statistic": np.where(heavy, francia, wilk), "shapiro_wilk": wilk}
        return {name: Reading(float(unit_evidence(w, len(x)).sum())) for name, w in sums.items()}

    def work(self, samples: int, units: int) -> float:
        """Sorting every unit."""
        return float(samples) * units * 200

    def rows(self, readings: Readings, x: Float64[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """H beside its null."""
        standard = standardised(x)
        correlation = standard.T @ standard / len(x)
        degrees = Degrees(x.shape[1], published_degrees(correlation, len(x)), own_degrees(correlation))
        sums = {name: reading.value for name, reading in readings.items()}
        if self.p_values == "asymptotic":
            return tuple(_asymptotic(name, total, degrees) for name, total in sums.items())
        laws = self.null_laws(*x.shape)
        return tuple(_monte_carlo(name, total, degrees, laws[name]) for name, total in sums.items())


def _asymptotic(name: str, total: float, degrees: Degrees) -> Estimate:
    published = degrees.published
    value = published / degrees.units * total
    return theoretical(
        name, Reading(value), Theory(published, math.sqrt(2 * published), float(chdtrc(published, value)))
    )


def _monte_carlo(name: str, total: float, degrees: Degrees, law: NullLaw) -> Estimate:
    """The p of the sum without correlation that has the same chi-squared quantile."""
    scale = degrees.published / degrees.units
    row = law.estimate(name, Reading(_without_correlation(total, degrees)), null="composite")
    sd = scale * law.sd * math.sqrt(degrees.units / degrees.own)
    return replace(row, value=scale * total, null_mean=scale * law.mean, null_sd=sd)


def _without_correlation(total: float, degrees: Degrees) -> float:
    units, own = degrees.units, degrees.own
    reduced = total * own / units
    if reduced < own:  # each tail from its own end, so that no probability rounds to 1
        return float(2 * gammaincinv(units / 2, chdtr(own, reduced)))
    return float(chdtri(units, chdtrc(own, reduced)))


def _subsample(x: Float64[Tensor, "samples units"]) -> Float64[Tensor, "chosen units"]:
    if len(x) <= MOST:
        return x
    chosen = torch.randperm(len(x), generator=torch_generator(0, "royston"))[:MOST]
    return x[chosen.sort().values]
