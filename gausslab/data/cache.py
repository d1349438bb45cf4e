"""Where fetched sets lie, decoded: the images of each split and their labels, if any, as arrays.

They are opened as memory maps, so that only what is used is read.
"""

import os
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from platformdirs import user_cache_path

from gausslab.data.pools import Pool, TrainTest
from gausslab.errors import DataError

IMAGES, LABELS = "{}_images.npy", "{}_labels.npy"


def root() -> Path:
    """`$GAUSSLAB_DATA`, or gausslab's folder in the user's cache."""
    given = os.environ.get("GAUSSLAB_DATA")
    return Path(given).expanduser() if given else user_cache_path("gausslab", appauthor=False)


def folder(name: str) -> Path:
    """The folder of one fetched set, there or not."""
    return root() / name


def is_cached(name: str) -> bool:
    """Whether the set has been fetched; a fetched set may still turn out damaged when it is opened."""
    return folder(name).is_dir()


def save(arrays: TrainTest, target: Path) -> None:
    """Write the arrays into a folder that exists; the caller makes that atomic by renaming the folder."""
    for part, pool in (("train", arrays.train), ("test", arrays.test)):
        np.save(target / IMAGES.format(part), pool.images, allow_pickle=False)
        if pool.labels is not None:
            np.save(target / LABELS.format(part), pool.labels, allow_pickle=False)


def open_cached(
    name: str, image_shape: tuple[int, int, int], samples: tuple[int, int], *, labelled: bool = True
) -> TrainTest:
    """The arrays of a fetched set, memory-mapped.

    Args:
        name: the data set.
        image_shape: channels, height, width that it must have.
        samples: how many training and test images it must have.
        labelled: whether it has classes.

    Raises:
        DataError: a file is absent, truncated or holds something else.
    """
    parts = zip(("train", "test"), samples, strict=True)
    return TrainTest(*[_open_pool(name, part, (n, *image_shape), labelled) for part, n in parts])


def _open_pool(name: str, part: str, shape: tuple[int, int, int, int], labelled: bool) -> Pool:
    images = _open_array(name, IMAGES.format(part), shape, np.dtype(np.uint8))
    labels = _open_array(name, LABELS.format(part), shape[:1], np.dtype(np.int64)) if labelled else None
    return Pool(images=images, labels=labels)


def _open_array(name: str, file: str, shape: tuple[int, ...], dtype: np.dtype) -> Shaped[np.ndarray, "*axes"]:
    path = folder(name) / file
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "it is no whole array"
        raise DataError(_damaged(name, path, reason)) from None
    if not isinstance(array, np.ndarray) or (array.shape, array.dtype) != (shape, dtype):
        raise DataError(_damaged(name, path, f"expected {shape} of {dtype}"))
    return array


def _damaged(name: str, path: Path, reason: str) -> str:
    return f"cached file {path} is damaged ({reason}); run `gausslab data fetch {name}` to replace it"
