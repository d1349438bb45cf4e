"""The networks: what a configuration builds, with weights that depend on the seed and on nothing else."""

import torch

from gausslab.config import ModelConfig
from gausslab.models.autoencoder import Autoencoder, build_autoencoder, initialise_like_keras
from gausslab.seeding import derive, torch_generator

__all__ = ["Autoencoder", "build", "build_autoencoder", "check_network"]


def check_network(config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
    """See whether the network can be built, without memory for its weights.

    Raises:
        ConfigError: it takes no such images, or has no such depth for them.
    """
    with torch.device("meta"):
        build_autoencoder(config, image_shape)


def build(config: ModelConfig, image_shape: tuple[int, int, int], seed: int) -> Autoencoder:
    """The network of `config` with the initial weights of `seed`.

    PyTorch's layers draw from its global generator when they are made, so that generator is seeded here and put back.

    Args:
        config: which network.
        image_shape: (channels, height, width) of the images.
        seed: root seed of the run.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "init"))
        model = build_autoencoder(config, image_shape)
    if config.init == "keras":
        initialise_like_keras(model, torch_generator(seed, "init/keras"))
    return model
