"""The law of codes that a trained second stage is."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.densities.contract import Progress
from gausslab.densities.second_stage.network import SecondVAE

Codes = Float[Tensor, "samples units"]


@dataclass(frozen=True, eq=False)
class Scaling:
    """A shift and a scale of every unit.

    Attributes:
        mean: that becomes 0.
        sd: that becomes 1.
    """

    mean: Float[Tensor, " units"]
    sd: Float[Tensor, " units"]

    def apply(self, codes: Codes) -> Codes:
        """Codes to what the network sees."""
        return (codes - self.mean) / self.sd

    def undo(self, z: Codes) -> Codes:
        """Back to codes."""
        return z * self.sd + self.mean


def standardising(codes: Codes) -> Scaling:
    """Mean 0 and population variance 1 in every unit; moments are taken in float64."""
    x = codes.double()
    return Scaling(x.mean(0).to(codes), x.std(0, correction=0).to(codes))


def unscaled(codes: Codes) -> Scaling:
    """Codes as they are."""
    return Scaling(codes.new_zeros(codes.shape[1]), codes.new_ones(codes.shape[1]))


@dataclass(frozen=True, eq=False)
class SecondStageDensity:
    """u from N(0, I), decoded to a code.

    Attributes:
        name: of the sampler.
        vae: the trained network.
        scaling: between the code and what the network sees.
        noise: gamma, standard deviation of the noise on samples in the network's scale; 0 for none.
        history: how the training went, epoch by epoch.
    """

    name: str
    vae: SecondVAE
    scaling: Scaling
    noise: float
    history: tuple[Progress, ...]

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator) -> Codes:
        """Independent codes."""
        shape, dtype = (count, len(self.scaling.mean)), self.scaling.mean.dtype
        u = torch.randn(shape, generator=generator, dtype=dtype)
        noise = torch.randn(shape, generator=generator, dtype=dtype)
        return self.scaling.undo(self.vae.decode(u) + self.noise * noise)

    @torch.no_grad()
    def reconstruct(self, codes: Codes, generator: torch.Generator) -> Codes:
        """Through the network by way of a u drawn for each code; no noise on what comes back."""
        return self.scaling.undo(self.vae(self.scaling.apply(codes), generator).back)

    @torch.no_grad()
    def encode(self, codes: Codes) -> Codes:
        """The means of u."""
        return self.vae.encode(self.scaling.apply(codes))[0]

    @torch.no_grad()
    def decode(self, latents: Codes) -> Codes:
        """Codes without noise."""
        return self.scaling.undo(self.vae.decode(latents))
