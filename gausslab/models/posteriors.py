"""Standard deviations of a variational encoder's Gaussians."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.config import ModelConfig

LIMIT = 5.0


class LearnedLogSpread(nn.Module):
    r"""A dense layer beside that of the means: \( 5 \tanh(W h + b) \), so within [-5, 5] as in the published code."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.dense = nn.Linear(features, units)

    def forward(self, features: Float[Tensor, "samples features"]) -> Float[Tensor, "samples units"]:
        """One for each image and unit."""
        return LIMIT * torch.tanh(self.dense(features))


class ConstantLogSpread(nn.Module):
    """The same for every image and unit: the constant-variance VAE."""

    def __init__(self, sd: float, units: int) -> None:
        super().__init__()
        self.log_sd = math.log(sd)
        self.units = units

    def forward(self, features: Float[Tensor, "samples features"]) -> Float[Tensor, "samples units"]:
        """One for each image and unit."""
        return features.new_full((len(features), self.units), self.log_sd)


LogSpread = LearnedLogSpread | ConstantLogSpread


def log_spread(config: ModelConfig, features: int) -> LogSpread | None:
    """The module that the configuration asks for; None for a deterministic encoder."""
    if config.posterior == "learned":
        return LearnedLogSpread(features, config.width)
    return ConstantLogSpread(config.posterior_sd, config.width) if config.posterior == "constant" else None
