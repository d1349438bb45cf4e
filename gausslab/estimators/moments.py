r"""KL(p || N(0, I)) of the Gaussian with p's mean and covariance, in closed form, debiased and split."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float64
from scipy.special import digamma
from torch import Tensor

from gausslab.errors import EstimatorError
from gausslab.estimators.calibration import NullLaw, null_laws_of_samples
from gausslab.estimators.contract import Estimate, NullKind, Reading, Readings, checked
from gausslab.estimators.entropy import NEIGHBOUR, neighbour_work

RANK_TOLERANCE = 1e-13


class MomentParts(NamedTuple):
    """Plug-in parts of the moment KL in nats, and what every sample contributes to the error of each."""

    mean_scale: float
    correlation: float
    mean_scale_influence: Float64[Tensor, " samples"]
    correlation_influence: Float64[Tensor, " samples"]


def standardised(x: Float64[Tensor, "samples units"]) -> Float64[Tensor, "samples units"]:
    """Every unit with mean 0 and population variance 1."""
    return (x - x.mean(0)) / x.std(0, correction=0)


def whitened(x: Float64[Tensor, "samples units"], name: str) -> Float64[Tensor, "samples units"]:
    """The samples with mean 0 and population covariance I, by the Cholesky factor of their correlation.

    Raises:
        EstimatorError: no more samples than units, or units that depend linearly on others.
    """
    samples, units = x.shape
    if samples <= units:
        raise EstimatorError(f"{name}: whitening needs more samples than units, got {samples} samples of {units} units")
    standard = standardised(x)
    correlation = standard.T @ standard / samples
    smallest = float(torch.linalg.eigvalsh(correlation)[0])
    if smallest < RANK_TOLERANCE * units:
        raise EstimatorError(
            f"{name}: expected linearly independent units, but a combination of them is constant "
            f"(smallest eigenvalue of the correlation matrix {smallest:.1e}, {units} units)"
        )
    factor = torch.linalg.cholesky(correlation)
    columns: Tensor = torch.linalg.solve_triangular(factor, standard.T, upper=False)
    return columns.T.contiguous()


def moment_parts(x: Float64[Tensor, "samples units"], z: Float64[Tensor, "samples units"]) -> MomentParts:
    r"""Mean-and-scale part, correlation part, and their influences by the delta method.

    $\frac12 \sum_j (s_j^2 + m_j^2 - 1 - \ln s_j^2)$ and $-\frac12 \ln\det R$, population variances.

    Args:
        x: the code as given.
        z: the same, whitened.
    """
    standard = standardised(x)
    parts = plug_in_parts(x.mean(0), x.std(0, correction=0), standard.T @ standard / len(x))
    own, joint = standard.square().sum(1) / 2, z.square().sum(1) / 2
    return MomentParts(*parts, x.square().sum(1) / 2 - own, own - joint)


def plug_in_parts(
    mean: Float64[Tensor, " units"], scale: Float64[Tensor, " units"], correlation: Float64[Tensor, "units units"]
) -> tuple[float, float]:
    """The two parts from the moments alone: `scale` the population standard deviations, `correlation` their matrix."""
    mean_scale = (scale.square() + mean.square() - 1 - 2 * scale.log()).sum() / 2
    _, log_determinant = torch.linalg.slogdet(correlation.clone().fill_diagonal_(1))
    return float(mean_scale), -float(log_determinant) / 2


def moment_biases(samples: int, units: int) -> tuple[float, float]:
    r"""Exact means of the two plug-in parts' excess over the truth, for every Gaussian law and for no other.

    $\frac d2 [\ln\frac n2 - \psi(\frac{n-1}2)]$ and $\frac12 \sum_{i=1}^d [\psi(\frac{n-1}2) - \psi(\frac{n-i}2)]$.
    """
    each = digamma((samples - np.arange(1, units + 1)) / 2)
    return units / 2 * float(math.log(samples / 2) - each[0]), float((each[0] - each).sum()) / 2


def moment_readings(x: Float64[Tensor, "samples units"], name: str) -> Readings:
    """Plug-in moment KL."""
    return {"moment_kl": moment_reading(moment_parts(x, whitened(x, name)))}


def moment_reading(parts: MomentParts) -> Reading:
    """Plug-in moment KL, the sum of its parts."""
    influence = parts.mean_scale_influence + parts.correlation_influence
    return Reading(parts.mean_scale + parts.correlation, delta_variance(influence))


def moment_part_readings(parts: MomentParts) -> Readings:
    """Plug-in parts with their first-order variances."""
    return {
        "mean_scale": Reading(parts.mean_scale, delta_variance(parts.mean_scale_influence)),
        "correlation": Reading(parts.correlation, delta_variance(parts.correlation_influence)),
    }


def delta_variance(influence: Float64[Tensor, " samples"]) -> float:
    """First-order variance of an estimate from the influence of every sample on it."""
    return float(influence.numpy().var() / len(influence))


def moment_null(samples: int, units: int) -> dict[str, NullLaw]:
    """Null law of `moment_readings` on samples of N(0, I)."""
    work = float(samples) * units * (4 * units + 100)
    return null_laws_of_samples("moments", samples, units, lambda x: moment_readings(x, "null law"), work)


def whitened_key(k: int) -> str:
    """What begins the key of the null laws of whitened codes, and so names their Gaussian samples."""
    return f"knn-whitened/k={k}"


def moment_part_null(samples: int, units: int) -> dict[str, NullLaw]:
    """Null laws of `moment_part_readings` on the very samples of the decomposition's null, without its neighbours."""
    return null_laws_of_samples(
        "moment-parts",
        samples,
        units,
        lambda x: moment_part_readings(moment_parts(x, whitened(x, "null law"))),
        neighbour_work(samples, units),
        stream=whitened_key(NEIGHBOUR),
    )


@dataclass(frozen=True, kw_only=True)
class MomentKL:
    r"""KL(N(m, S) || N(0, I)) in nats, with m and S the mean and population covariance of the code.

    `statistic`: $\frac12 (\mathrm{tr} S + m^T m - d - \ln\det S)$. `debiased`: minus its exact excess for Gaussian
    samples, $\frac12 [d \ln\frac n2 - \sum_{i=1}^d \psi(\frac{n-i}2)]$, which is 2.14 nats at n = 2000, d = 128.
    `mean_scale` and `correlation`: the two parts of `debiased`, each less its own exact bias; the same numbers as those
    of `KLDecomposition` with its default k, but also there for a code whose samples repeat (atoms), of which nearest
    neighbours say nothing. Simple null, two-sided Monte Carlo p.

    The standard error is the delta method's, less its excess under the null (where the first-order term vanishes and
    the delta method counts the second-order one twice), and at least the null's spread.

    How it can mislead: it is the KL of p only for a Gaussian p, and a lower bound of it otherwise; 0 says nothing about
    anything but mean and covariance. The debiasing is exact for Gaussian samples only: where units have an excess
    kurtosis k, `mean_scale` is off by about $dk/4n$ nats (at 500 x 128, a uniform cube by -0.08 and Laplace by +0.19),
    and where units share a scale much more is left: of an elliptical t5 of 500 x 128, 7 nats in `correlation` and in
    `debiased` where 0 is true (`studies/estimator_validity`). Needs more samples than units.

    Source: Kullback (1959), Information Theory and Statistics, ch. 9; the bias from E ln det of a Wishart matrix,
    Anderson (2003), An Introduction to Multivariate Statistical Analysis, 7.5.
    """

    name: ClassVar[str] = "moment_kl"
    null: ClassVar[NullKind] = "simple"
    min_samples: ClassVar[int] = 3

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Rows `statistic`, `debiased`, `mean_scale` and `correlation`."""
        x = checked(x, self)
        samples, units = x.shape
        parts = moment_parts(x, whitened(x, self.name))
        reading, law = moment_reading(parts), moment_null(samples, units)["moment_kl"]
        return (
            moment_estimate(law, reading, "statistic"),
            moment_estimate(law, reading, "debiased", sum(moment_biases(samples, units))),
            *moment_part_estimates(moment_part_null(samples, units), moment_part_readings(parts), samples, units),
        )


def moment_part_estimates(
    laws: Mapping[str, NullLaw], readings: Readings, samples: int, units: int
) -> tuple[Estimate, Estimate]:
    """Rows `mean_scale` and `correlation`, debiased."""
    first, second = moment_biases(samples, units)
    return (
        moment_estimate(laws["mean_scale"], readings["mean_scale"], "mean_scale", first),
        moment_estimate(laws["correlation"], readings["correlation"], "correlation", second),
    )


def moment_estimate(law: NullLaw, reading: Reading, statistic: str, bias: float = 0.0) -> Estimate:
    """A moment part less a known bias (then its null mean is 0 exactly), with an error of at least the null's spread.

    Where the part vanishes its first-order term does too, and the delta method's own noise would let single error bars
    become far too small.
    """
    row = vars(law.estimate(statistic, reading, quantity="nats"))
    row["standard_error"] = max(row["standard_error"], law.sd)
    if bias:
        row |= {"value": reading.value - bias, "null_mean": 0.0}
    return Estimate(**row)
