"""One forward pass of an autoencoder, and everything that the terms of a loss see of it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.models import Autoencoder
from gausslab.objectives.base import Batch


@dataclass(frozen=True, eq=False)
class Pass:
    """A forward pass.

    Attributes:
        model: the network.
        images: what is to be reconstructed.
        inputs: what the encoder saw: the images, or noisy ones.
        mean: the codes of a deterministic encoder, the posteriors' means of a variational one.
        log_sd: logarithms of the posteriors' standard deviations; None for a deterministic encoder.
        codes: what the decoder saw: the mean, or a sample of the posterior.
        reconstructions: what it made of them.
        generator: for terms that sample.
    """

    model: Autoencoder
    images: Float[Tensor, "samples channels height width"]
    inputs: Float[Tensor, "samples channels height width"]
    mean: Float[Tensor, "samples units"]
    log_sd: Float[Tensor, "samples units"] | None
    codes: Float[Tensor, "samples units"]
    reconstructions: Float[Tensor, "samples channels height width"]
    generator: torch.Generator


def forward_pass(
    model: Autoencoder, batch: Batch, generator: torch.Generator, input_noise: float = 0.0, trace_inputs: bool = False
) -> Pass:
    """Encode, sample if the encoder is variational, decode.

    Args:
        model: the network.
        batch: the images.
        generator: of the noise on the images, then of the posterior's samples.
        input_noise: standard deviation of what is added to the images in training, clipped at one.
        trace_inputs: whether gradients with respect to the inputs will be asked for.
    """
    inputs = _noisy(batch.images, input_noise, generator) if model.training and input_noise else batch.images
    if trace_inputs:
        inputs = inputs.detach().requires_grad_()
    if model.spread is None:
        mean, log_sd = model.encode(inputs), None
        codes = mean
    else:
        mean, log_sd = model.posterior(inputs)
        codes = mean + log_sd.exp() * normal_like(mean, generator)
    return Pass(model, batch.images, inputs, mean, log_sd, codes, model.decode(codes), generator)


def _noisy(
    images: Float[Tensor, "samples channels height width"], sd: float, generator: torch.Generator
) -> Float[Tensor, "samples channels height width"]:
    return images + (sd * normal_like(images, generator)).clamp(-sd, sd)


def normal_like(x: Float[Tensor, "*shape"], generator: torch.Generator) -> Float[Tensor, "*shape"]:
    """Samples of N(0, 1), drawn on the CPU, so that they are the same on every device."""
    return torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
