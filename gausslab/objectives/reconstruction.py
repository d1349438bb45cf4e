"""The plain autoencoder's loss, and what every objective has in common."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gausslab.models import Autoencoder


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

    def __call__(
        self,
        model: Autoencoder,
        batch: Batch,
        generator: torch.Generator,
    ) -> Loss:
        """The loss; objectives that sample draw from `generator` alone."""
        ...


def summed_squared_error(
    images: Float[Tensor, "samples channels height width"],
    reconstructions: Float[Tensor, "samples channels height width"],
) -> Float[Tensor, ""]:
    """Squared error summed over the elements of an image, averaged over the images (thesis, equation 2.2).

    The thesis's entropy weights only make sense with the sum: divide them by the number of elements for a mean.
    """
    return (reconstructions - images).square().sum() / images.shape[0]


@dataclass(frozen=True)
class Reconstruction:
    r"""The unregularised autoencoder: \( \frac1n \sum_i \|\hat x_i - x_i\|^2 \)."""

    def __call__(
        self,
        model: Autoencoder,
        batch: Batch,
        generator: torch.Generator,
    ) -> Loss:
        """The loss of one batch."""
        error = summed_squared_error(batch.images, model(batch.images))
        return Loss(error, {"reconstruction": error.detach()})
