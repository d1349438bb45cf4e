"""Classifiers with a bottleneck code: the autoencoder's encoder, the code, a head of one or more layers."""

from jaxtyping import Float
from torch import Tensor, nn

from gausslab.config import ModelConfig
from gausslab.models import norms
from gausslab.models.autoencoder import build_bottleneck
from gausslab.models.stacks import build_encoder, require_shape


class Classifier(nn.Module):
    """Encoder, bottleneck and head.

    Attributes:
        encoder: images in [0, 1] to the raw code.
        bottleneck: the raw code to the code: an affine-free `BatchNorm1d` or `LayerNorm`, an `L1Norm1d`, the identity.
        head: codes to logits: an `nn.Linear`, or an `nn.Sequential` that ends in one.
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
        ConfigError: the images are neither 32x32 nor 64x64, or too small for the levels.
    """
    image_channels, side = require_shape(image_shape)
    encoder = build_encoder(config, image_channels, side)
    return Classifier(encoder, build_bottleneck(config), build_head(config))


def build_head(config: ModelConfig) -> nn.Linear | nn.Sequential:
    """Codes to logits; hidden layers are dense -> norm -> ReLU, with a bias where no norm follows."""
    if config.head_depth == 1:
        return nn.Linear(config.width, config.classes)
    inputs = [config.width] + [config.head_units] * (config.head_depth - 2)
    hidden = [_hidden(config, units) for units in inputs]
    return nn.Sequential(*hidden, nn.Linear(config.head_units, config.classes))


def _hidden(config: ModelConfig, inputs: int) -> nn.Sequential:
    dense = nn.Linear(inputs, config.head_units, bias=config.norm == "none")
    return nn.Sequential(dense, *norms.of_vectors(config.norm, config.head_units), nn.ReLU(inplace=True))
