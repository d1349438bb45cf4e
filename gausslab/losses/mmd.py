r"""Squared maximum mean discrepancy of a batch of codes from N(0, I): differentiable losses.

    $\mathrm{MMD}^2 = E k(Z, Z') - 2 E k(Z, Y) + E k(Y, Y')$,   Y and Y' N(0, I)

Source: Gretton, Borgwardt, Rasch, Schoelkopf & Smola (2012), Journal of Machine Learning Research 13:723-773.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.errors import EstimatorError
from gausslab.estimators.contract import over_leading_axes
from gausslab.losses.kernels import InverseMultiquadratic, Kernel

KERNEL = InverseMultiquadratic()


def mmd(z: Float[Tensor, "*batch samples units"], kernel: Kernel = KERNEL) -> Float[Tensor, "*batch"]:
    r"""Unbiased estimate of the squared MMD from N(0, I), whose two means are exact: no samples of it are drawn.

    $\frac1{n(n-1)} \sum_{i \ne j} k(z_i, z_j) - \frac2n \sum_i E k(z_i, Y) + E k(Y, Y')$; negative more often than
    not for a code that is N(0, I).

    How it can mislead: in high dimension all distances are alike, and the kernels see little but mean and scale of the
    radii; compare its value with that of Gaussian batches of the same shape.

    Args:
        z: a batch, samples x units; leading axes are codes, each with its own value.
        kernel: the sum of inverse multiquadratics of Wasserstein autoencoders, or another.

    Raises:
        EstimatorError: fewer than two samples.
    """
    return over_leading_axes(lambda code: _mean_of_pairs(code, kernel) + _beside_normal(code, kernel), "mmd", z)


def biased_mmd(z: Float[Tensor, "*batch samples units"], kernel: Kernel = KERNEL) -> Float[Tensor, "*batch"]:
    r"""Squared MMD of the batch itself from N(0, I): `mmd` with $\frac1{n^2} \sum_{ij}$, never negative.

    n times it, with one Gaussian kernel, is the BHEP statistic, and Henze-Zirkler's on whitened samples.

    Args:
        z: as for `mmd`.
        kernel: as for `mmd`.
    """
    return over_leading_axes(
        lambda code: _mean_between(code, code, kernel) + _beside_normal(code, kernel), "biased_mmd", z
    )


def two_sample_mmd(
    z: Float[Tensor, "*batch samples units"], y: Float[Tensor, "... others units"], kernel: Kernel = KERNEL
) -> Float[Tensor, "*batch"]:
    r"""Unbiased estimate of the squared MMD between two laws; WAE-MMD's penalty with y as many samples of N(0, I).

    $\frac1{n(n-1)} \sum_{i \ne j} k(z_i, z_j) + \frac1{m(m-1)} \sum_{i \ne j} k(y_i, y_j) - \frac2{nm} \sum_{ij}
    k(z_i, y_j)$. From N(0, I) `mmd` says the same without the noise of y.

    Args:
        z: as for `mmd`.
        y: another batch; one for all codes, or one for each.
        kernel: as for `mmd`.

    Raises:
        EstimatorError: fewer than two samples in either.
    """

    def between(z: Float[Tensor, "samples units"], y: Float[Tensor, "others units"]) -> Float[Tensor, ""]:
        return _mean_of_pairs(z, kernel) + _mean_of_pairs(y, kernel) - 2 * _mean_between(z, y, kernel)

    return over_leading_axes(between, "two_sample_mmd", z, y)


def _mean_between(
    z: Float[Tensor, "samples units"], y: Float[Tensor, "others units"], kernel: Kernel
) -> Float[Tensor, ""]:
    return kernel.of_distance(_squares(z, y), z.shape[1]).mean()


def _mean_of_pairs(z: Float[Tensor, "samples units"], kernel: Kernel) -> Float[Tensor, ""]:
    samples, units = z.shape
    if samples < 2:
        raise EstimatorError(f"mmd: expected at least 2 samples, got {samples}")
    values = kernel.of_distance(_squares(z, z), units)
    return (values.sum() - values.diagonal().sum()) / (samples * (samples - 1))


def _beside_normal(z: Float[Tensor, "samples units"], kernel: Kernel) -> Float[Tensor, ""]:
    units = z.shape[1]
    return kernel.mean_between(units) - 2 * kernel.mean_beside(z.square().sum(1), units).mean()


def _squares(x: Float[Tensor, "left units"], y: Float[Tensor, "right units"]) -> Float[Tensor, "left right"]:
    """Squared distances, never negative; a sample's from itself has no gradient."""
    norms = x.square().sum(1).unsqueeze(1) + y.square().sum(1)
    return torch.addmm(norms, x, y.T, alpha=-2).clamp_min(0)
