r"""How evenly the variance of a code is spread over directions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float64
from scipy.special import xlogy
from torch import Tensor

from gausslab.estimators.calibration import NullLaw, null_laws_of_samples
from gausslab.estimators.contract import Estimate, NullKind, Reading, Readings, checked
from gausslab.estimators.spectra import Eigenvalues, spectrum_of

FEWEST_DEBIASED = 4

Gradient = Float64[np.ndarray, " units"]


def participation(values: Eigenvalues) -> tuple[float, Gradient]:
    r"""$(\sum_k \lambda_k)^2 / \sum_k \lambda_k^2$, and its gradient in the eigenvalues."""
    trace, squares = values.sum(), np.square(values).sum()
    return float(trace**2 / squares), 2 * trace / squares - 2 * trace**2 / squares**2 * values


def effective_rank(values: Eigenvalues) -> tuple[float, Gradient]:
    r"""$\exp(-\sum_k p_k \ln p_k)$ with $p_k = \lambda_k / \sum_j \lambda_j$, and its gradient in the eigenvalues."""
    shares = values / values.sum()
    entropy = -xlogy(shares, shares).sum()
    logs = np.log(np.maximum(shares, np.finfo(np.float64).tiny))
    return float(np.exp(entropy)), -np.exp(entropy) * (logs + entropy) / values.sum()


def isoscore(values: Eigenvalues) -> tuple[float, Gradient]:
    r"""$(PR - 1) / (d - 1)$ of the participation ratio, and its gradient; 1 for a single unit.

    With $\hat\lambda = \sqrt d \lambda / \|\lambda\|$ Rudman et al. define the defect $\delta = \|\hat\lambda - 1\| /
    \sqrt{2 (d - \sqrt d)}$, the share of dimensions used $\phi = (d - \delta^2 (d - \sqrt d))^2 / d^2$ and the score
    $(d \phi - 1) / (d - 1)$; and $d \phi$ is nothing but the participation ratio.
    """
    ratio, gradient = participation(values)
    others = len(values) - 1
    return ((ratio - 1) / others, gradient / others) if others else (1.0, gradient)


def largest_share(values: Eigenvalues) -> tuple[float, Gradient]:
    r"""$\lambda_1$ over the mean eigenvalue, and its gradient in the eigenvalues."""
    mean = values.mean()
    first = np.zeros(len(values))
    first[0] = 1 / mean
    return float(values[0] / mean), first - values[0] / mean**2 / len(values)


SUMMARIES: dict[str, Callable[[Eigenvalues], tuple[float, Gradient]]] = {
    "statistic": participation,
    "effective_rank": effective_rank,
    "isoscore": isoscore,
    "largest_eigenvalue": largest_share,
}


def isotropy_readings(x: Float64[Tensor, "samples units"]) -> Readings:
    r"""Every measure of isotropy, with first-order variances.

    A sample moves the k-th eigenvalue by $(v_k^T (x_i - \bar x))^2 - \lambda_k$, and a smooth function of the
    eigenvalues by its gradient times that.
    """
    found = spectrum_of(x)
    scores = np.square((x - x.mean(0)).numpy() @ found.directions)
    readings = {}
    for name, summary in SUMMARIES.items():
        value, gradient = summary(found.eigenvalues)
        readings[name] = Reading(value, float((scores @ gradient).var()) / len(x))
    readings["outside_bulk"] = Reading(found.outside)
    if len(x) >= FEWEST_DEBIASED:
        debiased = debiased_participation(found.eigenvalues, scores.sum(1))
        readings["debiased"] = Reading(debiased, readings["statistic"].variance)
    return readings


def debiased_participation(values: Eigenvalues, squares: Float64[np.ndarray, " samples"]) -> float:
    r"""Ratio of the unbiased estimates of $(\mathrm{tr} \Sigma)^2$ and $\mathrm{tr} \Sigma^2$, for any law.

    With $T = \mathrm{tr} S$, $U = \mathrm{tr} S^2$ and $Q = \frac1{n-1} \sum_i \|x_i - \bar x\|^4$ they are, but for
    the same factor, $(n^2 - 3n + 1) T^2 + 2 U - n Q$ and $(n - 1)(n - 2) U + T^2 - n Q$.

    Source: Himeno & Yamada (2014), Journal of Multivariate Analysis 130:27-44.
    """
    n = len(squares)
    trace, second, fourth = values.sum(), np.square(values).sum(), np.square(squares).sum() / (n - 1)
    above = (n**2 - 3 * n + 1) * trace**2 + 2 * second - n * fourth
    below = (n - 1) * (n - 2) * second + trace**2 - n * fourth
    return float(above / below)


@dataclass(frozen=True, kw_only=True)
class ParticipationRatio:
    r"""How many directions share the variance of the code, d if all do alike and 1 if there is but one.

    `statistic`: $(\mathrm{tr} S)^2 / \mathrm{tr} S^2$ of the covariance. `debiased`: the same of unbiased estimates of
    numerator and denominator, for any law of the code (from 4 samples on). `effective_rank`: $e^{H(p)}$ with $p_k$
    the eigenvalues' shares of their sum. `isoscore`: $(\mathrm{statistic} - 1) / (d - 1)$, which is what IsoScore comes
    to. `largest_eigenvalue`: over the mean one. `outside_bulk`: share of the eigenvalues outside the Marchenko-Pastur
    bulk of an isotropic code with the same n, d and trace (see `spectra`), the bulk's edges being sharp only for large
    d.

    Simple null, N(0, I), of which mean and common scale do not matter; two-sided Monte Carlo p. Standard errors by the
    delta method, less their excess under the null, and at least the null's spread.

    How it can mislead: it says nothing about Gaussianity, and changes with the units' scales; the plain ratio of n
    samples is at most n - 1 and near $d / (1 + d / n)$ for a perfectly isotropic code, where the debiased one scatters
    about d and may exceed it. For few samples of many units (below about d / 10) the debiased ratio is noise.

    Source: Gao et al. (2017), bioRxiv 214262; Roy & Vetterli (2007), EUSIPCO 606-610; Rudman et al. (2022), Findings of
    ACL 3325-3339; Himeno & Yamada (2014), Journal of Multivariate Analysis 130:27-44.
    """

    name: ClassVar[str] = "participation_ratio"
    null: ClassVar[NullKind] = "simple"
    min_samples: ClassVar[int] = 3

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Rows `statistic`, `debiased`, `effective_rank`, `isoscore`, `largest_eigenvalue` and `outside_bulk`."""
        x = checked(x, self)
        laws = isotropy_null(*x.shape)
        return tuple(_estimate(laws[name], name, reading) for name, reading in isotropy_readings(x).items())


def isotropy_null(samples: int, units: int) -> dict[str, NullLaw]:
    """Null laws of `isotropy_readings`."""
    work = float(samples) * units * (3 * units + 60)
    return null_laws_of_samples("isotropy", samples, units, isotropy_readings, work)


def _estimate(law: NullLaw, name: str, reading: Reading) -> Estimate:
    """The reading; where it peaks, its first-order error vanishes and the null's spread takes over. NaN stays NaN."""
    row = law.estimate(name, reading)
    return replace(row, standard_error=float(np.maximum(row.standard_error, law.sd)))
