r"""The rung of iterative Gaussianisation: rotate to the least Gaussian directions, make each Gaussian, and again.

$x \to z_1 \to z_2 \ldots$, each step a rotation of whitened samples and $\Phi^{-1} \circ F_i$ a unit; the density is
that of the last z under N(0, I) times the Jacobians.

Source: Chen & Gopinath (2001), NIPS 13:423-429; Laparra, Camps-Valls & Malo (2011), IEEE Transactions on Neural
Networks 22:537-549.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float64
from torch import Tensor

from gausslab.estimators.ladder.base import Others, Samples, standard_log_density, while_better
from gausslab.estimators.ladder.marginals import fit_marginals
from gausslab.estimators.ladder.scatter import scatter
from gausslab.estimators.ladder.search import least_gaussian_directions
from gausslab.estimators.ladder.units import Mapped

MOST_LAYERS = 12
PATIENCE = 2
EDGE = 1e-15


def gaussianised(layer: Mapped, x: Samples) -> Samples:
    """The samples after one layer: every coordinate by its own distribution to a standard normal one."""
    levels = layer.marginals.cumulative(layer.map(x).T.contiguous()).clamp(EDGE, 1 - EDGE)
    z: Tensor = torch.special.ndtri(levels)
    return z.T.contiguous()


@dataclass(frozen=True, eq=False)
class LayeredDensity:
    """N(0, I) behind some layers."""

    layers: tuple[Mapped, ...]

    def log_density(self, x: Samples) -> Float64[Tensor, " samples"]:
        """In nats."""
        total = torch.zeros(len(x), dtype=x.dtype)
        for layer in self.layers:
            z = gaussianised(layer, x)
            total = total + layer.log_density(x) - standard_log_density(z)
            x = z
        return total + standard_log_density(x)


@dataclass(frozen=True)
class IterativeGaussianisation:
    """Layers for as long as the check samples become likelier."""

    name: ClassVar[str] = "iterative_gaussianisation"

    def needs(self, units: int) -> int:
        """Every layer estimates a rotation, so a wide code needs very many (16,000 for 32 units)."""
        return max(8 * units + 64, 16 * units**2)

    def fit(self, x: Samples, check: Others) -> LayeredDensity:
        """One layer after the other."""

        def growing(z: Samples) -> Iterator[LayeredDensity]:
            layers: tuple[Mapped, ...] = ()
            for _ in range(MOST_LAYERS):
                whiten = scatter(z).whitening(0.0)
                turned = whiten.then(least_gaussian_directions(whiten(z)))
                layers = (*layers, Mapped(turned, fit_marginals(turned(z))))
                yield LayeredDensity(layers)
                z = gaussianised(layers[-1], z)

        return while_better(growing(x), check, PATIENCE)
