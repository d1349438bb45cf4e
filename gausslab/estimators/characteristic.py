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
FEW = 64  # samples that all pairs serve best
WIDE = 300  # points of a grid that cells serve better


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
    t, weights = _weights(grid, characteristic.real)
    return ((characteristic.real - (-t.square() / 2).exp()).square() + characteristic.imag.square()) @ weights


def _weights(grid: Grid, like: Tensor) -> tuple[Float[Tensor, " points"], Float[Tensor, " points"]]:
    """The points t and their weights in the integral of an even function times $e^{-t^2/2}$."""
    t = grid.step * torch.arange(grid.points, dtype=like.dtype, device=like.device)
    weights = 2 * grid.step * (-t.square() / 2).exp()
    weights[[0, -1]] /= 2
    return t, weights


def epps_pulley_statistic(x: Float[Tensor, "*batch samples units"]) -> Float[Tensor, "*batch units"]:
    r"""T of every unit against N(0, 1), as the values are: standardise them first for the composite null.

    $\sqrt{2\pi}\, [\frac1n \sum_{jk} e^{-(x_j-x_k)^2/2} - \sqrt2 \sum_j e^{-x_j^2/4} + \frac n{\sqrt3}]$ in closed
    form, which is $\sqrt{2\pi}$ times BHEP's with beta = 1. That takes n^2 exponentials (`epps_pulley_pairs`); the
    trapezoid rule on a grid just fine and long enough is exact to rounding, with some 20 points for standardised values
    and more for wider ones, whose pairs are then taken cell by cell (`epps_pulley_cells`).

    Source: Epps & Pulley (1983), Biometrika 70:723-726; Henze (1990), Metrika 37:7-18.
    """
    samples = x.shape[-2]
    if samples < FEW:
        return epps_pulley_pairs(x)
    grid = exact_grid(x)
    if grid.points > WIDE:
        return epps_pulley_cells(x)
    return samples * distance_from_normal(empirical_characteristic(x, grid), grid)


def exact_grid(x: Float[Tensor, "*batch samples units"]) -> Grid:
    r"""The coarsest grid on which the trapezoid rule is exact to rounding for these values.

    By Poisson's summation formula a step h adds the integrand's Fourier transform at $2\pi / h$ and beyond: Gaussians
    about $x_j - x_k$, $x_j$ and 0, of standard deviation 1, $\sqrt2$ and $\sqrt3$.
    """
    spread = float((x.detach().amax(-2) - x.detach().amin(-2)).max())
    farthest = float(x.detach().abs().max())
    alias = max(spread + REACH, farthest + math.sqrt(2) * REACH, math.sqrt(3) * REACH)
    return trapezoid(REACH, _points(alias))


def _points(alias: float) -> int:
    """Points up to `REACH` whose step puts the first alias at a distance."""
    return math.ceil(REACH * alias / (2 * math.pi)) + 1


def epps_pulley_pairs(x: Float[Tensor, "*batch samples units"]) -> Float[Tensor, "*batch units"]:
    """The closed form of `epps_pulley_statistic`, pairs in blocks: n^2 exponentials a unit."""
    samples = x.shape[-2]
    rows = max(1, BLOCK // x.numel())
    pairs = torch.stack([_kernel_sums(x, at, min(rows, samples - at)) for at in range(0, samples, rows)]).sum(0)
    return _closed_form(x, math.sqrt(2 * math.pi) * pairs)


def _kernel_sums(x: Float[Tensor, "*batch samples units"], start: int, rows: int) -> Float[Tensor, "*batch units"]:
    """Sums of the kernel over pairs whose first sample is in the block."""
    gaps = x.narrow(-2, start, rows).unsqueeze(-2) - x.unsqueeze(-3)
    return (-gaps.square() / 2).exp().sum((-3, -2))


def _closed_form(
    x: Float[Tensor, "*batch samples units"], pairs: Float[Tensor, "*batch units"]
) -> Float[Tensor, "*batch units"]:
    samples, singles = x.shape[-2], (-x.square() / 4).exp().sum(-2)
    return pairs / samples + math.sqrt(2 * math.pi) * (samples / math.sqrt(3) - math.sqrt(2) * singles)


def epps_pulley_cells(x: Float[Tensor, "*batch samples units"]) -> Float[Tensor, "*batch units"]:
    """The same for values however wide: n log n and some 36 points of work.

    Values are cut into cells as long as the kernel reaches, so that only those of one cell or of two that touch form
    pairs; they lie so close together that the integral over the products of the cells' sums needs a short grid.
    """
    units = x.shape[-1]
    some = max(1, BLOCK * units // x.numel())
    blocks = [x.narrow(-1, start, min(some, units - start)) for start in range(0, units, some)]
    return torch.cat([_closed_form(block, _cell_pairs(block)) for block in blocks], -1)


def _cell_pairs(x: Float[Tensor, "*batch samples units"]) -> Float[Tensor, "*batch units"]:
    ordered = x.sort(dim=-2).values
    cell = (ordered.detach() / REACH).floor()
    steps = cell.diff(dim=-2)
    place = torch.nn.functional.pad((steps > 0).cumsum(-2), (0, 0, 1, 0))  # of the cell among those that are not empty
    sums = x.new_zeros(*x.shape[:-2], int(place.max()) + 1, x.shape[-1])
    touching = sums.scatter_add(-2, place[..., 1:, :], (steps == 1).to(x.dtype))[..., 1:, :]
    angles, pairs = ordered - REACH * cell, x.new_zeros(())
    for t, weight in zip(*_weights(trapezoid(REACH, _points(3 * REACH)), x), strict=True):
        real, imaginary = (sums.scatter_add(-2, place, part) for part in ((t * angles).cos(), (t * angles).sin()))
        pairs = pairs + weight * (real.square() + imaginary.square()).sum(-2)
        inner = real[..., 1:, :] * real[..., :-1, :] + imaginary[..., 1:, :] * imaginary[..., :-1, :]
        outer = real[..., 1:, :] * imaginary[..., :-1, :] - imaginary[..., 1:, :] * real[..., :-1, :]
        turned = inner * (REACH * t).cos() + outer * (REACH * t).sin()
        pairs = pairs + 2 * weight * (touching * turned).sum(-2)
    return pairs
