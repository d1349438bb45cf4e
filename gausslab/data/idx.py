"""The idx format of MNIST and its kin: a big-endian header, then unsigned bytes; plain or gzipped.

Source of the format: LeCun, Cortes and Burges, "The MNIST database of handwritten digits" (1998).
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from gausslab.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08


def find(folder: Path, stem: str, axes: int) -> Path:
    """The file `stem-idxN-ubyte` or `stem.idxN-ubyte`, plain or `.gz`, in a folder.

    Raises:
        DataError: none of the four names is there.
    """
    names = [f"{stem}{mark}idx{axes}-ubyte{end}" for mark in "-." for end in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"{folder} has no file {names[0]} (nor {', '.join(names[1:])})")


def read_bytes(path: Path) -> bytes:
    """A file's content, decompressed if it starts as gzip does, whatever its name.

    Raises:
        DataError: the file cannot be read, or is not a whole gzip file.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is a damaged gzip file: {error}") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None


def parse(content: bytes, path: Path) -> UInt8[np.ndarray, "*axes"]:
    """The array in an idx file's content; `path` only names it in errors.

    Raises:
        DataError: the magic number is not that of unsigned bytes, or the sizes in the header and the number of bytes
            that follow disagree (a truncated or damaged file).

    >>> parse(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), Path("two-labels"))
    array([7, 9], dtype=uint8)
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTE or content[3] == 0:
        start = content[:4].hex() or "nothing"
        raise DataError(f"{path} is not an idx file of unsigned bytes: it starts with {start}, expected 000008nn")
    axes = content[3]
    header = 4 + 4 * axes
    if len(content) < header:
        raise DataError(f"{path} is truncated: {len(content)} bytes, its header alone has {header}")
    shape = struct.unpack(f">{axes}I", content[4:header])
    if math.prod(shape) != len(content) - header:
        size = " x ".join(map(str, shape))
        raise DataError(
            f"{path} is truncated or damaged: its header promises {size} bytes, {len(content) - header} follow"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
