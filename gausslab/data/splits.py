"""Images in three disjoint splits, and the rules by which they are drawn; `as-released` alone lets two overlap.

Images stay unsigned bytes in memory (a quarter of float32) and are scaled batch by batch with `to_float`. Which image
lies in which split is fixed by constants: neither the seed of a run nor `DataConfig.images` moves a held-out image.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64, Integer, UInt8
from torch import Tensor

from gausslab.config import DataConfig
from gausslab.data.pools import Pool, TrainTest
from gausslab.errors import ConfigError
from gausslab.seeding import numpy_generator

SPLIT_SEED = 0
"""Root seed of every shuffle in this stage; a run's own seed never enters."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images in [0, 255] and their classes, if they have any."""

    images: UInt8[Tensor, "samples channels height width"]
    labels: Int64[Tensor, " samples"] | None

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)


@dataclass(frozen=True, eq=False)
class ImageData:
    """A data set, ready to train on: three splits without a common image (but see `validation_rows`)."""

    name: str
    train: Split
    validation: Split
    test: Split

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every image."""
        _, channels, height, width = self.train.images.shape
        return channels, height, width

    @property
    def held_out_digest(self) -> str:
        """Sixteen hex digits that change with any validation or test image, and not with `DataConfig.images`."""
        digest = hashlib.sha256()
        for split in (self.validation, self.test):
            digest.update(repr(tuple(split.images.shape)).encode())
            digest.update(split.images.contiguous().numpy().data)
        return digest.hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Rows:
    """Which rows of a pool belong to which split; no row is in two."""

    train: Integer[np.ndarray, " train"]
    validation: Integer[np.ndarray, " validation"]
    test: Integer[np.ndarray, " test"]


def to_float(images: UInt8[Tensor, "*shape"]) -> Float32[Tensor, "*shape"]:
    """Bytes in [0, 255] to float32 in [0, 1], by division by 255.

    >>> to_float(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    """
    return images.to(torch.float32).div_(255.0)


def shuffled_rows(name: str, samples: int, validation: int, test: int) -> Rows:
    """One seeded shuffle of a pool: training first, then validation, then test."""
    order = numpy_generator(SPLIT_SEED, f"split/{name}").permutation(samples)
    train = samples - validation - test
    return Rows(order[:train], order[train : train + validation], order[train + validation :])


def training_rows(config: DataConfig, rows: Integer[np.ndarray, " train"]) -> Integer[np.ndarray, " chosen"]:
    """The first `config.images` of a seeded shuffle of the training rows; all of them, shuffled, for None.

    Raises:
        ConfigError: there are fewer training images than asked for.
    """
    wanted = len(rows) if config.images is None else config.images
    if wanted > len(rows):
        raise ConfigError(f"images must be at most {len(rows)}, the training images of {config.name}, got {wanted}")
    return numpy_generator(SPLIT_SEED, f"train/{config.name}").permutation(rows)[:wanted]


def split_pool(config: DataConfig, pool: Pool, validation: int, test: int) -> ImageData:
    """A shuffled pool in three splits of `validation`, `test` and at most all remaining images."""
    rows = shuffled_rows(config.name, len(pool.images), validation, test)
    return ImageData(
        name=config.name,
        train=take(pool, training_rows(config, rows.train)),
        validation=take(pool, rows.validation),
        test=take(pool, rows.test),
    )


def split_train_test(config: DataConfig, arrays: TrainTest, validation: int) -> ImageData:
    """The last `validation` images of the training file are not trained on; the test file is the test split."""
    rows = np.arange(len(arrays.train.images))
    return ImageData(
        name=config.name,
        train=take(arrays.train, training_rows(config, rows[:-validation])),
        validation=take(arrays.train, validation_rows(config, rows, validation)),
        test=take(arrays.test, np.arange(len(arrays.test.images))),
    )


def validation_rows(
    config: DataConfig, rows: Integer[np.ndarray, " samples"], validation: int
) -> Integer[np.ndarray, " chosen"]:
    """The last `validation` rows of a training file; `as-released`, all but the first `validation`.

    The released code of the regularised autoencoders (Ghosh et al., 2020), whose numbers the thesis compares with, has
    `[10000:]` where `[-10000:]` is meant: of MNIST it validates on 50,000 images, 40,000 of them training images, of
    CIFAR-10 on 40,000, 30,000 of them training images. What is chosen or reported by such a split is biased towards
    nets that memorise; it is here to audit numbers made that way, never to make new ones.
    """
    return rows[validation:] if config.split == "as-released" else rows[-validation:]


def take(pool: Pool, rows: Integer[np.ndarray, " chosen"]) -> Split:
    """A copy of some rows as tensors; a memory-mapped pool is read only there."""
    labels = None if pool.labels is None else torch.from_numpy(pool.labels[rows])
    return Split(images=torch.from_numpy(np.ascontiguousarray(pool.images[rows])), labels=labels)
