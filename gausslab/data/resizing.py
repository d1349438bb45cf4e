"""Images to the side a network takes, without leaving unsigned bytes."""

from dataclasses import replace

import torch
from jaxtyping import UInt8
from torch import Tensor
from torch.nn import functional

from gausslab.config import DataConfig
from gausslab.data.splits import ImageData
from gausslab.errors import ConfigError

NATIVE_SIDE = 32
SIDES = (32, 64)
CHUNK = 1000


def require_plain(config: DataConfig) -> None:
    """Refuse what only sets of image files can do.

    Raises:
        ConfigError: `size` is neither 32 nor 64, or `crop` or another filter than the bilinear one is given.
    """
    if config.size not in SIDES:
        raise ConfigError(f"size of {config.name} must be 32 or 64, got {config.size}")
    if config.crop is not None:
        raise ConfigError(f"crop is for data 'folder' and 'celeba', got crop {config.crop} with data {config.name!r}")
    if config.resampling != "bilinear":
        raise ConfigError(
            f"resampling is for data 'folder' and 'celeba', got {config.resampling!r} with data {config.name!r}"
        )


def resize(data: ImageData, side: int) -> ImageData:
    """Every split of a data set of 28x28, 32x32 or 64x64 images at `side` pixels (32 or 64)."""
    splits = {name: getattr(data, name) for name in ("train", "validation", "test")}
    return replace(data, **{name: replace(split, images=to_side(split.images, side)) for name, split in splits.items()})


def to_side(
    images: UInt8[Tensor, "samples channels height width"], side: int
) -> UInt8[Tensor, "samples channels {side} {side}"]:
    """Zero-pad 28x28 by 2 pixels to 32x32 (as the RAE code does with MNIST), then double or halve bilinearly."""
    if images.shape[-1] > NATIVE_SIDE:
        return images if side == images.shape[-1] else shrink(images, side)
    margin = (NATIVE_SIDE - images.shape[-1]) // 2
    padded = functional.pad(images, (margin, margin, margin, margin))
    return padded if side == NATIVE_SIDE else upsample(padded, side)


def upsample(
    images: UInt8[Tensor, "samples channels height width"], side: int
) -> UInt8[Tensor, "samples channels {side} {side}"]:
    """Bilinear interpolation between pixel centres, rounded back to bytes; it adds pixels, no detail."""
    return _interpolate(images, side, antialias=False)


def shrink(
    images: UInt8[Tensor, "samples channels height width"], side: int
) -> UInt8[Tensor, "samples channels {side} {side}"]:
    """Bilinear with antialiasing, rounded back to bytes: halving weighs four neighbours along each axis 1, 3, 3, 1."""
    return _interpolate(images, side, antialias=True)


def _interpolate(images: UInt8[Tensor, "..."], side: int, *, antialias: bool) -> UInt8[Tensor, "..."]:
    chunks = [
        functional.interpolate(chunk.float(), size=(side, side), mode="bilinear", antialias=antialias)
        .round_()
        .to(torch.uint8)
        for chunk in torch.split(images, CHUNK)
    ]
    return torch.cat(chunks)
