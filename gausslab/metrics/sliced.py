r"""The streamed sliced Epps-Pulley statistic, from sums of cosines and sines."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators.characteristic import distance_from_normal, empirical_characteristic, trapezoid
from gausslab.estimators.sliced import DIRECTIONS, random_directions
from gausslab.metrics.base import StreamingMetric

LIMIT, POINTS = 6.0, 31


class SlicedEppsPulleyMetric(StreamingMetric):
    r"""Sliced Epps-Pulley statistic of a stream (SIGReg's), against N(0, I).

    $\frac{n}{K} \sum_k \int |\phi_k(t) - e^{-t^2/2}|^2 e^{-t^2/2} dt$ with $\phi_k$ the empirical characteristic
    function along direction k, by the trapezoid rule. Sums of cosines and sines are all that it keeps, so it is the
    statistic of all samples, not a mean over batches. With the default points it is the integral to 1e-7, the row
    `statistic` of the estimator `sliced_epps_pulley`, as long as the code stays within some 10 standard deviations;
    `limit=3, points=17` are those that SIGReg trains with.

    How it can mislead: as the estimator; and it grows with n for every law but N(0, I).

    Attributes:
        directions: how many.
        seed: of the directions.
        grid: the points.
    """

    sums: Tensor
    count: Tensor

    def __init__(
        self,
        units: int,
        directions: int = DIRECTIONS,
        seed: int = 0,
        limit: float = LIMIT,
        points: int = POINTS,
        **given: Any,
    ) -> None:
        super().__init__(units, **given)
        if directions < 1:
            raise ConfigError(f"{self.name}: directions must be at least 1, got {directions}")
        if points < 2:
            raise ConfigError(f"{self.name}: points must be at least 2, got {points}")
        self.directions, self.seed, self.grid = directions, seed, trapezoid(limit, points)
        self.add_state("sums", torch.zeros(2, directions, points, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @property
    def parameters_that_matter(self) -> dict[str, Any]:
        """Units, directions and points."""
        return {"units": self.units, "directions": self.directions, "seed": self.seed, "grid": tuple(self.grid)}

    def update(self, x: Float[Tensor, "..."]) -> None:
        """Take in samples x units."""
        if not len(x):
            return
        samples = self.samples(x)
        directions = random_directions(self.units, self.directions, torch.Generator().manual_seed(self.seed))
        means = empirical_characteristic(samples @ directions.to(samples), self.grid)
        self.sums = self.sums + len(samples) * torch.stack([means.real, means.imag])
        self.count = self.count + len(samples)

    def compute(self) -> Tensor:
        """The statistic of all samples.

        Raises:
            EstimatorError: there are none.
        """
        if not self.count:
            raise EstimatorError(f"{self.name}: expected at least 1 sample, got 0")
        means = torch.complex(*(self.sums / self.count))
        return self.count * distance_from_normal(means, self.grid).mean()
