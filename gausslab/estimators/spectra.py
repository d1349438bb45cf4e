r"""The spectrum of a covariance, and the Marchenko-Pastur bulk in which that of an isotropic code lies."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.estimators.contract import usable

Eigenvalues = Float64[np.ndarray, " units"]
Points = Float64[np.ndarray, "*points"]


@dataclass(frozen=True, kw_only=True)
class MarchenkoPastur:
    r"""Limit law of the eigenvalues of a sample covariance whose truth is $\sigma^2 I$.

    With $\gamma = d / (n - 1)$ they lie between $\sigma^2 (1 - \sqrt\gamma)^2$ and $\sigma^2 (1 + \sqrt\gamma)^2$; if
    $\gamma > 1$ a share of $1 - 1/\gamma$ is 0.

    Source: Marchenko & Pastur (1967), Mathematics of the USSR-Sbornik 1:457-483.

    Attributes:
        aspect: $\gamma$.
        variance: $\sigma^2$.
    """

    aspect: float
    variance: float = 1.0

    @property
    def lower(self) -> float:
        """Lower edge of the bulk."""
        return self.variance * (1 - math.sqrt(self.aspect)) ** 2

    @property
    def upper(self) -> float:
        """Upper edge of the bulk."""
        return self.variance * (1 + math.sqrt(self.aspect)) ** 2

    def density(self, at: Points) -> Points:
        r"""$\frac{\sqrt{(b - \lambda)(\lambda - a)}}{2 \pi \gamma \sigma^2 \lambda}$ between the edges a and b, else 0.

        Its integral is 1, or $1 / \gamma$ if $\gamma > 1$.

        >>> MarchenkoPastur(aspect=1.0).density(np.array([0.5, 1.0, 5.0])).round(4).tolist()
        [0.4211, 0.2757, 0.0]
        """
        inside = np.maximum((self.upper - at) * (at - self.lower), 0)
        positive = np.where(at > 0, at, 1.0)
        return np.asarray(np.sqrt(inside) / (2 * math.pi * self.aspect * self.variance * positive))


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of a covariance, and the bulk they would lie in were the code isotropic with the same total variance.

    Attributes:
        eigenvalues: of the unbiased covariance, descending.
        directions: unit eigenvectors as columns, in the same order.
        bulk: the law of the eigenvalues of an isotropic code of the same n, d and trace.
    """

    eigenvalues: Eigenvalues
    directions: Float64[np.ndarray, "units units"]
    bulk: MarchenkoPastur

    @property
    def outside(self) -> float:
        """Share of the eigenvalues outside the bulk; those that are 0 because of n <= d do not count as outside."""
        values, bulk = self.eigenvalues, self.bulk
        below = values < bulk.lower if bulk.aspect < 1 else np.zeros(len(values), dtype=bool)
        return float((below | (values > bulk.upper)).mean())


def spectrum(x: Float[Tensor, "samples units"]) -> Spectrum:
    """Spectrum of the code's unbiased covariance beside the Marchenko-Pastur bulk.

    Raises:
        EstimatorError: fewer than 2 samples, NaN or infinite values, or units that never vary.
    """
    return spectrum_of(usable(x, "spectrum", 2))


def spectrum_of(x: Float64[Tensor, "samples units"]) -> Spectrum:
    """The spectrum of samples that have been checked."""
    samples, units = x.shape
    centred = x - x.mean(0)
    values, directions = torch.linalg.eigh(centred.T @ centred / (samples - 1))
    eigenvalues = np.maximum(values.numpy()[::-1], 0)
    bulk = MarchenkoPastur(aspect=units / (samples - 1), variance=float(eigenvalues.mean()))
    return Spectrum(eigenvalues, np.ascontiguousarray(directions.numpy()[:, ::-1]), bulk)
