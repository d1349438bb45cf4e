r"""The search of `projection_pursuit`: directions in which whitened samples have least and greatest kurtosis.

Fixed-point iterations for kurtosis, $w \leftarrow E[z (w^\top z)^3] - 3 w$ and its shifted kin, all step somewhere on
the great circle through w and the gradient. On that circle $E (w^\top z)^4$ is a polynomial of five moments, so the
best point of the whole circle is taken instead: no step can lose, and none is too short. The circle goes through the
conjugate gradient, and all starts move at once, two matrix products an iteration.

Source: Hyvarinen & Oja (1997), Neural Computation 9:1483-1492, for the iteration; Zarzoso & Comon (2010), IEEE
Transactions on Neural Networks 21:248-261, for the exact step; Tyler, Critchley, Dumbgen & Oja (2009), Journal of the
Royal Statistical Society B 71:549-592, for the frame in which the starts are drawn.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.seeding import torch_generator

STARTS = 128  # drawn, a side
PICKED = 16  # of the units and of the frame, the best of them, a side
SCHEDULE = ((12, 32), (28, 2))  # steps of all that are left, then how many a side stay
FINAL_STEPS = 20
CHUNK = 1000  # samples whose products stay in the cache
_ANGLES = 32
_ROUNDING = 16  # a shorter gradient, in units of rounding, is noise: there a start stays
_TINY = 1e-30


class Step(NamedTuple):
    """What a step leaves for the next: gradients, and the way it went."""

    gradient: Float[Tensor, "units starts"]
    way: Float[Tensor, "units starts"]


def extreme_directions(
    z: Float64[Tensor, "samples units"], axes: Float64[Tensor, "units units"], count: int = STARTS
) -> Float64[Tensor, "units 2"]:
    """Unit vectors of least and of greatest kurtosis.

    Single precision finds the few best starts, double precision goes on from there.

    Args:
        z: whitened samples.
        axes: an orthonormal frame from which starts are picked beside the drawn ones, one a column.
        count: starts to draw, a side.
    """
    left = starting_directions(z, axes, count)
    signs = torch.tensor([-1.0, 1.0])
    single = z.float()
    for steps, kept in SCHEDULE:
        climbed, kurtosis = climb(single, left.float(), signs.repeat_interleave(left.shape[1] // 2), steps)
        left = _best(climbed.double(), kurtosis, kept)
    climbed, kurtosis = climb(z, left, signs.double().repeat_interleave(left.shape[1] // 2), FINAL_STEPS)
    return _best(climbed, kurtosis, 1)


def starting_directions(
    z: Float64[Tensor, "samples units"], axes: Float64[Tensor, "units units"], count: int
) -> Float64[Tensor, "units starts"]:
    r"""Starts towards least kurtosis, then as many towards greatest.

    A direction of unusual kurtosis lies, if samples are many enough, near the outer directions of `frame`: random
    starts therefore have standard deviation $j^{-1/2}$ along its j-th, counted from their own end. The `PICKED` most
    extreme directions of both frames are added.
    """
    units = z.shape[1]
    own = frame(z)
    known = torch.cat([axes, own], 1)
    order = kurtosis_of(z @ known).argsort(stable=True)
    picked = min(PICKED, units)
    drawn = torch.randn((units, count), generator=torch_generator(0, "projection_pursuit"), dtype=z.dtype)
    drawn = drawn * torch.arange(1, units + 1).rsqrt().unsqueeze(1)
    sides = (own @ drawn, known[:, order[:picked]], own.flip(1) @ drawn, known[:, order[-picked:]])
    joined = torch.cat(sides, 1)
    return joined.div(joined.norm(dim=0))


def frame(z: Float64[Tensor, "samples units"]) -> Float64[Tensor, "units units"]:
    r"""Orthonormal directions that the samples choose themselves, light tails first.

    Eigenvectors of $E[e^{-\|z\|^2 / d} z z^\top]$, signed so that their skewness is positive: a second scatter matrix,
    in which far samples count less. Rotated samples have a rotated frame.
    """
    weights = (-z.square().sum(1) / z.shape[1]).exp()
    found: Tensor = torch.linalg.eigh(z.T @ (z * weights.unsqueeze(1)) / len(z)).eigenvectors.flip(1)
    return found * torch.where((z @ found).pow(3).mean(0) < 0, -1.0, 1.0)


def search_work(samples: int, units: int, count: int) -> float:
    """Multiply-adds of one search, both products of every step, and elementwise work as much as 24 units."""
    first, last = SCHEDULE
    width = 2 * (count + min(PICKED, units))
    steps = width * first[0] + 2 * first[1] * last[0] + 2 * last[1] * FINAL_STEPS
    return 2.0 * samples * (units + 24) * steps


def kurtosis_of(y: Float[Tensor, "samples starts"]) -> Float[Tensor, " starts"]:
    """Excess kurtosis of values of mean 0 and variance 1."""
    return y.square().square().mean(0) - 3


def climb(
    z: Float[Tensor, "samples units"],
    w: Float[Tensor, "units starts"],
    signs: Float[Tensor, " starts"],
    steps: int,
) -> tuple[Float[Tensor, "units starts"], Float[Tensor, " starts"]]:
    """Unit vectors after so many steps up (sign 1) or down (sign -1) the kurtosis, and their kurtosis."""
    y, last = z @ w, None
    for _ in range(steps):
        slope = _cubes(z, y)
        fourth = (w * slope).sum(0)
        step = _conjugate(signs * (slope - w * fourth), w, last)
        length = step.way.norm(dim=0)
        way = _tangent(step.way / length.clamp_min(_TINY), w)
        ahead = z @ way
        angle = best_angle(torch.stack([fourth, (way * slope).sum(0), *_mixed(y, ahead)]), signs)
        moving = length > _ROUNDING * torch.finfo(z.dtype).eps * fourth
        if not moving.any():
            break
        angle = torch.where(moving, angle, 0.0)
        cosine, sine = angle.cos(), angle.sin()
        last = Step(step.gradient, (way * cosine - w * sine) * length)
        w, y = w * cosine + way * sine, y.mul_(cosine).add_(ahead.mul_(sine))
        norm = w.norm(dim=0)
        w, y = w / norm, y.div_(norm)
    return w, kurtosis_of(y)


def _cubes(z: Float[Tensor, "samples units"], y: Float[Tensor, "samples starts"]) -> Float[Tensor, "units starts"]:
    """Mean of z times the cube of y."""
    parts = zip(torch.split(z, CHUNK), torch.split(y, CHUNK), strict=True)
    return torch.stack([rows.T @ (values * values * values) for rows, values in parts]).sum(0) / len(z)


def _mixed(y: Float[Tensor, "samples starts"], v: Float[Tensor, "samples starts"]) -> list[Float[Tensor, " starts"]]:
    """Means of y^2 v^2, y v^3 and v^4."""
    sums = []
    for first, second in zip(torch.split(y, CHUNK), torch.split(v, CHUNK), strict=True):
        product, square = first * second, second * second
        sums.append(torch.stack([(product * product).sum(0), (product * square).sum(0), (square * square).sum(0)]))
    return list(torch.stack(sums).sum(0) / len(y))


def _conjugate(gradient: Float[Tensor, "units starts"], w: Float[Tensor, "units starts"], last: Step | None) -> Step:
    """The way to go: the gradient and a part of the last way (Polak & Ribiere's, never negative), tangent at w."""
    if last is None:
        return Step(gradient, gradient)
    change = (gradient * (gradient - last.gradient)).sum(0) / last.gradient.square().sum(0).clamp_min(_TINY)
    way = _tangent(gradient + change.clamp(0, 10) * last.way, w)
    return Step(gradient, torch.where((way * gradient).sum(0) > 0, way, gradient))


def _tangent(way: Float[Tensor, "units starts"], w: Float[Tensor, "units starts"]) -> Float[Tensor, "units starts"]:
    return way - w * (w * way).sum(0)


def best_angle(moments: Float[Tensor, "5 starts"], signs: Float[Tensor, " starts"]) -> Float[Tensor, " starts"]:
    r"""The angle at which $E(y\cos\theta + v\sin\theta)^4$ is greatest (sign 1) or least (sign -1).

    With the moments $m_k = E y^{4-k} v^k$ it is, up to a constant, the real part of $a u + b u^2$ with
    $u = e^{2i\theta}$: the best of a grid, then Newton's steps, none longer than the grid's.
    """
    m0, m1, m2, m3, m4 = moments * signs
    a = torch.complex((m0 - m4) / 2, -m1 - m3)
    b = torch.complex((m0 - 6 * m2 + m4) / 8, (m3 - m1) / 2)
    grid = torch.linspace(-math.pi, math.pi, _ANGLES + 1, dtype=moments.dtype)
    turns = torch.polar(torch.ones_like(grid), grid).unsqueeze(1)
    angle = grid[(a * turns + b * turns.square()).real.argmax(0)]
    for _ in range(3):
        turn = torch.polar(torch.ones_like(angle), angle)
        first, second = a * turn, b * turn.square()
        slope, bend = -(first + 2 * second).imag, -(first + 4 * second).real
        step = torch.where(bend < 0, -slope / bend, 0.0)
        angle = angle + step.clamp(-math.pi / _ANGLES, math.pi / _ANGLES)
    return angle / 2


def _best(
    w: Float64[Tensor, "units starts"], kurtosis: Float[Tensor, " starts"], count: int
) -> Float64[Tensor, "units kept"]:
    """The best of each half."""
    least, greatest = kurtosis.chunk(2)
    low, high = least.argsort(stable=True)[:count], greatest.argsort(descending=True, stable=True)[:count]
    return torch.cat([w[:, low], w[:, high + len(least)]], 1)
