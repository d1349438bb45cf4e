"""Running statistics of a network's batch norms, made anew."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gausslab.models.bottlenecks import L1Norm1d


@torch.no_grad()
def recalibrate(model: nn.Module, batches: Iterable[Float[Tensor, "samples ..."]]) -> None:
    """Make the running statistics the averages over one pass in training mode, in which all batches weigh alike.

    Every batch norm sees inputs that those before it have standardised by the batch, so that what eval mode makes of
    the codes is near mean 0 and variance 1, and no nearer than the statistics of batches are to those of all images.

    Args:
        model: changed in place, and left in training mode.
        batches: its inputs; one batch at least.
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm | L1Norm1d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative average
    model.train()
    for images in batches:
        model(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
