r"""Directions in which whitened samples are least Gaussian: where independent components start from.

Every row w of W follows the gradient of the fourth-order contrast, $w \leftarrow \alpha w \pm [E\,z\,g(w^T z) -
E\,g'(w^T z)\,w] / c$ with $g$ a cubic that is clipped (so that heavy tails do not decide) and $c$ its third Hermite
coefficient, so that the bracket is the kurtosis times $\sum_j m_j^3 e_j$ of its overlaps $m_j$ with the components plus
noise of about $\sqrt{6 d / n}$. The sign says whether the row looks for light or heavy tails. Far from a component the
signal is small (overlaps of a random direction are about $1/\sqrt d$) and only a few per cent of the starts grow out of
the noise; the small damping $\alpha$ multiplies their number by ten. After each step the rows are made orthogonal in
the order of their strength, so that strong ones are left alone and weak ones look elsewhere; the weakest start
again.

Sources: Hyvarinen & Oja (1997), Neural Computation 9:1483-1492 for the fixed point; Kolda & Mayo (2011), SIAM Journal
on Matrix Analysis 32:1095-1124 for the shift that makes it ascend.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float32, Float64
from torch import Tensor

from gausslab.seeding import torch_generator

CLIP = 2.5
DAMPING = 0.15
STEPS = 8
ROUNDS = 30
PATIENCE = 2
GROWTH = 1.02
WEAK = 1.6
DOMINANT = 0.75  # most that look for one kind of tails

Directions = Float32[Tensor, "directions units"]


def third_hermite_coefficient(clip: float = CLIP) -> float:
    r"""$E[g'''(\nu)] / 6 = P(|\nu| < a) - a^3 \varphi(a) (a^2 + ...)$ of the clipped cubic, by quadrature."""
    grid = torch.linspace(-10, 10, 20001, dtype=torch.float64)
    weights = torch.exp(-grid.square() / 2) * (20 / 20000) / math.sqrt(2 * math.pi)
    return float((grid.clamp(-clip, clip) ** 3 * (grid**3 - 3 * grid) * weights).sum()) / 6


@dataclass
class _State:
    """Rows, the tails each looks for (1 heavy, -1 light), and how strong each is."""

    rows: Directions
    signs: Float32[Tensor, " directions"]
    strengths: Float32[Tensor, " directions"]


def least_gaussian_directions(z: Float64[Tensor, "samples units"]) -> Float64[Tensor, "units units"]:
    """Orthogonal directions, the strongest first; z is whitened."""
    samples, units = z.shape
    z = z.float()
    generator = torch_generator(0, "least_gaussian_directions")
    signs = 1 - 2 * (torch.arange(units) % 2).float()
    state = _State(_orthogonal(torch.randn(units, units, generator=generator)), signs, torch.zeros(units))
    noise, total, idle = math.sqrt(6 * units / samples), 0.0, 0
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            _step(state, z)
        weak = state.strengths < WEAK * noise
        reached = float(state.strengths.clamp_min(0).sum())
        idle = 0 if reached > GROWTH * total else idle + 1
        total = max(total, reached)
        if not weak.any() or idle == PATIENCE:
            break
        _restart(state, weak, generator)
    return _orthogonal(state.rows).double()


def _step(state: _State, z: Float32[Tensor, "samples units"]) -> None:
    y = state.rows @ z.T
    clipped = y.clamp(-CLIP, CLIP)
    square = clipped.square()
    inside = 3 * torch.where(clipped == y, square, 0).mean(1)
    cubes = clipped * square
    pull = (cubes @ z / len(z) - inside.unsqueeze(1) * state.rows) * (state.signs / COEFFICIENT).unsqueeze(1)
    strengths = (pull * state.rows).sum(1)
    rows = DAMPING * state.rows + pull
    order = strengths.argsort(descending=True)
    state.rows, state.signs, state.strengths = _orthogonal(rows[order]), state.signs[order], strengths[order]


def _orthogonal(rows: Directions) -> Directions:
    """Gram-Schmidt in the order of the rows."""
    q, r = torch.linalg.qr(rows.T)
    signed: Tensor = (q * r.diagonal().sign()).T
    return signed.contiguous()


def _restart(state: _State, weak: Tensor, generator: torch.Generator) -> None:
    """Random directions outside the strong ones, which look for heavy and light tails in about the shares of these."""
    kept, count = state.rows[~weak], int(weak.sum())
    heavy = min(max(float((state.signs[~weak] > 0).sum()) / max(len(kept), 1), 1 - DOMINANT), DOMINANT)
    fresh = torch.randn(count, kept.shape[1], generator=generator)
    drawn = torch.where(torch.rand(count, generator=generator) < heavy, 1.0, -1.0)
    state.rows = _orthogonal(torch.cat([kept, fresh]))
    state.signs = torch.cat([state.signs[~weak], drawn])


COEFFICIENT = third_hermite_coefficient()
