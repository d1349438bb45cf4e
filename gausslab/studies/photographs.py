"""Twenty real photographs of ImageNet classes, which the package foolbox ships, and crops of them."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from gausslab.errors import ConfigError
from gausslab.seeding import numpy_generator

if TYPE_CHECKING:
    from PIL.Image import Image

SMALLEST = 0.5
"""Least side of a crop as a share of the photograph's shorter side."""


def photographs(side: int) -> tuple[UInt8[Tensor, "images 3 side side"], Int[Tensor, " images"]]:
    """The photographs squeezed to a square, as foolbox itself shows them to networks, with their ImageNet classes.

    Raises:
        ConfigError: foolbox is not installed.
    """
    pictures, classes = zip(*_opened(), strict=True)
    return torch.stack([_pixels(picture.resize((side, side))) for picture in pictures]), torch.tensor(classes)


def crops(side: int, each: int, seed: int) -> UInt8[Tensor, "images 3 side side"]:
    """Random square crops of every photograph, half of them mirrored.

    How they can mislead: crops of one photograph are not independent, and there are twenty photographs. Neither nulls
    nor errors of independent samples hold for them.

    Args:
        side: of the crops in pixels, to which they are resized with antialiasing.
        each: crops of a photograph.
        seed: of their places and sizes.

    Raises:
        ConfigError: foolbox is not installed.
    """
    generator = numpy_generator(seed, "photographs/crops")
    return torch.stack([_crop(picture, side, generator) for picture, _ in _opened() for _ in range(each)])


def _opened() -> Iterator[tuple["Image", int]]:
    """Pictures and classes, in the order of the files' names: imagenet_NUMBER_CLASS.jpg."""
    from PIL import Image

    for path in sorted(_folder().glob("imagenet_*.jpg")):
        with Image.open(path) as picture:
            yield picture.convert("RGB"), int(path.stem.rpartition("_")[2])


def _folder() -> Path:
    """The package is found, not imported: that would ask for a git executable."""
    found = importlib.util.find_spec("foolbox")
    if found is None or found.origin is None:
        raise ConfigError("the photographs are in foolbox, which is not installed: pip install 'gausslab[attacks]'")
    return Path(found.origin).parent / "data"


def _crop(picture: "Image", side: int, generator: np.random.Generator) -> UInt8[Tensor, "3 side side"]:
    length = int(min(picture.size) * generator.uniform(SMALLEST, 1))
    left, top = (int(generator.integers(full - length + 1)) for full in picture.size)
    pixels = _pixels(picture.resize((side, side), box=(left, top, left + length, top + length)))
    return pixels.flip(2) if generator.random() < 0.5 else pixels


def _pixels(picture: "Image") -> UInt8[Tensor, "3 height width"]:
    return torch.from_numpy(np.array(picture, dtype=np.uint8)).permute(2, 0, 1).contiguous()
