"""From a data configuration to images: the one entry point of this stage."""

from collections.abc import Callable, Mapping

from gausslab.config import DataConfig
from gausslab.data.catalogue import describe
from gausslab.data.celeba import count_training_faces, load_celeba
from gausslab.data.cifar10 import load_cifar10
from gausslab.data.embedded import load_digits, load_mnist_5k
from gausslab.data.folders import count_training_files, load_folder
from gausslab.data.mnist import load_idx
from gausslab.data.splits import ImageData
from gausslab.data.synthetic_faces import load_synthetic_faces
from gausslab.errors import ConfigError

LOADERS: Mapping[str, Callable[[DataConfig], ImageData]] = {
    "mnist-5k": load_mnist_5k,
    "digits": load_digits,
    "mnist": load_idx,
    "fashion-mnist": load_idx,
    "cifar10": load_cifar10,
    "celeba": load_celeba,
    "faces-synthetic": load_synthetic_faces,
    "folder": load_folder,
}
COUNTERS: Mapping[str, Callable[[DataConfig], int]] = {"celeba": count_training_faces, "folder": count_training_files}
"""Sets whose size is that of the user's files."""

AS_RELEASED = ("mnist", "cifar10")
"""Sets that the released code of the regularised autoencoders validates on training images."""


def load(config: DataConfig) -> ImageData:
    """The images that a configuration names, in disjoint splits (unless `config.split` asks for the published overlap).

    The same configuration gives the same bytes everywhere; validation and test do not depend on `config.images`.

    Raises:
        DataError: the data set is unknown, not here, or its files are damaged.
        ConfigError: the set cannot be had in this size, crop, number of images or split, or takes no path.

    >>> data = load(DataConfig(name="digits", images=100))
    >>> data.image_shape, len(data.train), len(data.validation), len(data.test)
    ((1, 32, 32), 100, 200, 300)
    """
    describe(config.name)
    if config.split == "as-released" and config.name not in AS_RELEASED:
        raise ConfigError(f"split 'as-released' is for data {' and '.join(AS_RELEASED)}, got data {config.name!r}")
    return LOADERS[config.name](config)


def count_training_images(config: DataConfig) -> int:
    """Images of the whole training split, whatever `config.images` says; nothing is decoded.

    Raises:
        DataError: the data set is unknown, or the user's folder is absent, too small or not in order.

    >>> count_training_images(DataConfig(name="digits"))
    1297
    """
    known = describe(config.name).training
    return COUNTERS[config.name](config) if known is None else known
