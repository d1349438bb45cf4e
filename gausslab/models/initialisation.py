"""Initial weights and weight normalisation, applied to a network that has been built."""

import torch
from torch import nn
from torch.nn.utils import parametrizations

from gausslab.models.bottlenecks import L1Norm1d


@torch.no_grad()
def initialise_like_keras(model: nn.Module, generator: torch.Generator, bottleneck_eps: float = 1e-5) -> None:
    """Glorot-uniform kernels, zero biases, batch-norm momentum 0.01 and eps 1e-3: the defaults of the published code.

    Affine-free batch norms (the code's) keep their own eps.

    Args:
        model: changed in place.
        generator: source of the weights.
        bottleneck_eps: eps of the affine-free batch norms.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, L1Norm1d):
            module.momentum = 0.01
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = 0.01
            module.eps = 1e-3 if module.affine else bottleneck_eps


def normalise_spectrally(model: nn.Module) -> None:
    r"""Divide the weight of every convolution and dense layer by its largest singular value, as RAE-SN does.

    One power iteration a forward pass in training mode. The matrix of a convolution is channels out x the rest, that of
    a transposed one channels in x the rest: dimension 0 of PyTorch's weights in both cases, which is the flattening of
    the published TensorFlow code (up to a transposition) and not PyTorch's default for transposed convolutions.
    Biases and batch norms stay as they are.

    Source: Miyato, Kataoka, Koyama & Yoshida (2018), Spectral normalization for generative adversarial networks, ICLR.
    """
    for module in list(model.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            parametrizations.spectral_norm(module, n_power_iterations=1, dim=0)
