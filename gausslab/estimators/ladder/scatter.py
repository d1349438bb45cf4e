r"""Means and covariances that keep their head where samples are few.

A plain covariance costs $d^2 / 4n$ nats of likelihood. Shrunk towards uncorrelated units, or with all but its largest
eigenvalues made equal (a few directions and noise, as most codes are), it costs less where that is near the truth.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from gausslab.estimators.ladder.base import Affine, Samples

SHRINKAGES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
RANKS = (1, 2, 4, 8, 16, 32, 64)
FLAT = 1e-12  # relative to 1 and to the mean: below it a standard deviation is rounding
SINGULAR = 1e-9  # least eigenvalue of a correlation matrix


@dataclass(frozen=True, eq=False)
class Scatter:
    """Location, scales and the eigenvalues and eigenvectors of the correlation matrix."""

    mean: Float64[Tensor, " units"]
    scale: Float64[Tensor, " units"]
    eigenvalues: Float64[Tensor, " units"]
    axes: Float64[Tensor, "units units"]

    def whitening(self, shrinkage: float) -> Affine:
        r"""The map that whitens $D [(1-\lambda) R + \lambda I] D$, in principal axes, largest variance last."""
        return self._whitening((1 - shrinkage) * self.eigenvalues + shrinkage)

    def spiked(self, rank: int) -> Affine:
        """The same with the smaller eigenvalues of R made equal, all but `rank` of them."""
        smaller = self.eigenvalues[:-rank]
        return self._whitening(torch.cat([smaller.mean().expand_as(smaller), self.eigenvalues[-rank:]]))

    def whitenings(self) -> Iterator[Affine]:
        """By all shrinkages, from none to uncorrelated units, and by ever more spikes."""
        yield from map(self.whitening, SHRINKAGES)
        yield from (self.spiked(rank) for rank in RANKS if rank < len(self.eigenvalues) - 1)

    def _whitening(self, eigenvalues: Float64[Tensor, " units"]) -> Affine:
        values = eigenvalues.clamp_min(SINGULAR)
        matrix = values.rsqrt().unsqueeze(1) * self.axes.T / self.scale
        return Affine(self.mean, matrix, -float(self.scale.log().sum() + values.log().sum() / 2))


def scatter(x: Samples, weights: Float64[Tensor, " samples"] | None = None) -> Scatter:
    """Mean and population covariance, weighted if weights are given (their mean is taken to be 1)."""
    weights = torch.ones(len(x), dtype=torch.float64) if weights is None else weights
    mean = weights @ x / weights.sum()
    centred = x - mean
    covariance = (centred * weights.unsqueeze(1)).T @ centred / len(x)
    scale = varying(covariance.diagonal().sqrt(), mean)
    eigenvalues, axes = torch.linalg.eigh((covariance / torch.outer(scale, scale)).fill_diagonal_(1))
    return Scatter(mean, scale, eigenvalues, axes)


def varying(sd: Float64[Tensor, " units"], mean: Float64[Tensor, " units"]) -> Float64[Tensor, " units"]:
    """The standard deviations, 1 for units that do not vary in the samples at hand: of their scale nothing is known."""
    return torch.where(sd > FLAT * (1 + mean.abs()), sd, 1.0)
