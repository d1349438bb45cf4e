r"""Empirical characteristic functions and their distance from that of N(0, 1).

    $T = n \int |\phi_n(t) - e^{-t^2/2}|^2 e^{-t^2/2} dt$,   $\phi_n(t) = \frac1n \sum_j e^{i t x_j}$

`epps_pulley_statistic` is the integral itself, to rounding. Training losses and streams use a few fixed points
instead (`trapezoid`): there the mean characteristic function is all that has to be kept, and means of equal batches
average. Everything is differentiable and takes leading axes.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Complex, Float
from torch import Tensor

REACH = 8.5  # standard deviations after which a Gaussian weight is lost in double precision's rounding
BLOCK = 1 << 18  # elements of a temporary, so that it stays in the cache


class Grid(NamedTuple):
    """Equally spaced points from 0 on.

    Attributes:
        step: between them.
        points: how many.
    """

    step: float
    points: int


def trapezoid(limit: float = 3.0, points: int = 17) -> Grid:
    """`points` points from 0 to `limit`; the defaults are those that SIGReg trains with."""
    return Grid(limit / (points - 1), points)


def empirical_characteristic(
    x: Float[Tensor, "*batch samples units"], grid: Grid
) -> Complex[Tensor, "*batch units points"]:
    r"""$\phi_n$ of every unit at the points of a grid: powers of $e^{i h x}$, one multiplication a point and sample."""
    samples = x.shape[-2]
    rows = max(1, BLOCK * samples // x.numel())
    sums = [_summed_powers(x.narrow(-2, at, min(rows, samples - at)), grid) for at in range(0, samples, rows)]
    return torch.stack(sums).sum(0) / samples


def _summed_powers(x: Float[Tensor, "*batch samples units"], grid: Grid) -> Complex[Tensor, "*batch units points"]:
    angles = grid.step * x
    turn = torch.complex(angles.cos(), angles.sin())
    power, sums = turn, [torch.ones_like(turn).sum(-2), turn.sum(-2)]
    for _ in range(grid.points - 2):
        power = power * turn
        sums.append(power.sum(-2))
    return torch.stack(sums[: grid.points], -1)


def distance_from_normal(
    characteristic: Complex[Tensor, "*batch units points"], grid: Grid
) -> Float[Tensor, "*batch units"]:
    r"""$\int |\phi_n - \phi|^2 \phi$ with $\phi(t) = e^{-t^2/2}$ by the trapezoid rule over both signs of t.

    It is $T / n$: multiply by the number of samples for the statistic.
    """
    t = grid.step * torch.arange(grid.points, dtype=characteristic.real.dtype, device=characteristic.device)
    normal = (-t.square() / 2).exp()
    weights = 2 * grid.step * normal
    weights[[0, -1]] /= 2
    return ((characteristic.real - normal).square() + characteristic.imag.square()) @ weights


def epps_pulley_statistic(x: Float[Tensor, "*batch samples units"]) -> Float[Tensor, "*batch units"]:
    r"""T of every unit against N(0, 1), as the values are: standardise them first for the composite null.

    $\sqrt{2\pi}\, [\frac1n \sum_{jk} e^{-(x_j-x_k)^2/2} - \sqrt2 \sum_j e^{-x_j^2/4} + \frac n{\sqrt3}]$ in closed
    form, which is $\sqrt{2\pi}$ times BHEP's with beta = 1. That takes n^2 exponentials; the trapezoid rule on a grid
    just fine and long enough is exact to rounding, with some 20 points for standardised values, so whichever is less
    work is done.

    Source: Epps & Pulley (1983), Biometrika 70:723-726; Henze (1990), Metrika 37:7-18.
    """
    samples = x.shape[-2]
    grid = exact_grid(x)
    if 2 * grid.points > samples:
        return epps_pulley_pairs(x)
    return samples * distance_from_normal(empirical_characteristic(x, grid), grid)


def exact_grid(x: Float[Tensor, "*batch samples units"]) -> Grid:
    r"""The coarsest grid on which the trapezoid rule is exact to rounding for these values.

    By Poisson's summation formula a step h adds the integrand's Fourier transform at $2\pi / h$ and beyond: Gaussians
    about $x_j - x_k$, $x_j$ and 0, of standard deviation 1, $\sqrt2$ and $\sqrt3$.
    """
    spread = float((x.detach().amax(-2) - x.detach().amin(-2)).max())
    farthest = float(x.detach().abs().max())
    alias = max(spread + REACH, farthest + math.sqrt(2) * REACH, math.sqrt(3) * REACH)
    return trapezoid(REACH, math.ceil(REACH * alias / (2 * math.pi)) + 1)


def epps_pulley_pairs(x: Float[Tensor, "*batch samples units"]) -> Float[Tensor, "*batch units"]:
    """The closed form of `epps_pulley_statistic`, pairs in blocks: n^2 exponentials a unit."""
    samples = x.shape[-2]
    rows = max(1, BLOCK // x.numel())
    pairs = torch.stack([_kernel_sums(x, at, min(rows, samples - at)) for at in range(0, samples, rows)]).sum(0)
    singles = (-x.square() / 4).exp().sum(-2)
    return math.sqrt(2 * math.pi) * (pairs / samples - math.sqrt(2) * singles + samples / math.sqrt(3))


def _kernel_sums(x: Float[Tensor, "*batch samples units"], start: int, rows: int) -> Float[Tensor, "*batch units"]:
    """Sums of the kernel over pairs whose first sample is in the block."""
    gaps = x.narrow(-2, start, rows).unsqueeze(-2) - x.unsqueeze(-3)
    return (-gaps.square() / 2).exp().sum((-3, -2))
