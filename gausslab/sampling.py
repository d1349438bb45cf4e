"""Pictures of a network: images decoded from the prior, and reconstructions."""

import io
import math
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from gausslab.files import write_atomically
from gausslab.models import Autoencoder
from gausslab.seeding import torch_generator

GRID_SIDE = 8
_GAP = 2


@torch.no_grad()
def decode_prior(model: Autoencoder, width: int, number: int, seed: int) -> Float[Tensor, "samples c h w"]:
    """Images decoded from `number` draws of N(0, I), the draws depending on the seed alone."""
    codes = torch.randn(number, width, generator=torch_generator(seed, "samples"))
    return model.decode(codes)


def write_grid(images: Float[Tensor, "samples channels height width"], path: Path, columns: int = GRID_SIDE) -> None:
    """Images in [0, 1] as one PNG, row by row, white gaps between them; no date inside, so a redraw is byte-equal."""
    write_atomically(path, _png(grid(images, columns)))


def grid_rows(path: Path, rows: int, columns: int = GRID_SIDE) -> bytes:
    """The first rows of images of a grid that `write_grid` wrote, as the bytes of a PNG."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture)
    side = (pixels.shape[1] - _GAP) // columns
    return _png(pixels[: rows * side + _GAP])


def _png(pixels: UInt8[np.ndarray, "height width *colours"]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def grid(
    images: Float[Tensor, "samples channels height width"], columns: int
) -> UInt8[np.ndarray, "grid_height grid_width *colours"]:
    """Images in [0, 1] side by side, `columns` a row; grey images give a grey picture."""
    samples, channels, height, width = images.shape
    rows = math.ceil(samples / columns)
    canvas = np.full((rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, channels), 255, dtype=np.uint8)
    pixels = (images.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    for place, picture in enumerate(pixels):
        top = _GAP + place // columns * (height + _GAP)
        left = _GAP + place % columns * (width + _GAP)
        canvas[top : top + height, left : left + width] = picture
    return canvas[..., 0] if channels == 1 else canvas
