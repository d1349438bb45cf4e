"""From a data configuration to images: the one entry point of this stage."""

from collections.abc import Callable, Mapping

from gausslab.config import DataConfig
from gausslab.data.catalogue import describe
from gausslab.data.cifar10 import load_cifar10
from gausslab.data.embedded import load_digits, load_mnist_5k
from gausslab.data.folders import count_training_files, load_folder
from gausslab.data.mnist import load_idx
from gausslab.data.splits import ImageData

LOADERS: Mapping[str, Callable[[DataConfig], ImageData]] = {
    "mnist-5k": load_mnist_5k,
    "digits": load_digits,
    "mnist": load_idx,
    "fashion-mnist": load_idx,
    "cifar10": load_cifar10,
    "folder": load_folder,
}


def load(config: DataConfig) -> ImageData:
    """The images that a configuration names, in disjoint splits.

    The same configuration gives the same bytes everywhere; validation and test do not depend on `config.images`.

    Raises:
        DataError: the data set is unknown, not here, or its files are damaged.
        ConfigError: the set cannot be had in this size, crop or number of images, or takes no path.

    >>> data = load(DataConfig(name="digits", images=100))
    >>> data.image_shape, len(data.train), len(data.validation), len(data.test)
    ((1, 32, 32), 100, 200, 300)
    """
    describe(config.name)
    return LOADERS[config.name](config)


def count_training_images(config: DataConfig) -> int:
    """Images of the whole training split, whatever `config.images` says; nothing is decoded.

    Raises:
        DataError: the data set is unknown, or the user's folder is absent or too small.

    >>> count_training_images(DataConfig(name="digits"))
    1297
    """
    known = describe(config.name).training
    return count_training_files(config) if known is None else known
