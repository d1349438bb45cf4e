"""The convolution stacks of the thesis (section 2.5.1) for 32x32 and 64x64 images.

Base width, depth and code width are free.

Every hidden layer is convolution -> batch norm -> ReLU. With `w` base channels and the thesis's depth of 4:

    encoder  w, 2w, 4w, 8w channels, each at half the side of the one before; flatten; dense to the code; no activation
    code     batch norm without scale and shift (the thesis's B), the L1 norm of `bottlenecks`, or nothing
    decoder  dense to 8w x 8 x 8 (neither batch norm nor activation); 4w, 2w (and w at 64x64), each at twice the side;
             one more transposed convolution of stride 1 with a sigmoid

Kernels are 4x4 at 32x32 and 5x5 at 64x64. A depth above 4 adds stride-1 layers of the same kernel to both halves, dealt
out one a resolution from the lowest resolution up; a depth below 4 removes the lowest resolutions of both.

The encoder of a classifier may have another number of resolutions (`levels`) in place of that 4, and other layers or
none in place of its batch norms.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from gausslab.config import ModelConfig
from gausslab.config.model import Norm
from gausslab.errors import ConfigError
from gausslab.models import norms
from gausslab.models.layers import SameConv2d, SameConvTranspose2d

THESIS_DEPTH = 4
_DECODER_START = 8
_KERNELS = {32: 4, 64: 5}


@dataclass(frozen=True)
class Stage:
    """One convolution of a stack: channels in and out, stride."""

    channels_in: int
    channels_out: int
    stride: int


class Scale(nn.Module):
    """Images from [0, 1] to [-1, 1], the first operation of the 32x32 encoders."""

    def forward(self, images: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """2 x - 1."""
        return images * 2 - 1


def require_shape(image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Channels and side of square images of a size that the stacks are made for.

    Raises:
        ConfigError: the images are neither 32x32 nor 64x64.
    """
    image_channels, height, side = image_shape
    if side not in _KERNELS or height != side:
        raise ConfigError(f"images must be 32x32 or 64x64 for the network, got {height}x{side}; set the data's size")
    return image_channels, side


def build_encoder(config: ModelConfig, image_channels: int, side: int) -> nn.Sequential:
    """Images to the raw code; the last layer is the dense one to the code.

    Raises:
        ConfigError: the images cannot be halved as often as there are levels.
    """
    stages = list(encoder_stages(config, image_channels))
    final_side = side >> sum(stage.stride == 2 for stage in stages)
    if final_side == 0:
        raise ConfigError(f"levels must be at most {side.bit_length() - 1} for {side}x{side}, got {config.levels}")
    first = [Scale()] if side == 32 else []
    hidden = [
        _hidden(SameConv2d(stage.channels_in, stage.channels_out, _KERNELS[side], stage.stride), config.norm)
        for stage in stages
    ]
    dense = nn.Linear(stages[-1].channels_out * final_side**2, config.width)
    return nn.Sequential(*first, *hidden, nn.Flatten(), dense)


def build_decoder(config: ModelConfig, image_channels: int, side: int) -> nn.Sequential:
    """Codes to images in [0, 1]; the first layer is the dense one from the code."""
    channels, start, stages = decoder_stages(config, side)
    kernel = _KERNELS[side]
    dense = nn.Linear(config.width, channels * start**2)
    hidden = [
        _hidden(SameConvTranspose2d(stage.channels_in, stage.channels_out, kernel, stage.stride)) for stage in stages
    ]
    last = SameConvTranspose2d(stages[-1].channels_out if stages else channels, image_channels, kernel, 1)
    return nn.Sequential(dense, nn.Unflatten(1, (channels, start, start)), *hidden, last, nn.Sigmoid())


def _hidden(convolution: nn.Conv2d | nn.ConvTranspose2d, norm: Norm = "batchnorm") -> nn.Sequential:
    return nn.Sequential(convolution, *norms.of_maps(norm, convolution.out_channels), nn.ReLU(inplace=True))


def encoder_stages(config: ModelConfig, image_channels: int) -> Iterator[Stage]:
    """The encoder's hidden convolutions, from the image on."""
    levels = min(config.depth, config.levels)
    extra = _deal(config.depth - levels, levels)[::-1]
    channels_in = image_channels
    for level in range(levels):
        channels_out = config.channels << level
        yield Stage(channels_in, channels_out, 2)
        yield from [Stage(channels_out, channels_out, 1)] * extra[level]
        channels_in = channels_out


def decoder_stages(config: ModelConfig, side: int) -> tuple[int, int, list[Stage]]:
    """Channels and side after the decoder's dense layer, and its hidden transposed convolutions.

    Raises:
        ConfigError: the depth leaves the decoder with fewer than no layers.
    """
    thesis_levels = (side // _DECODER_START).bit_length() - 1
    levels = thesis_levels - max(THESIS_DEPTH - config.depth, 0)
    if levels < 0:
        raise ConfigError(
            f"depth must be at least {THESIS_DEPTH - thesis_levels} for {side}x{side}, got {config.depth}"
        )
    channels = max(config.channels << (THESIS_DEPTH - 1 - (thesis_levels - levels)), 1)
    extra = _deal(max(config.depth - THESIS_DEPTH, 0), levels)
    stages: list[Stage] = []
    for level in range(levels):
        channels_in, channels_out = channels >> level, channels >> (level + 1)
        stages += [Stage(channels_in, channels_out, 2), *[Stage(channels_out, channels_out, 1)] * extra[level]]
    return channels, side >> levels, stages


def _deal(items: int, places: int) -> list[int]:
    """`items` dealt out one by one to `places`, the first place first.

    >>> _deal(5, 3)
    [2, 2, 1]
    """
    return [len(range(place, items, places)) for place in range(places)]
