r"""Errors of reconstructions, on the four scales that published losses use.

With \(e = \hat x - x\), n images of C channels and P elements: `sum` is \(\frac1n\sum e^2\), `mean` \(\frac1{nP}\sum
e^2\), `channel-mean` \(\frac1{nC}\sum e^2\). They differ by constants, so that weights of the terms beside them do not
carry over: the thesis's entropy weights only make sense with the sum; a weight beside the mean is P times smaller for
the same optimum.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from jaxtyping import Float
from torch import Tensor

Images = Float[Tensor, "samples channels height width"]
ImageError = Callable[[Tensor, Tensor], Tensor]


def summed_squared_error(images: Images, reconstructions: Images) -> Float[Tensor, ""]:
    """Squared error summed over the elements of an image, averaged over the images (thesis, equation 2.2)."""
    return (reconstructions - images).square().sum() / images.shape[0]


def mean_squared_error(images: Images, reconstructions: Images) -> Float[Tensor, ""]:
    """Squared error averaged over images and elements: the RAE family's."""
    return (reconstructions - images).square().mean()


def channel_mean_squared_error(images: Images, reconstructions: Images) -> Float[Tensor, ""]:
    """Squared error averaged over channels, summed over pixels, averaged over images: the VAEs' of the RAE code."""
    return summed_squared_error(images, reconstructions) / images.shape[1]


def gaussian_negative_log_likelihood(
    images: Images, reconstructions: Images, log_sd: Float[Tensor, ""]
) -> Float[Tensor, ""]:
    r"""\( \frac1n \sum [\frac{(\hat x - x)^2}{2\gamma^2} + \ln\gamma + \frac12 \ln 2\pi] \), nats; \(\gamma\) learned.

    Source: Dai & Wipf (2019), Diagnosing and enhancing VAE models, ICLR.
    """
    elements = images[0].numel()
    error = summed_squared_error(images, reconstructions)
    return error / (2 * (2 * log_sd).exp()) + elements * (log_sd + math.log(2 * math.pi) / 2)


SCALES: Mapping[str, ImageError] = MappingProxyType(
    {"sum": summed_squared_error, "mean": mean_squared_error, "channel-mean": channel_mean_squared_error}
)
"""The errors that need nothing but the images, by the name of their scale."""
