"""Any folder of images, flat or with one sub-folder a class."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from gausslab.config import DataConfig, Resampling
from gausslab.data.pictures import centre_square, mode_of, read_picture
from gausslab.data.splits import ImageData, Rows, Split, shuffled_rows, training_rows
from gausslab.errors import ConfigError, DataError

MINIMUM = 4
HELD_OUT = 10
"""One image in so many is held out for validation, and as many for test."""

GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N"})
NOT_IMAGES = frozenset({"BUFR", "GRIB", "HDF5", "MPEG"})  # formats Pillow lists but cannot decode by itself


def load_folder(config: DataConfig) -> ImageData:
    """A user's images as squares of `config.size` pixels: 80 % to train, 10 % each for validation and test.

    Files are found in all sub-folders and sorted by name; hidden files and those without an image's suffix are left
    out. If every image lies in a sub-folder and there are at least two of those, they are the classes, in sorted order.
    Each image is turned as its EXIF data say, cut to the centre square of `config.crop` pixels (without a crop: its
    shorter side), and resized by `config.resampling` with antialiasing. Images are grey only if all files are, else
    RGB; transparency is dropped, 16-bit grey keeps its upper byte.

    Only images that are used are decoded; of the others the header alone is read.

    Raises:
        ConfigError: there is no path, or more training images are asked for than there are.
        DataError: the folder is absent or has fewer than four images, or a file cannot be read or is smaller than the
            crop; it is named.
    """
    root = _root(config)
    files = find_images(root)
    channels = 1 if all(mode_of(file) in GREY_MODES for file in files) else 3
    return _load(config, files, _labels(root, files), channels)


def count_training_files(config: DataConfig) -> int:
    """Files of the training split, as `load_folder` draws it."""
    number = len(find_images(_root(config)))
    return number - 2 * _held_out(number)


def _root(config: DataConfig) -> Path:
    if config.path is None:
        raise ConfigError("data 'folder' needs a path, the folder of images")
    return Path(config.path)


def _held_out(number: int) -> int:
    return max(1, number // HELD_OUT)


def find_images(root: Path) -> list[Path]:
    """All files under `root` with the suffix of an image format, sorted by their path relative to it.

    Links to folders are not followed: one to a parent would bring the same images again, into other splits.

    Raises:
        DataError: `root` is no folder, or there are fewer than four images.
    """
    if not root.is_dir():
        raise DataError(f"{root} is not a folder of images: {'it is a file' if root.exists() else 'it does not exist'}")
    found = [
        Path(place) / name
        for place, folders, names in os.walk(root)
        for name in names
        if Path(name).suffix.lower() in _suffixes() and not _is_hidden((Path(place) / name).relative_to(root))
    ]
    if len(found) < MINIMUM:
        raise DataError(f"{root} has {len(found)} images, expected at least {MINIMUM}")
    return sorted(found, key=lambda file: file.relative_to(root).as_posix())


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


@cache
def _suffixes() -> frozenset[str]:
    known = Image.registered_extensions()
    return frozenset(end for end, form in known.items() if form in Image.OPEN and form not in NOT_IMAGES)


def _labels(root: Path, files: Sequence[Path]) -> np.ndarray | None:
    places = [file.relative_to(root).parts for file in files]
    classes = sorted({parts[0] for parts in places})
    if any(len(parts) == 1 for parts in places) or len(classes) < 2:
        return None
    return np.array([classes.index(parts[0]) for parts in places], dtype=np.int64)


def _load(config: DataConfig, files: Sequence[Path], labels: np.ndarray | None, channels: int) -> ImageData:
    held_out = _held_out(len(files))
    rows = shuffled_rows(config.name, len(files), held_out, held_out)
    rows = Rows(training_rows(config, rows.train), rows.validation, rows.test)

    def read(file: Path) -> np.ndarray:
        return read_square(file, config.size, config.crop, channels, config.resampling)

    def split(chosen: np.ndarray) -> Split:
        images = np.stack([read(files[row]) for row in chosen])
        return Split(torch.from_numpy(images), None if labels is None else torch.from_numpy(labels[chosen]))

    return ImageData(config.name, split(rows.train), split(rows.validation), split(rows.test))


def read_square(
    file: Path, side: int, crop: int | None, channels: int, resampling: Resampling = "bilinear"
) -> UInt8[np.ndarray, "{channels} {side} {side}"]:
    """One image as `load_folder` describes.

    Raises:
        DataError: the file is no whole image, or smaller than the crop.
    """
    picture = read_picture(file, channels)
    cut = crop or min(picture.size)
    if min(picture.size) < cut:
        raise DataError(f"image {file} is {picture.width}x{picture.height}, smaller than the crop of {cut}")
    return centre_square(picture, cut, side, resampling)
