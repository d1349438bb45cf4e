r"""Doornik and Hansen's omnibus test: skewness and kurtosis of the rotated units."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float64
from scipy import stats
from torch import Tensor

from gausslab.estimators.contract import Reading, Readings
from gausslab.estimators.joint import ClassicalTest, Theory, whitened_code
from gausslab.estimators.moments import standardised


def decorrelated(x: Float64[Tensor, "samples units"], name: str) -> Float64[Tensor, "samples units"]:
    r"""The standardised code times $C^{-1/2}$, the symmetric root of its correlation matrix.

    Of all whitened codes it is the one nearest the standardised one, so the rotation that leads there from any other
    is a Procrustes problem.

    Raises:
        EstimatorError: as for `whitened`.
    """
    z = whitened_code(x, name)
    left, _, right = torch.linalg.svd(z.T @ standardised(x))
    rotation: Tensor = left @ right
    return z @ rotation


def skewness_z(skewness: Float64[Tensor, " units"], samples: int) -> Float64[Tensor, " units"]:
    r"""D'Agostino's (1970) transformation of $\sqrt{b_1}$ to normality, by Johnson's $S_U$."""
    n = samples
    beta = 3 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2) * (n + 5) * (n + 7) * (n + 9))
    omega = math.sqrt(2 * (beta - 1)) - 1
    y = skewness * math.sqrt((omega - 1) / 2 * (n + 1) * (n + 3) / (6 * (n - 2)))
    return y.asinh() / math.sqrt(math.log(omega) / 2)


def kurtosis_z(
    skewness: Float64[Tensor, " units"], kurtosis: Float64[Tensor, " units"], samples: int
) -> Float64[Tensor, " units"]:
    """Doornik and Hansen's transformation of the kurtosis given the skewness: gamma, then Wilson and Hilferty."""
    n, b1 = samples, skewness.square()
    delta = (n - 3) * (n + 1) * (n**2 + 15 * n - 4)
    a = (n - 2) * (n + 5) * (n + 7) * (n**2 + 27 * n - 70) / (6 * delta)
    c = (n - 7) * (n + 5) * (n + 7) * (n**2 + 2 * n - 5) / (6 * delta)
    k = (n + 5) * (n + 7) * (n**3 + 37 * n**2 + 11 * n - 313) / (12 * delta)
    alpha = a + b1 * c
    chi = (kurtosis - 1 - b1) * 2 * k
    return ((chi / (2 * alpha)).clamp(min=0) ** (1 / 3) - 1 + 1 / (9 * alpha)) * (9 * alpha).sqrt()


@dataclass(frozen=True, kw_only=True)
class DoornikHansen(ClassicalTest):
    r"""Doornik-Hansen test: $E_p = \sum_j z_{1j}^2 + z_{2j}^2$ over units rotated to be uncorrelated.

    z_1 and z_2 are the skewness and the kurtosis of a column of $y = C^{-1/2} V^{-1/2} (x - \bar x)$ (C the correlation
    matrix, V the variances), transformed to normality. Row `statistic`. Composite null; two-sided Monte Carlo p, or
    chi-squared with 2 d degrees of freedom. The symmetric root keeps each y as near its own unit as can be, so shape
    that lies along units is still seen. Under a Gaussian the law is that of N(0, I) whatever the covariance.

    How it can mislead: it depends on the axes: non-Gaussian sources that a rotation mixes look Gaussian unit by unit,
    the more so the more units there are, and pass. Blind to anything but skewness and kurtosis. Rotating by the
    covariance instead of the correlation matrix, or (as one program does) centring by the wrong means, gives other
    numbers.

    Source: Doornik & Hansen (2008), Oxford Bulletin of Economics and Statistics 70:927-939.

    Attributes:
        p_values: `monte_carlo` (two-sided) or `asymptotic`, the literature's.
    """

    name: ClassVar[str] = "doornik_hansen"
    min_samples: ClassVar[int] = 8

    def readings(self, x: Float64[Tensor, "samples units"]) -> Readings:
        """E_p."""
        y = decorrelated(x, self.name)
        skewness, kurtosis = (y**3).mean(0), y.square().square().mean(0)
        first = skewness_z(skewness, len(x)).square().sum()
        return {"statistic": Reading(float(first + kurtosis_z(skewness, kurtosis, len(x)).square().sum()))}

    def work(self, samples: int, units: int) -> float:
        """Whitening, rotation and moments."""
        return float(samples) * units * (4 * units + 60)

    def theory(self, readings: Readings, samples: int, units: int) -> Mapping[str, Theory]:
        """Chi-squared law."""
        p_value = float(stats.chi2.sf(readings["statistic"].value, 2 * units))
        return {"statistic": Theory(2.0 * units, 2 * math.sqrt(units), p_value)}
