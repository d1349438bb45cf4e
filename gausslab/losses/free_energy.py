r"""Minus the matricial free energy of a batch of codes: a differentiable loss of its singular values alone.

The squared singular values of a matrix of iid Gaussian entries repel each other in a potential. Written as an energy,
least for the law that such a spectrum tends to (Marchenko & Pastur's), this is a loss whose minimum is at the spectrum
of a Gaussian batch.

Source: Sonthalia & Nadakuditi (2025), Matricial free energy as a Gaussianizing regularizer, arXiv:2510.17120, equations
9 and 12; the law of the eigenvalues: Hiai & Petz (2000), The Semicircle Law, Free Random Variables and Entropy, ch. 5.
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import digamma
from torch import Tensor

from gausslab.errors import EstimatorError


def free_loss(z: Float[Tensor, "samples units"]) -> Float[Tensor, ""]:
    r"""Energy of the squared singular values $\lambda_i$ of the batch, which is neither centred nor scaled.

    $\frac1m \sum_i [\frac{\lambda_i}m - (\frac Mm - 1) \ln\lambda_i] - \frac1{m(m-1)} \sum_{i \ne j}
    \ln|\lambda_i - \lambda_j|$,   m and M the smaller and the larger of the numbers of samples and units.

    The paper has m = d units below M = n samples; fewer samples than units have the same m non-zero eigenvalues either
    way round, and for n = d the logarithm drops out. Along the scale of the batch it is least where the mean square of
    all entries is exactly 1.

    Logarithms are of numbers not below the machine epsilon times the largest eigenvalue, which is how well eigenvalues
    and their differences are known; what lies below has no gradient: a repeated eigenvalue is not pushed apart, the one
    that centring a batch of n <= d takes away is not brought back, and a batch of zeros stays. Half precision is
    computed in float32. NaN if the batch is not finite. No second derivatives where eigenvalues repeat.

    How it can mislead: it sees the spectrum, so second moments, and no law beyond them. A cube with covariance I,
    rotated or not, has nearly the spectrum of a Gaussian and nearly its loss; what is left are fluctuations of finite
    batches. Its value is no distance: that of a Gaussian batch is not 0 but, on average, `gaussian_free_loss`, and the
    minimum lies below that, at eigenvalues spaced more evenly than those of any Gaussian batch (zeros of a Laguerre
    polynomial), so descent goes past the Gaussian. Nor may the batch be whitened: its eigenvalues are then equal, where
    the loss is highest.

    Args:
        z: a batch, samples x units.

    Raises:
        EstimatorError: fewer than two samples or units.
    """
    fewer, more = _sides("free_loss", *z.shape)
    if not torch.isfinite(z).all():
        return z.sum() * math.nan
    eigenvalues: Tensor = torch.linalg.svdvals(z.to(torch.promote_types(z.dtype, torch.float32))).square()
    larger, smaller = torch.triu_indices(fewer, fewer, 1, device=z.device)
    repulsion = _logarithm(eigenvalues[larger] - eigenvalues[smaller], eigenvalues[0]).mean()
    potential = eigenvalues / fewer - (more / fewer - 1) * _logarithm(eigenvalues, eigenvalues[0])
    return potential.mean() - repulsion


def gaussian_free_loss(samples: int, units: int) -> float:
    r"""Mean of `free_loss` over batches of N(0, I), exact.

    $E \lambda$ and $E \ln\lambda$ are those of chi-squared variables; the mean of the repulsion is the derivative of
    the logarithm of Selberg's integral $\int \prod_i y_i^{\alpha-1} e^{-y_i} \prod_{i<j} |y_i - y_j|^{2\gamma} dy =
    \prod_{j<m} \frac{\Gamma(\alpha + j\gamma) \Gamma(1 + (j+1)\gamma)}{\Gamma(1 + \gamma)}$ by $\gamma$ at
    $\gamma = \frac12$, with $\lambda = 2y$ and $\alpha = \frac{M-m+1}2$.

    Source: Forrester & Warnaar (2008), Bulletin of the American Mathematical Society 45:489-534.

    Args:
        samples: of the batch.
        units: of the batch.

    Raises:
        EstimatorError: fewer than two of either.

    >>> round(gaussian_free_loss(256, 32), 2)  # the paper's -34.69
    -34.69
    """
    fewer, more = _sides("gaussian_free_loss", samples, units)
    j = np.arange(fewer)
    logs = np.mean(digamma((more - j) / 2)) + math.log(2)
    by_pair = j * digamma((more - fewer + 1 + j) / 2) + (j + 1) * digamma((3 + j) / 2) - digamma(1.5)
    repulsion = by_pair.sum() / (fewer * (fewer - 1)) + math.log(2)
    return float(more / fewer - (more / fewer - 1) * logs - repulsion)


def _sides(name: str, samples: int, units: int) -> tuple[int, int]:
    if min(samples, units) < 2:
        raise EstimatorError(f"{name}: expected at least 2 samples and 2 units, got {samples} x {units}")
    return min(samples, units), max(samples, units)


def _logarithm(values: Float[Tensor, " values"], largest: Float[Tensor, ""]) -> Float[Tensor, " values"]:
    """Logarithms of values, those that are rounding beside the largest eigenvalue raised to its size."""
    precision = torch.finfo(values.dtype)
    return values.clamp_min((largest.detach() * precision.eps).clamp_min(precision.tiny)).log()
