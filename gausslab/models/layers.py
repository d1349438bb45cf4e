"""Convolutions with "same" padding: the output's side is the input's divided (or multiplied) by the stride.

TensorFlow's rule, which the published nets were trained with: the total padding is kernel - stride, its smaller half
first.
"""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


def _same_padding(kernel: int, stride: int) -> tuple[int, int]:
    total = kernel - stride
    return total // 2, total - total // 2


class SameConv2d(nn.Conv2d):
    """A convolution from (samples, channels, side, side) to side / stride.

    Args:
        channels_in: channels of the input.
        channels_out: channels of the output.
        kernel: side of the square kernel, at least `stride`.
        stride: 1 or 2; the input's side must be a multiple of it.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int) -> None:
        before, after = _same_padding(kernel, stride)
        super().__init__(channels_in, channels_out, kernel, stride, padding=before if before == after else 0)
        self.border = (before, after, before, after) if before != after else None

    def forward(
        self, input: Float[Tensor, "samples channels height width"]
    ) -> Float[Tensor, "samples channels_out height_out width_out"]:
        """Pad, if the padding is uneven, and convolve."""
        padded = input if self.border is None else functional.pad(input, self.border)
        return super().forward(padded)


class SameConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution from (samples, channels, side, side) to side * stride.

    The full output, of side (side - 1) * stride + kernel, is cropped by (kernel - stride) // 2 before and by the rest
    after.

    Args:
        channels_in: channels of the input.
        channels_out: channels of the output.
        kernel: side of the square kernel, at least `stride`.
        stride: 1 or 2.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int) -> None:
        before, after = _same_padding(kernel, stride)
        super().__init__(channels_in, channels_out, kernel, stride, padding=before)
        self.surplus = after - before

    def forward(
        self, input: Float[Tensor, "samples channels height width"], output_size: list[int] | None = None
    ) -> Float[Tensor, "samples channels_out height_out width_out"]:
        """Convolve and crop what an uneven padding leaves over."""
        full = super().forward(input, output_size)
        return full[..., : full.shape[-2] - self.surplus, : full.shape[-1] - self.surplus]
