"""Pictures of the user's own files at the size a network takes, decoded once and kept in gausslab's cache.

Files are taken in blocks of a thousand; a block is one array on disk, written whole or not at all, so a load that was
interrupted goes on after its last whole block, and a larger part of a set uses the blocks of a smaller one. A block's
name is a digest of all that its bytes depend on: the reader with its parameters, the version of Pillow, and each file's
absolute path, size and time of modification. Whatever changes there makes another block; old ones stay until their
folder is deleted, which is safe at any time.

Only one block is held as pictures at a time; finished blocks are memory-mapped and copied into the result.
"""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import PIL
from filelock import FileLock
from jaxtyping import UInt8

from gausslab.data import cache
from gausslab.errors import DataError
from gausslab.files import write_atomically

BLOCK = 1000


@runtime_checkable
class Reader(Protocol):
    """How one file becomes an image; its `repr` names every parameter, for it is part of a block's name."""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every image."""

    def __call__(self, file: Path) -> UInt8[np.ndarray, "channels height width"]:
        """The image in one file."""


def folder(name: str) -> Path:
    """Where the blocks of one data set lie, there or not."""
    return cache.root() / "decoded" / name


def read_all(name: str, files: Sequence[Path], reader: Reader) -> UInt8[np.ndarray, "samples channels height width"]:
    """The images of some files, in their order; those that the cache has are not decoded again.

    Two processes that read the same files take turns block by block, so each is decoded once.

    Args:
        name: the data set.
        files: absolute paths.
        reader: what makes one image of one file; it raises `DataError` on a file it cannot use.

    Raises:
        DataError: a file cannot be read, or the cache cannot be written.
    """
    images = np.empty((len(files), *reader.image_shape), dtype=np.uint8)
    for start in range(0, len(files), BLOCK):
        images[start : start + BLOCK] = _block(folder(name), files[start : start + BLOCK], reader)
    return images


def _block(place: Path, files: Sequence[Path], reader: Reader) -> UInt8[np.ndarray, "samples channels height width"]:
    path, shape = place / f"{_digest(files, reader)}.npy", (len(files), *reader.image_shape)
    found = _open(path, shape)
    if found is not None:
        return found
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / ".lock"):
            found = _open(path, shape)
            return _decode(path, files, reader) if found is None else found
    except OSError as error:
        raise DataError(f"cannot write decoded images to {place}: {error.strerror or error}") from None


def _open(path: Path, shape: tuple[int, ...]) -> UInt8[np.ndarray, "samples channels height width"] | None:
    """A finished block, memory-mapped; a damaged one is as good as none, for it can be made again."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    whole = isinstance(array, np.ndarray) and (array.shape, array.dtype) == (shape, np.dtype(np.uint8))
    return array if whole else None


def _decode(path: Path, files: Sequence[Path], reader: Reader) -> UInt8[np.ndarray, "samples channels height width"]:
    images = np.stack([reader(file) for file in files])
    content = io.BytesIO()
    np.save(content, images, allow_pickle=False)
    write_atomically(path, content.getvalue())
    return images


def _digest(files: Sequence[Path], reader: Reader) -> str:
    digest = hashlib.sha256(f"{reader!r} Pillow {PIL.__version__}\n".encode())
    for file in files:
        try:
            status = file.stat()
        except OSError as error:
            raise DataError(f"cannot read image {file}: {error.strerror or error}") from None
        digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:32]
