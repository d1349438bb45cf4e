r"""Rungs of independent coordinates: the units themselves, and the principal axes."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float64
from torch import Tensor

from gausslab.estimators.ladder.base import Affine, Others, Samples
from gausslab.estimators.ladder.marginals import Marginals, fit_marginals


@dataclass(frozen=True, eq=False)
class Mapped:
    """Independent coordinates after an affine map."""

    map: Affine
    marginals: Marginals

    def log_density(self, x: Samples) -> Float64[Tensor, " samples"]:
        """In nats."""
        return self.marginals.log_density(self.map(x)) + self.map.log_determinant


@dataclass(frozen=True)
class IndependentUnits:
    """Every unit by itself, a density of its own."""

    name: ClassVar[str] = "independent_units"

    def needs(self, units: int) -> int:
        """Enough for a coarse density a unit."""
        return 8

    def fit(self, x: Samples, check: Others) -> Marginals:
        """A marginal density a unit."""
        return fit_marginals(x)


@dataclass(frozen=True)
class PrincipalAxes:
    """Independent coordinates in the principal axes."""

    name: ClassVar[str] = "principal_axes"

    def needs(self, units: int) -> int:
        """Axes are arbitrary for fewer samples than units."""
        return units + 8

    def fit(self, x: Samples, check: Others) -> Mapped:
        """Rotated to the eigenvectors of the covariance, then a marginal density an axis."""
        mean = x.mean(0)
        axes = torch.linalg.eigh((x - mean).T @ (x - mean))[1]
        turn = Affine(mean, axes.T, 0.0)
        return Mapped(turn, fit_marginals(turn(x)))
