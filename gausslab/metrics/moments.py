r"""Streamed mean and covariance, and the KL divergence that they make."""

import math
from functools import reduce
from typing import Any

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators.moments import RANK_TOLERANCE, moment_biases, plug_in_parts
from gausslab.metrics.base import StreamingMetric
from gausslab.streaming import COVARIANCE_UNITS, Moments, merge, moments_of


def packed(moments: Moments) -> Float64[Tensor, "rows rows"]:
    """Count, mean and scatter in one symmetric matrix: states are merged one by one, and means need their counts."""
    count = moments.mean.new_tensor([moments.count])
    top = torch.cat([count, moments.mean]).unsqueeze(0)
    return torch.cat([top, torch.cat([moments.mean.unsqueeze(1), moments.scatter], 1)])


def unpacked(matrix: Float64[Tensor, "rows rows"]) -> Moments:
    """What `packed` was given."""
    return Moments(int(matrix[0, 0]), matrix[0, 1:], matrix[1:, 1:])


def merged(parts: Float64[Tensor, "parts rows rows"]) -> Float64[Tensor, "rows rows"]:
    """Packed moments of all parts together, by pairwise merging; parts without samples count for nothing."""
    seen = [unpacked(part) for part in parts if part[0, 0] > 0]
    return packed(reduce(merge, seen)) if seen else parts[0]


class MomentMetric(StreamingMetric):
    r"""Mean, covariance and moment KL of a stream.

    `compute` returns a dictionary: `mean`, `covariance` (over n - 1), and in nats `moment_kl`, `debiased`,
    `mean_scale` and `correlation`, which are the rows of the estimator `moment_kl` (its `statistic` and the three
    others) on all samples together. No more samples than units, or units that are constant or depend on others, have a
    singular covariance, whose divergence is infinite; all four numbers are then.

    How it can mislead: as `estimators.moments.MomentKL`; and a stream during training mixes the codes of many networks.
    """

    packed: Tensor

    def __init__(self, units: int, **given: Any) -> None:
        super().__init__(units, **given)
        if units > COVARIANCE_UNITS:
            raise ConfigError(f"{self.name}: at most {COVARIANCE_UNITS} units have their covariance kept, got {units}")
        size = units + 1
        self.add_state("packed", torch.zeros(size, size, dtype=torch.float64), dist_reduce_fx=merged)

    @property
    def parameters_that_matter(self) -> dict[str, Any]:
        """The number of units."""
        return {"units": self.units}

    @property
    def moments(self) -> Moments:
        """What this process has seen so far."""
        return unpacked(self.packed)

    def update(self, x: Float[Tensor, "..."]) -> None:
        """Take in samples x units."""
        if len(x):
            self.packed = merged(torch.stack([self.packed, packed(moments_of(self.samples(x)))]))

    def compute(self) -> dict[str, Tensor]:
        """Moments and divergences of all samples.

        Raises:
            EstimatorError: fewer than two samples.
        """
        moments = self.moments
        if moments.count < 2:
            raise EstimatorError(f"{self.name}: expected at least 2 samples, got {moments.count}")
        divergences = {name: moments.mean.new_tensor(value) for name, value in moment_divergences(moments).items()}
        return {"mean": moments.mean, "covariance": moments.covariance, **divergences}


def moment_divergences(moments: Moments) -> dict[str, float]:
    """The moment KL, debiased, and its debiased parts."""
    samples, units = moments.count, len(moments.mean)
    covariance = moments.scatter / samples
    scale = covariance.diagonal().sqrt()
    matrix = covariance / scale / scale.unsqueeze(1)
    if samples <= units or not scale.all() or torch.linalg.eigvalsh(matrix)[0] < RANK_TOLERANCE * units:
        return dict.fromkeys(("moment_kl", "debiased", "mean_scale", "correlation"), math.inf)
    mean_scale, correlation = plug_in_parts(moments.mean, scale, matrix)
    own_bias, joint_bias = moment_biases(samples, units)
    return {
        "moment_kl": mean_scale + correlation,
        "debiased": mean_scale - own_bias + correlation - joint_bias,
        "mean_scale": mean_scale - own_bias,
        "correlation": correlation - joint_bias,
    }
