r"""The rung of Gaussian mixtures: clusters of one common shape, and in few dimensions each of its own.

Fitted by expectation-maximisation from k-means, in coordinates in which the Gaussian rung is N(0, I).
Source: Dempster, Laird & Rubin (1977), Journal of the Royal Statistical Society B 39:1-38.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float64
from torch import Tensor

from gausslab.estimators.ladder.base import HALF_LOG_2_PI, Affine, Others, Samples, best, while_better
from gausslab.estimators.ladder.clusters import Parts, clustered
from gausslab.estimators.ladder.gaussian import Gaussian

SIZES = (2, 3, 4, 6, 8, 12, 16)
STEPS = 40
ENOUGH = 3e-4  # nats of likelihood
EXPLAINED = 0.99  # most that the clusters' means may explain of the variance in any direction
SAMPLES_A_UNIT = 4  # of every cluster, at least
SIZED_ON = 4000  # samples
SHAPED_UNITS = 16  # most units for which every cluster has a shape of its own


@runtime_checkable
class Mixture(Protocol):
    """Clusters with weights."""

    @property
    def log_weights(self) -> Float64[Tensor, " clusters"]:
        """A cluster each."""

    def log_parts(self, z: Samples) -> Parts:
        """Log density of every cluster times its weight."""


M = TypeVar("M", bound=Mixture)


@dataclass(frozen=True, eq=False)
class Alike:
    r"""$|\det A| \sum_k w_k N(A z; \mu_k, I)$: clusters of one covariance."""

    whiten: Affine
    log_weights: Float64[Tensor, " clusters"]
    means: Float64[Tensor, "clusters units"]

    def log_parts(self, z: Samples) -> Parts:
        """Log density of every cluster times its weight."""
        y = self.whiten(z)
        distances = y.square().sum(1, keepdim=True) / 2 - y @ self.means.T + self.means.square().sum(1) / 2
        constant = self.whiten.log_determinant - y.shape[1] * HALF_LOG_2_PI
        return self.log_weights - distances + constant


def alike(z: Samples, parts: Parts) -> Alike:
    r"""The most likely one for given belongings: the covariance is I less that of the means."""
    weights, means = _weights_and_means(z, parts)
    centre = weights @ means
    _, values, axes = torch.linalg.svd(weights.sqrt().unsqueeze(1) * (means - centre), full_matrices=False)
    within = 1 - values.square().clamp_max(EXPLAINED)
    matrix = torch.eye(z.shape[1], dtype=z.dtype) + axes.T @ ((within.rsqrt() - 1).unsqueeze(1) * axes)
    whiten = Affine(centre, matrix, -float(within.log().sum()) / 2)
    return Alike(whiten, weights.log(), whiten(means))


@dataclass(frozen=True, eq=False)
class Shaped:
    r"""$\sum_k w_k N(z; \mu_k, (W_k^T W_k)^{-1})$: every cluster has its own covariance, given by what whitens it."""

    log_weights: Float64[Tensor, " clusters"]
    means: Float64[Tensor, "clusters units"]
    whiten: Float64[Tensor, "clusters units units"]

    def log_parts(self, z: Samples) -> Parts:
        """Log density of every cluster times its weight."""
        squares = ((z - self.means.unsqueeze(1)) @ self.whiten.mT).square().sum(2)
        determinants = self.whiten.diagonal(dim1=1, dim2=2).log().sum(1)
        parts: Tensor = self.log_weights + determinants - squares.T / 2 - z.shape[1] * HALF_LOG_2_PI
        return parts


def shaped(z: Samples, parts: Parts) -> Shaped:
    """The most likely one for given belongings, covariances drawn to their mean by d + 1 samples' worth."""
    weights, means = _weights_and_means(z, parts)
    units = z.shape[1]
    offsets = z - means.unsqueeze(1)
    sums = (offsets * parts.T.unsqueeze(2)).mT @ offsets
    common = sums.sum(0) / len(z) + torch.eye(units, dtype=z.dtype) / len(z)
    sizes = parts.sum(0).reshape(-1, 1, 1)
    covariances = (sums + (units + 1) * common) / (sizes + units + 1)
    identity = torch.eye(units, dtype=z.dtype).expand_as(covariances)
    whiten: Tensor = torch.linalg.solve_triangular(torch.linalg.cholesky(covariances), identity, upper=False)
    return Shaped(weights.log(), means, whiten)


def _weights_and_means(
    z: Samples, parts: Parts
) -> tuple[Float64[Tensor, " clusters"], Float64[Tensor, "clusters units"]]:
    """An empty cluster keeps a tiny weight at the centre."""
    sizes = parts.sum(0) + 1e-6
    return sizes / sizes.sum(), parts.T @ z / sizes.unsqueeze(1)


def belonging(mixture: Mixture, z: Samples) -> Parts:
    """Probability of every cluster, given the sample."""
    return torch.softmax(mixture.log_parts(z), 1)


def fitted(z: Samples, parts: Parts, most_likely: Callable[[Samples, Parts], M]) -> M:
    """Expectation and maximisation in turn until the likelihood rests."""
    mixture, reached = most_likely(z, parts), -float("inf")
    for _ in range(STEPS):
        logs = mixture.log_parts(z)
        total = torch.logsumexp(logs, 1, keepdim=True)
        likelihood = float(total.mean())
        if likelihood < reached + ENOUGH:
            break
        mixture, reached = most_likely(z, (logs - total).exp()), likelihood
    return mixture


@dataclass(frozen=True, eq=False)
class MixtureDensity:
    """A mixture in mapped coordinates."""

    map: Affine
    mixture: Mixture

    def log_density(self, x: Samples) -> Float64[Tensor, " samples"]:
        """In nats."""
        return torch.logsumexp(self.mixture.log_parts(self.map(x)), 1) + self.map.log_determinant


@dataclass(frozen=True)
class GaussianMixture:
    """From two clusters up for as long as the check samples become likelier; their number is found on 4000 samples."""

    name: ClassVar[str] = "gaussian_mixture"

    def needs(self, units: int) -> int:
        """Two clusters' worth."""
        return SIZES[0] * (SAMPLES_A_UNIT * units + 8)

    def fit(self, x: Samples, check: Others) -> MixtureDensity:
        """Clusters of one shape, or each of its own."""
        whiten = Gaussian().fit(x, check).whiten
        some, every = x[:SIZED_ON], whiten(x)

        def growing(most_likely: Callable[[Samples, Parts], Mixture]) -> Iterator[MixtureDensity]:
            for clusters in _sizes(len(some), x.shape[1]):
                yield MixtureDensity(whiten, fitted(whiten(some), clustered(some, clusters), most_likely))

        kinds = (alike, shaped) if x.shape[1] <= SHAPED_UNITS else (alike,)
        first = best((while_better(growing(kind), check) for kind in kinds), check)
        return MixtureDensity(whiten, fitted(every, belonging(first.mixture, every), _kind_of(first.mixture)))


def _sizes(samples: int, units: int) -> list[int]:
    """Numbers of clusters for which there are samples."""
    return [size for size in SIZES if size * (SAMPLES_A_UNIT * units + 8) <= samples]


def _kind_of(mixture: Mixture) -> Callable[[Samples, Parts], Mixture]:
    return alike if isinstance(mixture, Alike) else shaped
