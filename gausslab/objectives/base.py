"""What every loss has in common: a batch in, a scalar and its parts out."""

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """What a step sees.

    Attributes:
        images: in [0, 1].
        labels: their classes, if the data set has any.
    """

    images: Float[Tensor, "samples channels height width"]
    labels: Int64[Tensor, " samples"] | None = None


@dataclass(frozen=True)
class Loss:
    """What an objective makes of one batch.

    Attributes:
        total: the scalar to minimise.
        parts: the terms it is made of, before their weights, for the history.
    """

    total: Float[Tensor, ""]
    parts: dict[str, Tensor] = field(default_factory=dict)


@runtime_checkable
class Objective(Protocol):
    """A loss of a network on a batch."""

    def __call__(self, model: Any, batch: Batch, generator: torch.Generator) -> Loss:
        """The loss; objectives that sample draw from `generator` alone."""
        ...
