"""What a density of codes can do, and what fits one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.densities.codes import LatentCodes


@dataclass(frozen=True)
class Progress:
    """One epoch of a density that is trained.

    Attributes:
        sampler: name of what is fitted.
        epoch: epochs done.
        epochs: epochs in all.
        lr: learning rate of this epoch.
        loss: mean over its samples.
        validation_loss: mean over the samples that were held out; NaN if there are none.
    """

    sampler: str
    epoch: int
    epochs: int
    lr: float
    loss: float
    validation_loss: float


Reporter = Callable[[Progress], None]


@runtime_checkable
class Density(Protocol):
    """A law of codes, fitted and fixed; all its randomness is the generator's.

    Most laws live in the code itself. A second stage has a latent space of its own, through which reconstructions pass
    and in which codes are interpolated: `decode(encode(a) + t * (encode(b) - encode(a)))` is right for every density,
    and so is decoding images from `reconstruct(codes, generator)`.
    """

    @property
    def name(self) -> str:
        """The sampler's name, for tables."""

    def sample(self, count: int, generator: torch.Generator) -> Float[Tensor, "samples units"]:
        """Independent codes, in the precision of those that it was fitted to."""

    def reconstruct(
        self, codes: Float[Tensor, "samples units"], generator: torch.Generator
    ) -> Float[Tensor, "samples units"]:
        """What the image decoder is given in place of the codes of images."""

    def encode(self, codes: Float[Tensor, "samples units"]) -> Float[Tensor, "samples units"]:
        """Codes to the space in which they are interpolated."""

    def decode(self, latents: Float[Tensor, "samples units"]) -> Float[Tensor, "samples units"]:
        """Back from there."""


class OnCodes:
    """A density without a latent space of its own: nothing changes on the way through it."""

    def reconstruct(
        self, codes: Float[Tensor, "samples units"], generator: torch.Generator
    ) -> Float[Tensor, "samples units"]:
        """The codes."""
        return codes

    def encode(self, codes: Float[Tensor, "samples units"]) -> Float[Tensor, "samples units"]:
        """The codes."""
        return codes

    def decode(self, latents: Float[Tensor, "samples units"]) -> Float[Tensor, "samples units"]:
        """The latents."""
        return latents


@runtime_checkable
class Sampler(Protocol):
    """A family of densities: a frozen dataclass whose fields are its options, rejected when it is built."""

    @property
    def name(self) -> str:
        """Name in the registry, on the command line and in tables."""

    def fit(self, codes: LatentCodes, seed: int, report: Reporter) -> Density:
        """The density of these codes; the same codes, seed and number of threads give the same bytes."""
