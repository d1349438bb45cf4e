"""One image file as a square of unsigned bytes: read, centre crop, resize with antialiasing."""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from gausslab.config import Resampling
from gausslab.errors import DataError

BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)
"""What Pillow raises on files that are no images, or not whole ones."""

FILTERS: Mapping[Resampling, Image.Resampling] = {
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}


def mode_of(file: Path) -> str:
    """Pillow's name of the colour mode, from the header alone.

    Raises:
        DataError: the file is no image.
    """
    try:
        with Image.open(file) as image:
            return image.mode
    except BROKEN as error:
        raise _unreadable(file, error) from None


def read_picture(file: Path, channels: int) -> Image.Image:
    """The whole picture, turned as its EXIF data say, in grey (one channel) or RGB (three).

    Transparency is dropped, 16-bit grey keeps its upper byte.

    Raises:
        DataError: the file is no whole image.
    """
    try:
        with Image.open(file) as image:
            return _convert(ImageOps.exif_transpose(image), channels)
    except BROKEN as error:
        raise _unreadable(file, error) from None


def centre_square(
    picture: Image.Image, crop: int, side: int, resampling: Resampling = "bilinear"
) -> UInt8[np.ndarray, "channels {side} {side}"]:
    """The centre square of `crop` pixels at `side` pixels.

    An odd margin has its smaller half above and to the left. Pillow's filters grow with the factor by which a picture
    shrinks, which is antialiasing; they round each of their two passes to bytes.

    Args:
        picture: in grey or RGB, at least `crop` pixels wide and high.
        crop: side of the square that is cut out.
        side: side of the result.
        resampling: triangle (`bilinear`) or three-lobed Lanczos filter (`lanczos`).
    """
    left, top = (picture.width - crop) // 2, (picture.height - crop) // 2
    cut = picture.crop((left, top, left + crop, top + crop))
    pixels = np.asarray(cut.resize((side, side), FILTERS[resampling]))
    return pixels.reshape(side, side, -1).transpose(2, 0, 1)


def _unreadable(file: Path, error: Exception) -> DataError:
    reason = "its content is no image" if isinstance(error, UnidentifiedImageError) else str(error)
    return DataError(f"cannot read image {file}: {reason}")


def _convert(image: Image.Image, channels: int) -> Image.Image:
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("L" if channels == 1 else "RGB")
