r"""The elliptical rung: a scatter matrix and a density of the radius."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float64
from torch import Tensor

from gausslab.estimators.ladder.base import Affine, Others, Samples
from gausslab.estimators.ladder.marginals import Marginals, fit_marginals
from gausslab.estimators.ladder.scatter import Scatter, scatter

FREEDOM = 5.0
STEPS = 8
CENTRE = 1e-3


@dataclass(frozen=True, eq=False)
class EllipticalDensity:
    r"""$|\det A| f(\ell) / (s_d e^{d\ell})$ with $\ell = \frac1d \ln(r^d + c^d)$ and $r = \|A(x - m)\|$.

    $\ell$ is the logarithm of the radius, f its density, s_d the unit sphere's area. $c = \sqrt d / 1000$ keeps the
    density finite at the centre, where samples may repeat; it integrates to 1 less what f holds below ln c.
    """

    map: Affine
    log_radius: Marginals

    def log_density(self, x: Samples) -> Float64[Tensor, " samples"]:
        """In nats."""
        logs = log_radii(self.map(x))
        units = x.shape[1]
        area = math.log(2) + units / 2 * math.log(math.pi) - math.lgamma(units / 2)
        return self.log_radius.log_density(logs) - units * logs.squeeze(1) - area + self.map.log_determinant


def log_radii(y: Samples) -> Float64[Tensor, "samples 1"]:
    """Logarithms of the norms, hardly less than ln c, as samples of one unit."""
    units = y.shape[1]
    logs = units * y.norm(dim=1, keepdim=True).log()
    return torch.logaddexp(logs, torch.full_like(logs, units * math.log(CENTRE * math.sqrt(units)))) / units


def robust_scatter(x: Samples) -> Scatter:
    r"""Location and scatter of a multivariate t with 5 degrees of freedom by maximum likelihood.

    Fixed-point iteration of weights $(\nu + d) / (\nu + r_i^2)$: right up to a scale for every elliptical law, and
    hardly moved by the largest samples. Source: Kent & Tyler (1991), Annals of Statistics 19:2102-2119.
    """
    found = scatter(x)
    units = x.shape[1]
    for _ in range(STEPS):
        squares = found.whitening(0.0)(x).square().sum(1)
        found = scatter(x, (FREEDOM + units) / (FREEDOM + squares))
    return found


@dataclass(frozen=True)
class Elliptical:
    """Scatter robustly, shrunk, or none at all; and any density of the radius."""

    name: ClassVar[str] = "elliptical"

    def needs(self, units: int) -> int:
        """Of fewer samples than units all radii are equal."""
        return 2 * units + 16

    def fit(self, x: Samples, check: Others) -> EllipticalDensity:
        """The best of all shrinkages, and of spheres about 0."""
        maps = (_nothing(x.shape[1]), *robust_scatter(x).whitenings())
        fitted, other = (torch.cat([log_radii(map_(each)) for map_ in maps], 1) for each in (x, check))
        likelihoods = fit_marginals(fitted).log_densities(other.T.contiguous()).mean(1)
        jacobians = torch.tensor([map_.log_determinant for map_ in maps]) - x.shape[1] * other.mean(0)
        chosen = int((likelihoods + jacobians).argmax())
        return EllipticalDensity(maps[chosen], fit_marginals(fitted[:, chosen : chosen + 1]))


def _nothing(units: int) -> Affine:
    return Affine(torch.zeros(units, dtype=torch.float64), torch.eye(units, dtype=torch.float64), 0.0)
