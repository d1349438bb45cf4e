r"""The two lowest rungs: N(0, I) itself, and a Gaussian."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float64
from torch import Tensor

from gausslab.estimators.ladder.base import Affine, Others, Samples, best, standard_log_density
from gausslab.estimators.ladder.scatter import scatter


@dataclass(frozen=True, eq=False)
class GaussianDensity:
    """N(0, I) after an affine map."""

    whiten: Affine

    def log_density(self, x: Samples) -> Float64[Tensor, " samples"]:
        """In nats."""
        return standard_log_density(self.whiten(x)) + self.whiten.log_determinant


@dataclass(frozen=True)
class Gaussian:
    """Mean and covariance of the samples, the correlations shrunk or spiked as the check samples like best."""

    name: ClassVar[str] = "gaussian"

    def needs(self, units: int) -> int:
        """Shrinkage makes do with few."""
        return 4

    def fit(self, x: Samples, check: Others) -> GaussianDensity:
        """The best of all shrinkages and spikes."""
        return best(map(GaussianDensity, scatter(x).whitenings()), check)
