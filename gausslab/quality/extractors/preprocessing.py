"""What a pretrained network expects of its images."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from gausslab.errors import ConfigError, EstimatorError


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """Grey to colour, bilinear resizing, and standardisation, in this order.

    Resizing is between pixel centres (`align_corners=False`) and without antialiasing, as the published scores have it:
    images that are larger than `side` are thinned out, not smoothed.

    Attributes:
        channels: grey images are repeated to this many; None takes images as they are.
        side: side of the square in pixels; None leaves the size.
        mean: taken off, one for all channels or one each.
        sd: divided by, likewise.
    """

    channels: int | None = None
    side: int | None = None
    mean: tuple[float, ...] = (0.0,)
    sd: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if min(self.sd, default=0) <= 0:
            raise ConfigError(f"preprocessing: sd must be positive, got {self.sd}")

    def __call__(
        self, images: Float[Tensor, "samples channels height width"]
    ) -> Float[Tensor, "samples channels_out height_out width_out"]:
        """The images as the network expects them.

        Raises:
            EstimatorError: they are neither grey nor of the expected channels.
        """
        resized = self._resized(self._coloured(images))
        mean, sd = (torch.tensor(each, dtype=images.dtype).view(-1, 1, 1) for each in (self.mean, self.sd))
        return (resized - mean) / sd

    def _coloured(self, images: Tensor) -> Tensor:
        given = images.shape[1]
        if self.channels in (None, given):
            return images
        if given != 1:
            raise EstimatorError(f"preprocessing: expected images of 1 or {self.channels} channels, got {given}")
        return images.expand(-1, self.channels, -1, -1)

    def _resized(self, images: Tensor) -> Tensor:
        if self.side is None or images.shape[2:] == (self.side, self.side):
            return images
        return functional.interpolate(images, (self.side, self.side), mode="bilinear", align_corners=False)
