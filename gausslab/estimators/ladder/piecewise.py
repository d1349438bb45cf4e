r"""One-dimensional densities whose logarithm is piecewise linear, fitted to many units at once.

The knots of a unit are quantiles of its samples: equal steps of probability inside, a quarter of that again and again
towards both ends, so that a hard edge (of a uniform law) is resolved as finely as the samples allow. Between the outer
knots the log density is linear from knot to knot and its heights are those of highest likelihood: an exponential
family whose statistics are the knots' hat functions, and so a convex problem, solved by Newton's method.
Beyond them lie Pareto tails with the mass and the mean that the samples have there: no sample is impossible.

Tensors here are `units samples`, a unit a row, because searching and sorting work along rows.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from gausslab.estimators.ladder.scatter import varying

Rows = Float64[Tensor, "units samples"]
Knots = Float64[Tensor, "units knots"]

TAIL = 4.0  # exponent of the Pareto tails: moments below the fourth exist
OUTSIDE = 4  # samples beyond an outer knot
GROWTH = 4.0  # of the steps of probability from the ends inwards
NARROWEST = 1e-4  # distance of two knots, in interquartile ranges: where samples repeat
SERIES = 0.02
STEPS = 20
LONGEST = 2.0


def probabilities(samples: int) -> list[float]:
    """Levels of the knots, symmetric about one half, which is one of them: a peak there is sharp."""
    step = 1 / (2 * max(2, min(8, round(samples**0.25 / 2))))
    ends = [min(OUTSIDE / samples, step / 2)]
    while ends[-1] * GROWTH < 0.8 * step:
        ends.append(ends[-1] * GROWTH)
    inside = [step * index for index in range(1, round(1 / step))]
    return [*ends, *inside, *(1 - level for level in reversed(ends))]


class Integrals(NamedTuple):
    r"""$\int_0^1 s^k e^{\delta s} ds$ for k = 0, 1, 2."""

    zeroth: Float64[Tensor, "units pieces"]
    first: Float64[Tensor, "units pieces"]
    second: Float64[Tensor, "units pieces"]


def exponential_integrals(delta: Float64[Tensor, "units pieces"]) -> Integrals:
    """By recursion, and by their series where that would cancel."""
    small = delta.abs() < SERIES
    safe = torch.where(small, 1.0, delta)
    end = delta.exp()
    zeroth = torch.where(small, _series(delta, 0), torch.expm1(safe) / safe)
    first = torch.where(small, _series(delta, 1), (end - zeroth) / safe)
    second = torch.where(small, _series(delta, 2), (end - 2 * first) / safe)
    return Integrals(zeroth, first, second)


def _series(delta: Float64[Tensor, "units pieces"], power: int) -> Float64[Tensor, "units pieces"]:
    r"""$\sum_j \delta^j / (j!\,(j + k + 1))$ to the fifth order: 1e-14 relative at `SERIES`."""
    total = torch.zeros_like(delta)
    for order in range(5, -1, -1):
        total = total * delta + 1 / (math.factorial(order) * (order + power + 1))
    return total


@dataclass(frozen=True, eq=False)
class Piecewise:
    """Densities of many units.

    Attributes:
        knots: ascending.
        heights: log densities at the knots.
        tail_mass: probability below the lowest and above the highest knot.
        tail_scale: scales of the Pareto tails there.
    """

    knots: Knots
    heights: Knots
    tail_mass: Float64[Tensor, "units 2"]
    tail_scale: Float64[Tensor, "units 2"]

    @property
    def parameters(self) -> int:
        """Free numbers a unit, the knots' places counted as given."""
        return self.knots.shape[1] + 1

    @property
    def slopes(self) -> Float64[Tensor, "units pieces"]:
        """Of the log density between neighbouring knots."""
        slopes: Tensor = self.heights.diff(dim=1) / self.knots.diff(dim=1)
        return slopes

    def log_densities(self, y: Rows) -> Rows:
        """At values of every unit."""
        index = torch.searchsorted(self.knots, y, right=True) - 1
        piece = index.clamp(0, self.knots.shape[1] - 2)
        logs = self.heights.gather(1, piece) + self.slopes.gather(1, piece) * (y - self.knots.gather(1, piece))
        for side, outside in enumerate(self._outside(index)):
            unit, excess = self._excess(y, side, outside)
            scale = self.tail_scale[unit, side]
            logs[outside] = (self.tail_mass[unit, side] * TAIL / scale).log() - (TAIL + 1) * (excess / scale).log1p()
        return logs

    def scores(self, y: Rows) -> Rows:
        """Derivative of minus the log density."""
        index = torch.searchsorted(self.knots, y, right=True) - 1
        scores = -self.slopes.gather(1, index.clamp(0, self.knots.shape[1] - 2))
        for side, outside in enumerate(self._outside(index)):
            unit, excess = self._excess(y, side, outside)
            scores[outside] = (2 * side - 1) * (TAIL + 1) / (self.tail_scale[unit, side] + excess)
        return scores

    def cumulative(self, y: Rows) -> Rows:
        """Probability below."""
        index = torch.searchsorted(self.knots, y, right=True) - 1
        piece = index.clamp(0, self.knots.shape[1] - 2)
        width = self.knots.diff(dim=1)
        masses = self.heights[:, :-1].exp() * width * exponential_integrals(self.heights.diff(dim=1)).zeroth
        before = self.tail_mass[:, :1] + masses.cumsum(1) - masses
        part = ((y - self.knots.gather(1, piece)) / width.gather(1, piece)).clamp(0, 1)
        steep = self.heights.diff(dim=1).gather(1, piece) * part
        share = self.heights[:, :-1].exp().gather(1, piece) * width.gather(1, piece) * part
        total = before.gather(1, piece) + share * exponential_integrals(steep).zeroth
        for side, outside in enumerate(self._outside(index)):
            unit, excess = self._excess(y, side, outside)
            beyond = self.tail_mass[unit, side] * (1 + excess / self.tail_scale[unit, side]) ** -TAIL
            total[outside] = 1 - beyond if side else beyond
        return total

    def of(self, units: Tensor) -> "Piecewise":
        """Those of some units only."""
        return Piecewise(self.knots[units], self.heights[units], self.tail_mass[units], self.tail_scale[units])

    def _outside(self, index: Int64[Tensor, "units samples"]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        low: tuple[Tensor, ...] = (index < 0).nonzero(as_tuple=True)
        high: tuple[Tensor, ...] = (index >= self.knots.shape[1] - 1).nonzero(as_tuple=True)
        return low, high

    def _excess(self, y: Rows, side: int, outside: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        unit = outside[0]
        return unit, (y[outside] - self.knots[unit, -side]).abs()


def fit_piecewise(y: Rows) -> Piecewise:
    """The densities of highest likelihood, one sample's worth of weight given to the knots' own probabilities."""
    levels = probabilities(y.shape[1])
    ordered = y.sort(dim=1).values
    gap = _least_gap(ordered)
    knots = _knots(ordered, torch.tensor(levels, dtype=torch.float64), gap)
    below = torch.searchsorted(ordered, knots)
    sums = torch.nn.functional.pad(ordered.cumsum(1), (1, 0)).gather(1, below)
    hats = _hat_weights(below, sums, knots, torch.tensor(levels, dtype=torch.float64))
    tail_mass, tail_scale = _tails(ordered, below, sums, knots)
    heights = _heights(knots, hats, gap) + (1 - tail_mass.sum(1, keepdim=True)).log()
    return Piecewise(knots, heights, tail_mass, tail_scale)


def _least_gap(ordered: Rows) -> Float64[Tensor, "units 1"]:
    """What is not resolved any more: a share of the interquartile range, or of the standard deviation if that is 0."""
    samples = ordered.shape[1]
    spread = ordered[:, 3 * samples // 4] - ordered[:, samples // 4]
    sd = varying(ordered.std(1, correction=0), ordered.mean(1))
    gap: Tensor = NARROWEST * torch.where(spread > NARROWEST * sd, spread, sd)
    return gap.unsqueeze(1)


def _knots(ordered: Rows, levels: Float64[Tensor, " knots"], gap: Float64[Tensor, "units 1"]) -> Knots:
    """Quantiles, pushed apart where samples repeat."""
    samples = ordered.shape[1]
    position = (levels * samples - 0.5).clamp(0, samples - 1)
    lower = position.long().clamp_max(samples - 2)
    knots = torch.lerp(ordered[:, lower], ordered[:, lower + 1], (position - lower).expand(len(ordered), -1))
    steps = torch.arange(len(levels), dtype=torch.float64) * gap
    apart: Tensor = (knots - steps).cummax(1).values + steps
    return apart.contiguous()


def _hat_weights(
    below: Int64[Tensor, "units knots"], sums: Knots, knots: Knots, levels: Float64[Tensor, " knots"]
) -> Knots:
    """Mean of every knot's hat function over the samples between the outer knots."""
    count = below.diff(dim=1).double()
    right = (sums.diff(dim=1) - count * knots[:, :-1]) / knots.diff(dim=1)
    pad = torch.nn.functional.pad
    prior = levels.diff()
    prior = (pad(prior, (1, 0)) + pad(prior, (0, 1))) / 2
    hats = pad(right, (1, 0)) + pad(count - right, (0, 1)) + prior / prior.sum()
    weights: Tensor = hats / hats.sum(1, keepdim=True)
    return weights


def _tails(
    ordered: Rows, below: Int64[Tensor, "units knots"], sums: Knots, knots: Knots
) -> tuple[Float64[Tensor, "units 2"], Float64[Tensor, "units 2"]]:
    """Masses and scales; the width of the piece inside counts as one more excess."""
    samples = ordered.shape[1]
    outside = torch.stack([below[:, 0], samples - below[:, -1]], 1).double()
    low = outside[:, 0] * knots[:, 0] - sums[:, 0]
    high = ordered.sum(1) - sums[:, -1] - outside[:, 1] * knots[:, -1]
    excess = torch.stack([low, high], 1).clamp_min(0)
    beside = knots.diff(dim=1)[:, [0, -1]]
    return outside.clamp_min(0.5) / samples, (TAIL - 1) * (excess + beside) / (outside + 1)


def _heights(knots: Knots, hats: Knots, gap: Float64[Tensor, "units 1"]) -> Knots:
    r"""Log densities of highest likelihood: maximises $\sum_k c_k \theta_k - \int e^{\theta}$; its maximum has mass 1.

    The tridiagonal Hessian is that of the unnormalised problem; a step moves no height by more than `LONGEST`. Where
    samples repeat the likelihood has no bound: no density is higher than that of all samples within one gap.
    """
    width = knots.diff(dim=1)
    pad = torch.nn.functional.pad
    spans = (pad(width, (1, 0)) + pad(width, (0, 1))) / 2
    heights = (hats / spans).log()
    for _ in range(STEPS):
        integrals = exponential_integrals(heights.diff(dim=1))
        scale = width * heights[:, :-1].exp()
        zeroth, first, second = (scale * each for each in integrals)
        gradient = hats - pad(zeroth - first, (0, 1)) - pad(first, (1, 0))
        diagonal = pad(zeroth - 2 * first + second, (0, 1)) + pad(second, (1, 0))
        beside = first - second
        hessian = diagonal.diag_embed() + beside.diag_embed(1) + beside.diag_embed(-1)
        step: Tensor = torch.linalg.solve(hessian, gradient.unsqueeze(2)).squeeze(2)
        largest = float(step.abs().max())
        heights = heights + step * (LONGEST / step.abs().amax(1, keepdim=True).clamp_min(LONGEST))
        if largest < 1e-9:
            break
    heights = torch.minimum(heights, -gap.log())
    mass = (width * heights[:, :-1].exp() * exponential_integrals(heights.diff(dim=1)).zeroth).sum(1, keepdim=True)
    normal: Tensor = heights - mass.log()
    return normal
