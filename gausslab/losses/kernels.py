r"""Kernels on codes, with their means under N(0, I).

Both are mixtures of $e^{-\gamma \|x - y\|^2}$, so that with $\rho = \|x\|^2$ and Y, Y' independent and N(0, I)

    $E\, e^{-\gamma \|x - Y\|^2} = (1 + 2\gamma)^{-d/2} e^{-\gamma\rho / (1 + 2\gamma)}$,
    $E\, e^{-\gamma \|Y - Y'\|^2} = (1 + 4\gamma)^{-d/2}$.

Widths follow the Wasserstein autoencoders' code: $C_s = 2 d s$, s times the mean squared distance of two samples of
N(0, I), summed over seven scales s. Values are sums over the scales, not means.

Source: Tolstikhin, Bousquet, Gelly & Schoelkopf (2018), Wasserstein Auto-Encoders, ICLR, and its published code.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.errors import ConfigError

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
NODES = 48


@dataclass(frozen=True, kw_only=True)
class Kernel(ABC):
    """A sum of kernels of the distance, one a scale.

    Attributes:
        scales: s, in units of the mean squared distance of two samples of N(0, I).
    """

    scales: tuple[float, ...] = SCALES

    def __post_init__(self) -> None:
        if not self.scales or min(self.scales) <= 0:
            raise ConfigError(f"kernel: scales must be one or more positive numbers, got {self.scales}")

    def widths(self, units: int) -> tuple[float, ...]:
        """$C_s$."""
        return tuple(2 * units * scale for scale in self.scales)

    @abstractmethod
    def of_distance(self, squares: Float[Tensor, "*pairs"], units: int) -> Float[Tensor, "*pairs"]:
        """Values at squared distances."""

    @abstractmethod
    def mean_beside(self, squares: Float[Tensor, " samples"], units: int) -> Float[Tensor, " samples"]:
        """Means over Y of samples that have these squared norms."""

    @abstractmethod
    def mean_between(self, units: int) -> float:
        """Mean over Y and Y'."""


def _beside(rate: Tensor, squares: Tensor, units: int) -> Tensor:
    """Logarithm of the mean over Y of one Gaussian kernel."""
    return -rate * squares / (1 + 2 * rate) - units / 2 * torch.log1p(2 * rate)


@dataclass(frozen=True, kw_only=True)
class GaussianKernel(Kernel):
    r"""$\sum_s e^{-\|x - y\|^2 / C_s}$.

    Attributes:
        scales: s, in units of the mean squared distance of two samples of N(0, I).
    """

    def of_distance(self, squares: Float[Tensor, "*pairs"], units: int) -> Float[Tensor, "*pairs"]:
        """Values at squared distances."""
        return torch.stack([torch.exp(-squares / width) for width in self.widths(units)]).sum(0)

    def mean_beside(self, squares: Float[Tensor, " samples"], units: int) -> Float[Tensor, " samples"]:
        """Means over Y, in closed form."""
        rates = squares.new_tensor(self.widths(units)).reciprocal().unsqueeze(1)
        return _beside(rates, squares, units).exp().sum(0)

    def mean_between(self, units: int) -> float:
        """Mean over Y and Y', in closed form."""
        return math.fsum((1 + 4 / width) ** (-units / 2) for width in self.widths(units))


@dataclass(frozen=True, kw_only=True)
class InverseMultiquadratic(Kernel):
    r"""$\sum_s C_s / (C_s + \|x - y\|^2)$, whose tails reach codes that are far from N(0, I).

    It is a mixture of Gaussian kernels of rate $u / C_s$ with u exponential, and its means integrals over u, by
    Gauss-Laguerre quadrature in the variable in which the integrand is nearly exponential. Relative errors are 2e-5 for
    d = 1, 2e-6 for 2, below 1e-11 from 8 on.

    Attributes:
        scales: s, in units of the mean squared distance of two samples of N(0, I).
    """

    def of_distance(self, squares: Float[Tensor, "*pairs"], units: int) -> Float[Tensor, "*pairs"]:
        """Values at squared distances."""
        return torch.stack([width / (width + squares) for width in self.widths(units)]).sum(0)

    def mean_beside(self, squares: Float[Tensor, " samples"], units: int) -> Float[Tensor, " samples"]:
        """Means over Y."""
        nodes, logs = (squares.new_tensor(each).unsqueeze(1) for each in laguerre())
        total = torch.zeros_like(squares)
        for width in self.widths(units):
            pace = 1 + (units + squares) / width
            u = nodes / pace
            total = total + torch.exp(logs - u + _beside(u / width, squares, units)).sum(0) / pace
        return total

    def mean_between(self, units: int) -> float:
        """Mean over Y and Y'."""
        nodes, logs = (np.array(each) for each in laguerre())
        total = 0.0
        for width in self.widths(units):
            pace = 1 + 2 * units / width
            u = nodes / pace
            total += float(np.exp(logs - u - units / 2 * np.log1p(4 * u / width)).sum()) / pace
        return total


@lru_cache
def laguerre() -> tuple[tuple[float, ...], tuple[float, ...]]:
    r"""Nodes and logarithms of weights for $\int_0^\infty f(u) du$ with f nearly exponential."""
    nodes, weights = np.polynomial.laguerre.laggauss(NODES)
    return tuple(nodes.tolist()), tuple((np.log(weights) + nodes).tolist())
