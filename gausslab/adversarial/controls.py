"""What an attack is compared with: noise of a given size, and images half way between two others. No network here."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gausslab.adversarial.balls import beside, norms, scaled
from gausslab.adversarial.guards import Images
from gausslab.errors import EstimatorError


def noisy(images: Images, sizes: Float[Tensor, " samples"], generator: torch.Generator) -> Images:
    """Images plus Gaussian noise of the given Euclidean norms, cut to [0, 1]; unchanged where the norm is NaN.

    The direction is uniform, the length exact before the cut. How it can mislead: the cut shortens noise, by up to a
    factor of 1.4 on images that are mostly black or white: report the norm that is left, which `AttackBatch.d_l2` is.

    Raises:
        EstimatorError: there is not one norm an image, or one is negative.
    """
    if sizes.shape != (len(images),) or (sizes < 0).any():
        raise EstimatorError(f"noise needs one norm of at least 0 for each of {len(images)} images")
    noise = torch.randn(images.shape, generator=generator).to(images)
    lengths = sizes.to(images) / norms(noise)
    return images.where(beside(sizes.isnan(), images), (images + scaled(noise, lengths)).clamp(0, 1))


def midpoints(first: Images, second: Images) -> Images:
    """Half way between the images of each pair."""
    return (first + second) / 2


def partners(samples: int, generator: torch.Generator) -> Int64[Tensor, " samples"]:
    """For each of `samples` images another one, each once: the next on a random round trip.

    Raises:
        EstimatorError: fewer than two.
    """
    if samples < 2:
        raise EstimatorError(f"midpoints need at least 2 images, got {samples}")
    order = torch.randperm(samples, generator=generator)
    chosen = torch.empty_like(order)
    chosen[order] = order.roll(-1)
    return chosen
