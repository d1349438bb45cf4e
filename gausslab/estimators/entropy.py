r"""Differential entropy by nearest neighbours (Kozachenko & Leonenko 1987)."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Float64
from scipy.special import digamma
from torch import Tensor

from gausslab.errors import ConfigError, EstimatorError, choices
from gausslab.estimators.calibration import NullLaw, null_laws_of_samples
from gausslab.estimators.contract import Estimate, NullKind, Reading, Readings, checked, computed_from, require_positive
from gausslab.estimators.neighbours import nearest_neighbours
from gausslab.seeding import torch_generator

DUPLICATES = ("error", "drop", "jitter")
JITTER = 1e-10
SPARE = 3
NEIGHBOUR = 5


def kozachenko_leonenko(z: Float[Tensor, "samples units"], k: int = 1) -> Float[Tensor, ""]:
    r"""Entropy of a batch in nats, differentiable: the EAE's training loss is its negative.

    $\hat H = \psi(n) - \psi(k) + \ln V_d + \frac{d}{2n} \sum_i \ln(R_{ik}^2 + \epsilon^2)$ with $R_{ik}$ the distance
    to the k-th nearest other sample, $V_d$ the volume of the unit ball and $\epsilon$ the dtype's machine epsilon,
    which keeps value and gradient finite for duplicates and is lost in rounding otherwise. Matrix products choose the
    neighbour, its distance is recomputed from the difference.

    How it can mislead: its bias depends on n, d and the law. Maximised without bound it ends in a thin shell above the
    Gaussian's value, so compare it with Gaussian samples of the same shape (`KnnEntropy`), not with the closed form.

    Args:
        z: a batch, samples x units.
        k: which neighbour.

    Raises:
        EstimatorError: there are no k other samples.
    """
    samples, units = z.shape
    if not 1 <= k < samples:
        raise EstimatorError(f"kozachenko_leonenko: expected k between 1 and {samples - 1} (samples - 1), got {k}")
    squares = (z - z[_kth_neighbour(z.detach(), k)]).square().sum(1)
    return units / 2 * (squares + torch.finfo(z.dtype).eps ** 2).log().mean() + constant(samples, units, k)


def constant(samples: int, units: int, k: int) -> float:
    r"""$\psi(n) - \psi(k) + \ln V_d$, through log-gamma so that no dimension overflows."""
    unit_ball = units / 2 * math.log(math.pi) - math.lgamma(units / 2 + 1)
    return float(digamma(samples) - digamma(k)) + unit_ball


def _kth_neighbour(z: Float[Tensor, "samples units"], k: int) -> Tensor:
    centred = z - z.mean(0)
    offsets = torch.addmm(centred.square().sum(1), centred, centred.T, alpha=-2).fill_diagonal_(torch.inf)
    candidates = offsets.topk(min(k + SPARE, len(z) - 1), dim=1, largest=False).indices
    squares = (z[candidates] - z.unsqueeze(1)).square().sum(-1)
    return candidates.gather(1, squares.argsort(dim=1)[:, k - 1 : k]).squeeze(1)


def without_duplicates(
    x: Float64[Tensor, "samples units"], policy: str, name: str
) -> Float64[Tensor, "distinct units"]:
    """The samples after the duplicate policy.

    `error` refuses rows that equal an earlier one, `drop` keeps the first of each (n falls accordingly), `jitter`
    adds seeded Gaussian noise of 1e-10 of each unit's standard deviation (which leaves an entropy about d * 23 nats
    lower for every duplicated sample, divided by n: a stand-in for a number that does not exist).

    Raises:
        EstimatorError: naming the count.
    """
    if policy == "jitter":
        noise = torch.randn(x.shape, generator=torch_generator(0, "jitter"), dtype=x.dtype)
        return x + JITTER * x.std(0) * noise
    group = torch.unique(x, dim=0, return_inverse=True)[1]
    first = torch.full((int(group.max()) + 1,), len(x)).scatter_reduce(0, group, torch.arange(len(x)), "amin")
    copies = len(x) - len(first)
    if copies and policy == "error":
        raise EstimatorError(
            f"{name}: {copies} of {len(x)} samples repeat an earlier one, so the entropy is -infinity; "
            "expected distinct samples, or duplicates 'drop' or 'jitter'"
        )
    return x[first.sort().values] if copies else x


@dataclass(frozen=True)
class LogDistances:
    """Terms of a Kozachenko-Leonenko estimate: its value in nats and what every sample contributes to its error."""

    entropy: float
    influence: Float64[Tensor, " samples"]


def log_distances(x: Float64[Tensor, "samples units"], k: int) -> LogDistances:
    r"""The entropy and its delete-one jackknife influence.

    Removing sample i drops its own term and moves every sample that has i among its k nearest to its (k+1)-th
    neighbour, so all n deleted estimates come from one search. The influence is $(n-1)(\bar\theta - \theta_{(i)})$.
    """
    samples, units = x.shape
    found = nearest_neighbours(x, k + 1)
    logs = found.distances[:, k - 1 :].log() * units
    step = (logs[:, 1] - logs[:, 0]).repeat_interleave(k)
    moved = x.new_zeros(samples).index_add(0, found.indices[:, :k].flatten(), step)
    influence = logs[:, 0] - moved
    mean = float(logs[:, 0].numpy().mean())
    return LogDistances(mean + constant(samples, units, k), influence - influence.mean())


def jackknife_variance(influence: Float64[Tensor, " samples"]) -> float:
    """Variance of an estimate from the influence of every sample on it."""
    return float(influence.numpy().var() / (len(influence) - 1))


def plain_readings(x: Float64[Tensor, "samples units"], k: int) -> Readings:
    r"""Entropy of the code as given, and divergence $-\hat H + \frac d2 \ln 2\pi + \frac1{2n} \sum_i \|x_i\|^2$."""
    terms = log_distances(x, k)
    radii = x.square().sum(1) / 2
    divergence = -terms.entropy + x.shape[1] / 2 * math.log(2 * math.pi) + float(radii.numpy().mean())
    return {
        "entropy": Reading(terms.entropy, jackknife_variance(terms.influence)),
        "divergence": Reading(divergence, jackknife_variance(radii - terms.influence)),
    }


def plain_null(samples: int, units: int, k: int) -> dict[str, NullLaw]:
    """Null laws of `plain_readings` on samples of N(0, I); shared by all estimators that read the code as given."""
    return null_laws_of_samples(
        f"knn-plain/k={k}", samples, units, lambda x: plain_readings(x, k), neighbour_work(samples, units)
    )


def neighbour_work(samples: int, units: int) -> float:
    """Multiply-adds of one neighbour search, selection included."""
    return float(samples) ** 2 * (units + 48)


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
        if self.duplicates not in DUPLICATES:
            given = f"duplicates={self.duplicates!r}"
            raise ConfigError(f"{self.name}: unknown {given}; {choices(str(self.duplicates), DUPLICATES)}")

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

    How it can mislead: above about 8 units the bias depends on the law AND on the width, not only on n and d, so the
    gap is a test statistic and not a number of nats, and must not be compared across layers of different width, per
    unit or in all: iid uniform codes, whose true gap is .176 nats a unit at every width, get .135 a unit at 2 units,
    .070 at 4, .019 at 8 and -.018 at 32 (n = 1000). And it sees location-free scale, so a code twice as wide in range
    has a gap of -d ln 2.

    Source: Kozachenko & Leonenko (1987), Problems of Information Transmission 23:95-101; k > 1 by Goria et al. (2005).

    Attributes:
        k: which neighbour.
        duplicates: `error`, `drop` or `jitter`, see `without_duplicates`.
    """

    name: ClassVar[str] = "knn_entropy"

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Rows `statistic` and `gap`."""
        x = self.usable(x)
        reading = plain_readings(x, self.k)["entropy"]
        law = plain_null(len(x), x.shape[1], self.k)["entropy"]
        rows = (law.estimate("statistic", reading, quantity="nats"), law.shortfall("gap", reading, quantity="nats"))
        return computed_from(len(x), rows)
