r"""Differential entropy by nearest neighbours (Kozachenko & Leonenko 1987)."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.errors import EstimatorError
from gausslab.estimators.calibration import NullLaw, null_laws_of_samples
from gausslab.estimators.contract import (
    Estimate,
    NullKind,
    Reading,
    Readings,
    checked,
    computed_from,
    over_leading_axes,
    require_positive,
    usable,
)
from gausslab.estimators.duplicates import DUPLICATES, require_known, without_duplicates
from gausslab.estimators.log_distances import (
    LogDistances,
    all_log_distances,
    constant,
    jackknife_variance,
    log_distances,
)
from gausslab.estimators.neighbours import NORMS, norm_named

__all__ = [
    "KnnEntropy",
    "LogDistances",
    "Measured",
    "NeighbourEstimator",
    "constant",
    "jackknife_variance",
    "knn_entropy",
    "kozachenko_leonenko",
    "log_distances",
    "neighbour_work",
    "plain_null",
    "plain_readings",
    "without_duplicates",
]

SPARE = 3
NEIGHBOUR = 5


def kozachenko_leonenko(z: Float[Tensor, "*batch samples units"], k: int = 1) -> Float[Tensor, "*batch"]:
    r"""Entropy of a batch in nats, differentiable: the EAE's training loss is its negative; `losses.knn_entropy`.

    $\hat H = \psi(n) - \psi(k) + \ln V_d + \frac{d}{2n} \sum_i \ln(R_{ik}^2 + \epsilon^2)$ with $R_{ik}$ the distance
    to the k-th nearest other sample, $V_d$ the volume of the unit ball and $\epsilon$ the dtype's machine epsilon,
    which keeps value and gradient finite for duplicates and is lost in rounding otherwise. Matrix products choose the
    neighbour, its distance is recomputed from the difference.

    How it can mislead: its bias depends on n, d and the law. Maximised without bound it ends in a thin shell above the
    Gaussian's value, so compare it with Gaussian samples of the same shape (`KnnEntropy`), not with the closed form.

    Args:
        z: a batch, samples x units; leading axes are codes, each with its own entropy.
        k: which neighbour.

    Raises:
        EstimatorError: there are no k other samples.
    """
    return over_leading_axes(lambda code: _entropy(code, k), "kozachenko_leonenko", z)


def _entropy(z: Float[Tensor, "samples units"], k: int) -> Float[Tensor, ""]:
    samples, units = z.shape
    if not 1 <= k < samples:
        raise EstimatorError(f"kozachenko_leonenko: expected k between 1 and {samples - 1} (samples - 1), got {k}")
    squares = (z - z[_kth_neighbour(z.detach(), k)]).square().sum(1)
    return units / 2 * (squares + torch.finfo(z.dtype).eps ** 2).log().mean() + constant(samples, units, k)


def _kth_neighbour(z: Float[Tensor, "samples units"], k: int) -> Tensor:
    centred = z - z.mean(0)
    offsets = torch.addmm(centred.square().sum(1), centred, centred.T, alpha=-2).fill_diagonal_(torch.inf)
    candidates = offsets.topk(min(k + SPARE, len(z) - 1), dim=1, largest=False).indices
    squares = (z[candidates] - z.unsqueeze(1)).square().sum(-1)
    return candidates.gather(1, squares.argsort(dim=1)[:, k - 1 : k]).squeeze(1)


class Measured(NamedTuple):
    """A number and its standard error."""

    value: float
    standard_error: float


def knn_entropy(
    x: Float[Tensor, "samples units"],
    k: int | Sequence[int] = NEIGHBOUR,
    norm: str = "euclidean",
    duplicates: str = "error",
) -> dict[int, Measured]:
    r"""Kozachenko-Leonenko entropy in nats, computed in float64; several k cost one search.

    $\hat H_k = \psi(n) - \psi(k) + \ln V_d + \frac dn \sum_i \ln R_{ik}$, with distances and the volume $V_d$ of the
    unit ball in the same norm ($2^d$ in the max norm). The standard error is a delete-one jackknife, too large in the
    mean (Efron & Stein 1981): 1 to 1.5 of the true spread for Gaussian and Laplace codes of 1 to 32 units at n = 500,
    nearest to 1 for many units and large k, and up to 1.9 for a single uniform unit.

    How it can mislead: above about 4 units the bias depends on the law and the width (`KnnEntropy`); a larger k has
    less variance and more bias. Every duplicate makes it -infinity. The differentiable one is `kozachenko_leonenko`.

    Args:
        x: samples x units.
        k: which neighbour, or several.
        norm: `euclidean` or `max`.
        duplicates: `error`, `drop` or `jitter`, see `without_duplicates`.

    Returns:
        Value and standard error by k.

    Raises:
        EstimatorError: samples that cannot be used, fewer than k + 2 of them, or duplicates.
        ConfigError: an option has a value that makes no sense.
    """
    several = tuple(k) if isinstance(k, Iterable) else (k,)
    for each in several:
        require_positive("knn_entropy", "k", each)
    require_known("knn_entropy", "duplicates", duplicates, DUPLICATES)
    fewest = max(several) + 2
    kept = without_duplicates(usable(x, "knn_entropy", fewest), duplicates, "knn_entropy")
    terms = all_log_distances(usable(kept, "knn_entropy", fewest), several, norm)
    return {k: Measured(each.entropy, math.sqrt(jackknife_variance(each.influence))) for k, each in terms.items()}


def plain_readings(x: Float64[Tensor, "samples units"], k: int, norm: str = "euclidean") -> Readings:
    r"""Entropy of the code as given, and divergence $-\hat H + \frac d2 \ln 2\pi + \frac1{2n} \sum_i \|x_i\|^2$."""
    terms = log_distances(x, k, norm)
    radii = x.square().sum(1) / 2
    divergence = -terms.entropy + x.shape[1] / 2 * math.log(2 * math.pi) + float(radii.numpy().mean())
    return {
        "entropy": Reading(terms.entropy, jackknife_variance(terms.influence)),
        "divergence": Reading(divergence, jackknife_variance(radii - terms.influence)),
    }


def plain_null(samples: int, units: int, k: int, norm: str = "euclidean") -> dict[str, NullLaw]:
    """Null laws of `plain_readings` on samples of N(0, I); shared by all estimators that read the code as given."""
    named = "" if norm == "euclidean" else f"/norm={norm}"
    work = neighbour_work(samples, units, norm)
    return null_laws_of_samples(f"knn-plain{named}/k={k}", samples, units, lambda x: plain_readings(x, k, norm), work)


def neighbour_work(samples: int, units: int, norm: str = "euclidean") -> float:
    """Multiply-adds of one neighbour search, selection included: every pair of samples once."""
    return float(samples) ** 2 / 2 * (units * norm_named(norm).work + 48)


@dataclass(frozen=True, kw_only=True)
class NeighbourEstimator(ABC):
    """What all nearest-neighbour estimators have in common.

    Attributes:
        k: which neighbour.
        duplicates: `error`, `drop` or `jitter`, see `without_duplicates`.
    """

    name: ClassVar[str]
    null: ClassVar[NullKind] = "simple"
    k: int = NEIGHBOUR
    duplicates: str = "error"

    def __post_init__(self) -> None:
        require_positive(self.name, "k", self.k)
        require_known(self.name, "duplicates", self.duplicates, DUPLICATES)

    @property
    def min_samples(self) -> int:
        """Every sample needs k + 1 others; estimators that whiten also need more samples than units."""
        return self.k + 2

    @abstractmethod
    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """The estimator's rows."""

    def usable(self, x: Float[Tensor, "samples units"]) -> Float64[Tensor, "kept units"]:
        """The samples in float64, duplicates dealt with.

        Raises:
            EstimatorError: they cannot be used.
        """
        return without_duplicates(checked(x, self), self.duplicates, self.name)


@dataclass(frozen=True, kw_only=True)
class KnnEntropy(NeighbourEstimator):
    r"""Kozachenko-Leonenko entropy in nats, and its gap to Gaussian samples of the same shape.

    `statistic`: $\psi(n) - \psi(k) + \ln V_d + \frac dn \sum_i \ln R_{ik}$ on the code as given. `gap`: its mean over
    samples of N(0, I) of the same n and d, minus it: 0 for a code that is N(0, I), positive for one that holds less
    entropy. Simple null; two-sided Monte Carlo p-values.

    The standard error is a delete-one jackknife over fixed neighbour lists, from whose variance the excess it has over
    the Monte Carlo variance on Gaussian samples is subtracted (it counts the interaction of neighbours more than once).

    How it can mislead: above about 4 units the bias depends on the law AND on the width, not only on n and d, so the
    gap is a test statistic and not a number of nats, and must not be compared across layers of different width, per
    unit or in all: iid uniform codes, whose true gap is .176 nats a unit at every width, get .135 a unit at 2 units,
    .070 at 4, .019 at 8 and -.018 at 32 (n = 1000). And it sees location-free scale, so a code twice as wide in range
    has a gap of -d ln 2.

    Source: Kozachenko & Leonenko (1987), Problems of Information Transmission 23:95-101; k > 1 by Goria et al. (2005);
    max norm as in Kraskov, Stogbauer & Grassberger (2004), Physical Review E 69:066138.

    Attributes:
        k: which neighbour.
        duplicates: `error`, `drop` or `jitter`, see `without_duplicates`.
        norm: `euclidean` or `max`; the max norm depends on the axes, and above 8 units it takes several times as long.
    """

    name: ClassVar[str] = "knn_entropy"
    norm: str = "euclidean"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_known(self.name, "norm", self.norm, tuple(NORMS))

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Rows `statistic` and `gap`."""
        x = self.usable(x)
        reading = plain_readings(x, self.k, self.norm)["entropy"]
        law = plain_null(len(x), x.shape[1], self.k, self.norm)["entropy"]
        rows = (law.estimate("statistic", reading, quantity="nats"), law.shortfall("gap", reading, quantity="nats"))
        return computed_from(len(x), rows)
