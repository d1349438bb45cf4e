"""A folder of the cache that is either whole or as it was before, however a fetch ends.

Everything happens in a hidden folder beside the target (`.NAME.*.partial`); only when it is whole is it renamed. A
fetch that was killed leaves such a folder, which the next fetch removes.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from gausslab.errors import DataError

Progress = Callable[[str], None]
"""Takes one short message a step."""


def silent(_message: str) -> None:
    """No progress."""


def fill(
    target: Path, is_whole: Callable[[], bool], make: Callable[[Path, Path, Progress], None], progress: Progress
) -> Path:
    """Have `make` fill a folder of the cache, unless it is whole already; what is damaged is replaced.

    Two processes that fill the same folder take turns, so the second finds the work done.

    Args:
        target: the folder; its name is what the messages call it.
        is_whole: whether it needs nothing.
        make: is given an empty folder to work in and one whose files will be the target's.
        progress: is told every step in a few words.

    Returns:
        The target.

    Raises:
        DataError: from `make`, or the cache cannot be written. The cache is then as it was before.
    """
    name = target.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / f".{name}.lock"):
            _remove_partial(target)
            if is_whole():
                progress(f"{name} is already in {target}")
            else:
                _replace(target, make, progress)
                progress(f"{name} is in {target}")
    except OSError as error:
        raise DataError(f"cannot write {name} to {target.parent}: {error.strerror or error}") from None
    return target


def _replace(target: Path, make: Callable[[Path, Path, Progress], None], progress: Progress) -> None:
    with _partial_folder(target) as partial:
        work, ready = partial / "work", partial / "ready"
        work.mkdir()
        ready.mkdir()
        make(work, ready, progress)
        if target.exists():  # damaged, or nothing would be made
            target.rename(partial / "damaged")
        ready.rename(target)


@contextmanager
def _partial_folder(target: Path) -> Iterator[Path]:
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _remove_partial(target: Path) -> None:
    """What a killed fetch left; nobody else is at it, for the lock is held."""
    for partial in target.parent.glob(f".{target.name}.*.partial"):
        with suppress(OSError):
            shutil.rmtree(partial)
