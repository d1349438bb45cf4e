"""The networks of the two second stages: variational autoencoders of vectors, as wide as the code.

Weights are Glorot-uniform and biases zero, as in both published codes.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

LIMIT = 5.0

Vectors = Float[Tensor, "samples units"]


class Passage(NamedTuple):
    """A batch on its way through.

    Attributes:
        mean: of the Gaussians of u.
        log_sd: logarithm of their standard deviations.
        back: what became of the batch by way of a u drawn from each.
    """

    mean: Vectors
    log_sd: Vectors
    back: Vectors


class SecondVAE(nn.Module):
    """Codes z to Gaussians of u, and u back to codes.

    Attributes:
        features: of z, common to the two heads.
        mean: head.
        log_sd: head.
        decoder: u to z.
    """

    def __init__(self, features: nn.Module, mean: nn.Module, log_sd: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.mean = mean
        self.log_sd = log_sd
        self.decoder = decoder

    def encode(self, z: Vectors) -> tuple[Vectors, Vectors]:
        """Means and logarithms of standard deviations of u."""
        features = self.features(z)
        return self.mean(features), self.log_sd(features)

    def decode(self, u: Vectors) -> Vectors:
        """Codes, without noise."""
        z: Tensor = self.decoder(u)
        return z

    def forward(self, z: Vectors, generator: torch.Generator) -> Passage:
        """There and back by way of one u for each z, drawn by the generator."""
        mean, log_sd = self.encode(z)
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
        return Passage(mean, log_sd, self.decode(mean + log_sd.exp() * noise))


class Bounded(nn.Module):
    """To (-5, 5)."""

    def forward(self, x: Vectors) -> Vectors:
        """5 tanh x."""
        return LIMIT * torch.tanh(x)


class Beside(nn.Module):
    """A network's input beside its output."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Float[Tensor, "samples inputs"]) -> Float[Tensor, "samples outputs"]:
        """Input first."""
        return torch.cat([x, self.network(x)], 1)


def plain(units: int, layers: int, hidden: int, generator: torch.Generator) -> SecondVAE:
    """That of Ghosh et al.: ReLU layers, log standard deviations within (-5, 5)."""
    return SecondVAE(
        hidden_layers(units, layers, hidden, generator),
        dense(hidden, units, generator),
        nn.Sequential(dense(hidden, units, generator), Bounded()),
        nn.Sequential(hidden_layers(units, layers, hidden, generator), dense(hidden, units, generator)),
    )


def with_skips(units: int, layers: int, hidden: int, generator: torch.Generator) -> SecondVAE:
    """That of Dai & Wipf: ReLU layers, beside whose last one the input stands in encoder and decoder; free heads."""
    beside = units + hidden
    return SecondVAE(
        Beside(hidden_layers(units, layers, hidden, generator)),
        dense(beside, units, generator),
        dense(beside, units, generator),
        nn.Sequential(Beside(hidden_layers(units, layers, hidden, generator)), dense(beside, units, generator)),
    )


def hidden_layers(units: int, layers: int, hidden: int, generator: torch.Generator) -> nn.Sequential:
    """Dense layers, a ReLU behind each."""
    sizes = (units, *[hidden] * layers)
    stack: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        stack += [dense(inputs, outputs, generator), nn.ReLU()]
    return nn.Sequential(*stack)


def dense(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """One layer; PyTorch's own initial weights, which would come from its global generator, are never drawn."""
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
