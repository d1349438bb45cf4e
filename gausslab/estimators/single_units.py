r"""How far single units are from N(0, 1) and from every Gaussian: what needs no nearest neighbours."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from gausslab.estimators.calibration import Draws, NullLaw, null_laws
from gausslab.estimators.contract import Reading
from gausslab.estimators.moments import delta_variance, standardised
from gausslab.estimators.spacings import REACH, log_spacings, require_continuous

GAUSSIAN_ENTROPY = math.log(2 * math.pi * math.e) / 2
FEWEST, MOST, WORK, BLOCK = 199, 1999, 4e6, 1_000_000


class Part(NamedTuple):
    """A plug-in negentropy in nats, and what every sample contributes to its error."""

    value: float
    influence: Float64[Tensor, " samples"]


class Units(NamedTuple):
    """A plug-in divergence of every unit in nats, and what every sample contributes to the error of each."""

    values: Float64[Tensor, " units"]
    influences: Float64[Tensor, "samples units"]

    def together(self) -> Part:
        """Their sum."""
        return Part(math.fsum(self.values.tolist()), self.influences.sum(1))

    def readings(self) -> list[Reading]:
        """Each with its first-order variance."""
        variances = self.influences.var(dim=0, correction=0) / len(self.influences)
        return [Reading(*each) for each in zip(self.values.tolist(), variances.tolist(), strict=True)]


def unit_parts(x: Float64[Tensor, "samples units"], name: str) -> Units:
    r"""Negentropy $\frac12 \ln 2\pi e + \ln s_j - \hat H(x_j)$ of every unit by spacings.

    Raises:
        EstimatorError: units that repeat a value so often that it is infinite.
    """
    standard = standardised(x)
    spacings = log_spacings(standard)
    require_continuous(spacings, name)
    return Units(GAUSSIAN_ENTROPY - spacings.mean(0), standard.square() / 2 - spacings)


def unit_totals(x: Float64[Tensor, "samples units"], name: str) -> Units:
    r"""Divergence of every unit from N(0, 1): its negentropy and $\frac12 (s_j^2 + m_j^2 - 1 - \ln s_j^2)$.

    Raises:
        EstimatorError: as for `unit_parts`.
    """
    parts, mean, scale = unit_parts(x, name), x.mean(0), x.std(0, correction=0)
    moments = (scale.square() + mean.square() - 1 - 2 * scale.log()) / 2
    return Units(parts.values + moments, parts.influences + (x.square() - standardised(x).square()) / 2)


def marginal_reading(units: Units) -> Reading:
    """Plug-in sum of the units' negentropies."""
    marginal = units.together()
    return Reading(marginal.value, delta_variance(marginal.influence))


def unit_null(samples: int) -> NullLaw:
    """Null law of one unit's negentropy: B = 4e6 / n replicates, at least 199 and at most 1999."""
    return _unit_law("negentropy", samples, unit_parts)


def unit_total_null(samples: int) -> NullLaw:
    """Null law of one unit's divergence from N(0, 1), of as many replicates."""
    return _unit_law("unit-total", samples, unit_totals)


def _unit_law(family: str, samples: int, of_units: Callable[[Tensor, str], Units]) -> NullLaw:
    def draw(generator: np.random.Generator, count: int) -> dict[str, Draws]:
        block = max(1, BLOCK // samples)
        sizes = [min(block, count - start) for start in range(0, count, block)]
        drawn = (torch.from_numpy(generator.standard_normal((samples, size))) for size in sizes)
        values, variances = np.array([each for x in drawn for each in of_units(x, "null law").readings()]).T
        return {"unit": Draws(values.copy(), float(variances.mean()))}

    count = max(FEWEST, min(MOST, int(WORK / samples)))
    return null_laws(f"{family}/m={REACH}/n={samples}", count, draw)["unit"]
