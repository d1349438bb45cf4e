r"""Means and covariances that keep their head where samples are few: shrunk towards uncorrelated units."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from gausslab.estimators.ladder.base import Affine, Samples

SHRINKAGES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
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
        values = ((1 - shrinkage) * self.eigenvalues + shrinkage).clamp_min(SINGULAR)
        matrix = values.rsqrt().unsqueeze(1) * self.axes.T / self.scale
        return Affine(self.mean, matrix, -float(self.scale.log().sum() + values.log().sum() / 2))

    def whitenings(self) -> Iterator[Affine]:
        """By all shrinkages, from none to uncorrelated units."""
        return map(self.whitening, SHRINKAGES)


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
