"""A Gaussian with the mean and the covariance of the codes."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.densities.codes import LatentCodes, require_more_samples_than_units
from gausslab.densities.contract import OnCodes, Reporter
from gausslab.estimators.contract import usable


@dataclass(frozen=True, eq=False)
class GaussianDensity(OnCodes):
    """N(mean, covariance).

    Attributes:
        mean: of every unit.
        covariance: of every two.
        dtype: of samples; parameters and draws are in float64.
    """

    name: ClassVar[str] = "mvg"
    mean: Float64[Tensor, " units"]
    covariance: Float64[Tensor, "units units"]
    dtype: torch.dtype

    def sample(self, count: int, generator: torch.Generator) -> Float[Tensor, "samples units"]:
        """Independent codes."""
        noise = torch.randn(count, len(self.mean), generator=generator, dtype=torch.float64)
        return (self.mean + noise @ root(self.covariance).T).to(self.dtype)


@dataclass(frozen=True, kw_only=True)
class MultivariateGaussian:
    r"""N(m, S), m the sample mean and S the sample covariance (divisor n - 1) of the codes; 2 or more samples.

    Units may depend linearly on others: samples then do so too.

    How it can mislead: $d (d + 3) / 2$ numbers are estimated. With samples not far more than units the smallest
    eigenvalues of S come out too small and the largest too large.
    """

    name: ClassVar[str] = "mvg"

    def fit(self, codes: LatentCodes, seed: int, report: Reporter = lambda progress: None) -> GaussianDensity:
        """The Gaussian of the codes' means; nothing is random in it.

        Raises:
            EstimatorError: no more samples than units, or units that never vary.
        """
        require_more_samples_than_units(codes, self.name)
        x = usable(codes.mean, self.name, 2)
        mean = x.mean(0)
        centred = x - mean
        return GaussianDensity(mean, centred.T @ centred / (len(x) - 1), codes.dtype)


def root(covariance: Float64[Tensor, "units units"]) -> Float64[Tensor, "units units"]:
    r"""A matrix A with $A A^T$ the covariance, which may be singular."""
    values, axes = torch.linalg.eigh(covariance)
    scaled: Tensor = axes * values.clamp_min(0).sqrt()
    return scaled
