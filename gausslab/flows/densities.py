"""A flow's density: along the radius, and against the entropy of the data."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.config.checks import finite, require, whole
from gausslab.errors import EstimatorError
from gausslab.estimators.ladder.base import Density


class Gap(NamedTuple):
    """A mean over samples, in nats, and its standard error."""

    value: float
    standard_error: float


def density_profile(
    density: Density, points: Sequence[float], units: int, generator: torch.Generator, directions: int = 100
) -> pd.DataFrame:
    """Log density at given radii, in random directions, the same for all radii.

    How it can mislead: N(0, I) has its highest density at the centre, and so has every good model of it. What lies at a
    radius is the density times the surface of a sphere, which grows as its power d - 1: high density at the centre is
    no failure, mass there is (`mass_report`).

    Args:
        density: a flow, or any other.
        points: radii, of at least 0.
        units: of the samples.
        generator: of the directions.
        directions: how many.

    Returns:
        A row a radius: `radius`, `log_density` (mean over the directions, in nats), `log_density_sd` (their spread).
    """
    require(whole(directions, 2), "directions", directions, "a whole number of at least 2")
    require(all(finite(r) and r >= 0 for r in points), "points", points, "finite radii of at least 0")
    normal = torch.randn(directions, units, generator=generator, dtype=torch.float64)
    unit = normal / normal.norm(dim=1, keepdim=True)
    at = torch.tensor([float(r) for r in points], dtype=torch.float64)[:, None, None] * unit
    logs = density.log_density(at.flatten(0, 1)).view(len(points), directions)
    mean, sd = logs.mean(1).tolist(), logs.std(1).tolist()
    return pd.DataFrame({"radius": [float(r) for r in points], "log_density": mean, "log_density_sd": sd})


def entropy_gap(density: Density, held_out: Float[Tensor, "samples units"], entropy: float = 0.0) -> Gap:
    r"""KL(data || flow) = E[-ln q] - h(data), in nats: what the mean surprise exceeds the data's entropy by.

    Without the entropy it is the negative log-likelihood itself. The standard error is that of the mean over samples.

    How it can mislead: it weighs errors where data are; mass that the flow has elsewhere costs no more than the
    logarithm of one less its share, .01 nats for a hundredth. Of few samples it can be negative.

    Args:
        density: a flow, or any other.
        held_out: samples that it was neither trained nor chosen with.
        entropy: of the law of the data.

    Raises:
        EstimatorError: fewer than 2 samples.
    """
    if len(held_out) < 2:
        raise EstimatorError(f"a gap needs at least 2 samples, got {len(held_out)}")
    surprise = -density.log_density(held_out.double())
    error = float(surprise.std()) / math.sqrt(len(surprise))
    return Gap(float(surprise.mean()) - entropy, error)
