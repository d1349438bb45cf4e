r"""Streamed radii against the chi law that the radii of N(0, I) follow."""

from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float, Float64
from scipy import stats
from torch import Tensor

from gausslab.errors import ConfigError, EstimatorError
from gausslab.metrics.base import StreamingMetric
from gausslab.metrics.moments import merged, packed, unpacked
from gausslab.streaming import moments_of

BINS = 4096


@lru_cache
def chi_edges(units: int, bins: int) -> Float64[Tensor, " edges"]:
    """Inner edges of bins that radii of N(0, I) fill evenly."""
    levels = torch.arange(1, bins, dtype=torch.float64) / bins
    return torch.from_numpy(stats.chi.ppf(levels.numpy(), units))


class RadialMetric(StreamingMetric):
    r"""Radii of a stream: a histogram between quantiles of chi(d), and their mean and variance.

    `compute` returns a dictionary: `radial_spread`, exactly the statistic of the estimator of that name,
    $SD(\|x_i\|) / SD(\chi_d)$; `radial_ks`, the Kolmogorov-Smirnov distance at the edges of the bins, which is at most
    1 / bins below that of the estimator `radial_ks`; `histogram`, counts of radii in bins that N(0, I) fills evenly.

    How it can mislead: as the estimators do, for the null is N(0, I) itself.
    """

    histogram: Tensor
    packed: Tensor

    def __init__(self, units: int, bins: int = BINS, **given: Any) -> None:
        super().__init__(units, **given)
        if bins < 2:
            raise ConfigError(f"{self.name}: bins must be at least 2, got {bins}")
        self.bins = bins
        self.add_state("histogram", torch.zeros(bins, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("packed", torch.zeros(2, 2, dtype=torch.float64), dist_reduce_fx=merged)

    @property
    def parameters_that_matter(self) -> dict[str, Any]:
        """Units and bins."""
        return {"units": self.units, "bins": self.bins}

    def update(self, x: Float[Tensor, "..."]) -> None:
        """Take in samples x units."""
        if not len(x):
            return
        radii = torch.linalg.vector_norm(self.samples(x), dim=1)
        places = torch.bucketize(radii, chi_edges(self.units, self.bins).to(self.device))
        self.histogram = self.histogram + torch.bincount(places, minlength=self.bins)
        self.packed = merged(torch.stack([self.packed, packed(moments_of(radii.unsqueeze(1)))]))

    def compute(self) -> dict[str, Tensor]:
        """Distances of all radii, and their histogram.

        Raises:
            EstimatorError: fewer than two samples.
        """
        moments = unpacked(self.packed)
        if moments.count < 2:
            raise EstimatorError(f"{self.name}: expected at least 2 samples, got {moments.count}")
        levels = torch.arange(1, self.bins + 1, dtype=torch.float64, device=self.device) / self.bins
        spread = (moments.scatter / moments.count).sqrt().squeeze() / float(stats.chi.std(self.units))
        distance = (self.histogram.cumsum(0) / moments.count - levels).abs().max()
        return {"radial_spread": spread, "radial_ks": distance, "histogram": self.histogram}
