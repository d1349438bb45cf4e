"""What the hidden layers of a network are normalised by, with a scale and a shift for each channel or unit.

Each function gives the modules that stand between a layer and its ReLU: one, or none.
"""

from torch import nn

from gausslab.config.model import Norm


def of_maps(norm: Norm, channels: int) -> list[nn.Module]:
    """For maps; layer norm is over all channels and positions of an image: a group norm of one group."""
    if norm == "batchnorm":
        return [nn.BatchNorm2d(channels)]
    return [nn.GroupNorm(1, channels)] if norm == "layernorm" else []


def of_vectors(norm: Norm, units: int) -> list[nn.Module]:
    """For vectors."""
    if norm == "batchnorm":
        return [nn.BatchNorm1d(units)]
    return [nn.LayerNorm(units)] if norm == "layernorm" else []
