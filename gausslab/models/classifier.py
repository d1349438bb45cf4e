"""Classifiers whose last hidden layer is a bottleneck code: the autoencoder's encoder before a linear head."""

from jaxtyping import Float
from torch import Tensor, nn

from gausslab.config import ModelConfig
from gausslab.models.autoencoder import build_bottleneck
from gausslab.models.stacks import build_encoder, require_shape


class Classifier(nn.Module):
    """Encoder, bottleneck and head.

    Attributes:
        encoder: images in [0, 1] to the raw code.
        bottleneck: the raw code to the code.
        head: codes to logits.
    """

    def __init__(self, encoder: nn.Module, bottleneck: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.bottleneck = bottleneck
        self.head = head

    def encode(self, images: Float[Tensor, "samples channels height width"]) -> Float[Tensor, "samples units"]:
        """Images to codes."""
        code: Tensor = self.bottleneck(self.encoder(images))
        return code

    def forward(self, images: Float[Tensor, "samples channels height width"]) -> Float[Tensor, "samples classes"]:
        """Images to logits."""
        logits: Tensor = self.head(self.encode(images))
        return logits


def build_classifier(config: ModelConfig, image_shape: tuple[int, int, int]) -> Classifier:
    """The network of `config` for images of `image_shape` (channels, side, side), with PyTorch's own initial weights.

    Raises:
        ConfigError: the images are neither 32x32 nor 64x64.
    """
    image_channels, side = require_shape(image_shape)
    encoder = build_encoder(config, image_channels, side)
    return Classifier(encoder, build_bottleneck(config), nn.Linear(config.width, config.classes))
