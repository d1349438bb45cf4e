"""Images as a file of bytes would hold them."""

from jaxtyping import Float
from torch import Tensor


def quantise(images: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Clip to [0, 1], times 255, floor to a whole number, back to [0, 1].

    The published scores are of images that were written as PNG in this way. Flooring darkens by half a level on
    average; images that are bytes over 255 stay as they are.

    >>> import torch
    >>> quantise(torch.tensor([-0.5, 0.5, 0.999, 2.0])) * 255
    tensor([  0., 127., 254., 255.])
    """
    return images.clamp(0, 1).mul(255).floor().div(255)
