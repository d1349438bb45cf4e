"""The autoencoders: an encoder, a bottleneck on the code, a decoder, and what a variational one has beside them."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.config import ModelConfig
from gausslab.errors import ConfigError
from gausslab.models.bottlenecks import L1Norm1d
from gausslab.models.posteriors import LogSpread, log_spread
from gausslab.models.stacks import build_decoder, build_encoder, require_shape


class Posterior(NamedTuple):
    """The Gaussian of codes that a variational encoder gives each image.

    Attributes:
        mean: of the units.
        log_sd: logarithms of their standard deviations.
    """

    mean: Float[Tensor, "samples units"]
    log_sd: Float[Tensor, "samples units"]


class Autoencoder(nn.Module):
    """Encoder, bottleneck and decoder.

    Attributes:
        encoder: images in [0, 1] to the raw code; its last layer is the dense one to the code.
        bottleneck: the raw code to the code: an affine-free `BatchNorm1d`, an `L1Norm1d`, or the identity.
        decoder: codes to images in [0, 1].
        spread: what the encoder's last layer sees to the posterior's log standard deviations; None where the encoder is
            deterministic.
        log_error_sd: logarithm of the standard deviation of the errors, a learned scalar; None where it is not learned.
    """

    def __init__(
        self,
        encoder: nn.Sequential,
        bottleneck: nn.Module,
        decoder: nn.Module,
        spread: LogSpread | None = None,
        learned_error_sd: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.bottleneck = bottleneck
        self.decoder = decoder
        self.spread = spread
        self.log_error_sd = nn.Parameter(torch.zeros(())) if learned_error_sd else None

    def encode(self, images: Float[Tensor, "samples channels height width"]) -> Float[Tensor, "samples units"]:
        """Images to codes; those of a variational encoder are its posteriors' means."""
        code: Tensor = self.bottleneck(self.encoder(images))
        return code

    def posterior(self, images: Float[Tensor, "samples channels height width"]) -> Posterior:
        """Images to the Gaussians of their codes.

        Raises:
            ConfigError: the encoder is deterministic.
        """
        if self.spread is None:
            raise ConfigError("a deterministic encoder has no posterior; set the model's posterior")
        features = self.encoder[:-1](images)
        return Posterior(self.bottleneck(self.encoder[-1](features)), self.spread(features))

    def decode(self, codes: Float[Tensor, "samples units"]) -> Float[Tensor, "samples channels height width"]:
        """Codes to images."""
        images: Tensor = self.decoder(codes)
        return images

    def forward(
        self, images: Float[Tensor, "samples channels height width"]
    ) -> Float[Tensor, "samples channels height width"]:
        """Images to reconstructions, through the posterior's mean."""
        return self.decode(self.encode(images))


def build_autoencoder(config: ModelConfig, image_shape: tuple[int, int, int]) -> Autoencoder:
    """The network of `config` for images of `image_shape` (channels, side, side), with PyTorch's own initial weights.

    Raises:
        ConfigError: the images are neither 32x32 nor 64x64.
    """
    image_channels, side = require_shape(image_shape)
    encoder = build_encoder(config, image_channels, side)
    decoder = build_decoder(config, image_channels, side)
    spread = log_spread(config, _inputs(encoder[-1]))
    return Autoencoder(encoder, build_bottleneck(config), decoder, spread, config.learned_error_sd)


def _inputs(dense: nn.Module) -> int:
    assert isinstance(dense, nn.Linear)
    return dense.in_features


def build_bottleneck(config: ModelConfig) -> nn.Module:
    """What the raw code goes through."""
    if config.bottleneck == "batchnorm":
        return nn.BatchNorm1d(config.width, affine=False)
    if config.bottleneck == "layernorm":
        return nn.LayerNorm(config.width, elementwise_affine=False)
    return L1Norm1d(config.width) if config.bottleneck == "l1norm" else nn.Identity()
