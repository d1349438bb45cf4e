"""The networks: what a configuration builds, with weights that depend on the seed and on nothing else.

stacks         convolutional encoders and decoders of the thesis, over `layers`
norms          what hidden layers are normalised by
bottlenecks    what the code is normalised by, beside torch's norms
posteriors     standard deviations of a variational encoder
autoencoder    encoder, bottleneck, decoder
classifier     encoder, bottleneck, head
initialisation initial weights, spectral norm
recalibration  running statistics of batch norms, anew
mobilenet      torchvision's MobileNetV2, for weights that others trained

`build` makes the one that a configuration names.
"""

import torch

from gausslab.config import ModelConfig
from gausslab.models.autoencoder import Autoencoder, Posterior, build_autoencoder
from gausslab.models.bottlenecks import L1Norm1d
from gausslab.models.classifier import Classifier, build_classifier
from gausslab.models.initialisation import initialise_like_keras, normalise_spectrally
from gausslab.models.recalibration import recalibrate
from gausslab.seeding import derive, torch_generator

__all__ = [
    "Autoencoder",
    "Classifier",
    "L1Norm1d",
    "Network",
    "Posterior",
    "build",
    "build_autoencoder",
    "build_classifier",
    "check_network",
    "recalibrate",
]

Network = Autoencoder | Classifier


def check_network(config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
    """See whether the network can be built, without memory for its weights.

    Raises:
        ConfigError: it takes no such images, or has no such depth or levels for them.
    """
    with torch.device("meta"):
        _build(config, image_shape)


def build(config: ModelConfig, image_shape: tuple[int, int, int], seed: int) -> Network:
    """The network of `config` with the initial weights of `seed`.

    PyTorch's layers draw from its global generator when they are made, so that generator is seeded here and put back.

    Args:
        config: which network.
        image_shape: (channels, height, width) of the images.
        seed: root seed of the run.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "init"))
        model = _build(config, image_shape)
        if config.init == "keras":
            initialise_like_keras(model, torch_generator(seed, "init/keras"))
        if config.spectral_norm:
            normalise_spectrally(model)
    return model


def _build(config: ModelConfig, image_shape: tuple[int, int, int]) -> Network:
    make = build_classifier if config.kind == "classifier" else build_autoencoder
    return make(config, image_shape)
