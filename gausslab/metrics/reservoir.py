"""A fair sample of a stream, for estimators that need all samples at once."""

import math
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators.measure import measure
from gausslab.estimators.registry import DEFAULT_ESTIMATORS
from gausslab.metrics.base import StreamingMetric
from gausslab.seeding import torch_generator

LIMIT = 10_000


def lowest(parts: Float64[Tensor, "parts limit columns"]) -> Float64[Tensor, "limit columns"]:
    """As many rows of all parts as one part has, those of the lowest keys (their first column), ascending.

    Raises:
        EstimatorError: two samples have the same key, so parts drew from the same stream.
    """
    rows = parts.flatten(0, 1)
    order = rows[:, 0].argsort(stable=True)
    keys = rows[order, 0]
    if ((keys.diff() == 0) & keys[1:].isfinite()).any():
        raise EstimatorError(
            "ReservoirMetric: parts to be merged drew the same keys; expected each to have a seed of its own"
        )
    return rows[order[: parts.shape[1]]]


class ReservoirMetric(StreamingMetric):
    r"""A sample without replacement of at most `limit` samples of a stream.

    Every sample gets a random key, exponential with its weight as rate, and those of the lowest keys are kept. The
    lowest keys of several streams are among the lowest of each, so reservoirs merge exactly, however many samples each
    has seen. Without weights every sample of the stream is equally likely to be kept.

    `compute` returns the kept samples, in random order; `measure` hands them on. Keys come from the seed and the
    process's rank: the same run keeps the same samples, another number of processes keeps others. Reservoirs of one
    process that are to be merged need different seeds.

    Source: Efraimidis & Spirakis (2006), Information Processing Letters 97:181-185.

    Attributes:
        limit: of samples kept.
        seed: of the keys.
    """

    kept: Tensor

    def __init__(self, units: int, limit: int = LIMIT, seed: int = 0, **given: Any) -> None:
        super().__init__(units, **given)
        if limit < 1:
            raise ConfigError(f"{self.name}: limit must be at least 1, got {limit}")
        self.limit, self.seed, self._batches = limit, seed, 0
        empty = torch.full((limit, units + 1), math.inf, dtype=torch.float64)
        self.add_state("kept", empty, dist_reduce_fx=lowest)

    @property
    def parameters_that_matter(self) -> dict[str, Any]:
        """Units and limit."""
        return {"units": self.units, "limit": self.limit}

    def update(self, x: Float[Tensor, "..."], weights: Float[Tensor, " samples"] | None = None) -> None:
        """Offer samples x units, each with a positive weight, default 1.

        Raises:
            EstimatorError: the samples or their weights cannot be used.
        """
        samples = self.samples(x)
        keys = self._keys(len(samples)).to(self.device) / self._weights(weights, len(samples))
        best = keys.topk(min(self.limit, len(keys)), largest=False).indices
        offered = torch.full_like(self.kept, math.inf)
        offered[: len(best)] = torch.cat([keys.unsqueeze(1), samples], 1)[best]
        self.kept = lowest(torch.stack([self.kept, offered]))

    def compute(self) -> Float64[Tensor, "kept units"]:
        """The kept samples."""
        return self.kept[self.kept[:, 0].isfinite(), 1:]

    def measure(self, estimators: Any = DEFAULT_ESTIMATORS, **options: Any) -> pd.DataFrame:
        """What `gausslab.measure` says of the kept samples (of all processes)."""
        return measure(self.compute(), estimators, **options)

    def _keys(self, count: int) -> Float64[Tensor, " samples"]:
        """Unit exponentials; `reset` does not begin them anew, for `forward` resets before every batch."""
        rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
        generator = torch_generator(self.seed, f"reservoir/{rank}/{self._batches}")
        self._batches += 1
        return torch.empty(count, dtype=torch.float64).exponential_(generator=generator)

    def _weights(self, weights: Tensor | None, samples: int) -> Tensor:
        if weights is None:
            return torch.ones(samples, dtype=torch.float64, device=self.device)
        given = weights.detach().to(self.device, torch.float64)
        if given.shape != (samples,) or not ((given > 0) & given.isfinite()).all():
            raise EstimatorError(f"{self.name}: expected {samples} positive weights, got shape {tuple(weights.shape)}")
        return given
