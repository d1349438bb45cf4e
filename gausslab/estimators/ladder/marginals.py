r"""One-dimensional densities of many units, each Gaussian or piecewise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from gausslab.estimators.ladder.base import HALF_LOG_2_PI, Samples
from gausslab.estimators.ladder.piecewise import Rows, fit_piecewise
from gausslab.estimators.ladder.scatter import varying


@runtime_checkable
class UnitDensities(Protocol):
    """One-dimensional densities of one kind, a unit a row."""

    def log_densities(self, y: Rows) -> Rows:
        """At values of every unit."""

    def scores(self, y: Rows) -> Rows:
        """Derivative of minus the log density."""

    def cumulative(self, y: Rows) -> Rows:
        """Probability below."""

    def of(self, units: Tensor) -> "UnitDensities":
        """Those of some units only."""


@dataclass(frozen=True, eq=False)
class Normal:
    """A Gaussian a unit."""

    mean: Float64[Tensor, " units"]
    sd: Float64[Tensor, " units"]

    def log_densities(self, y: Rows) -> Rows:
        """At values of every unit."""
        logs: Tensor = -self._standard(y).square() / 2 - (HALF_LOG_2_PI + self.sd.log()).unsqueeze(1)
        return logs

    def scores(self, y: Rows) -> Rows:
        """Derivative of minus the log density."""
        return self._standard(y) / self.sd.unsqueeze(1)

    def cumulative(self, y: Rows) -> Rows:
        """Probability below."""
        below: Tensor = torch.special.ndtr(self._standard(y))
        return below

    def of(self, units: Tensor) -> "Normal":
        """Those of some units only."""
        return Normal(self.mean[units], self.sd[units])

    def _standard(self, y: Rows) -> Rows:
        return (y - self.mean.unsqueeze(1)) / self.sd.unsqueeze(1)


def fit_normal(y: Rows) -> Normal:
    """Mean and standard deviation."""
    mean = y.mean(1)
    return Normal(mean, varying((y - mean.unsqueeze(1)).square().mean(1).sqrt(), mean))


class Part(NamedTuple):
    """Some of the units and their densities."""

    units: Int64[Tensor, " chosen"]
    densities: UnitDensities


@dataclass(frozen=True, eq=False)
class Marginals:
    """A product of one-dimensional densities: every unit belongs to one part."""

    parts: tuple[Part, ...]

    def log_density(self, x: Samples) -> Float64[Tensor, " samples"]:
        """In nats."""
        return self.log_densities(x.T.contiguous()).sum(0)

    def log_densities(self, y: Rows) -> Rows:
        """At values of every unit."""
        return self._gathered(y, lambda densities, rows: densities.log_densities(rows))

    def scores(self, y: Rows) -> Rows:
        """Derivative of minus the log density."""
        return self._gathered(y, lambda densities, rows: densities.scores(rows))

    def cumulative(self, y: Rows) -> Rows:
        """Probability below."""
        return self._gathered(y, lambda densities, rows: densities.cumulative(rows))

    def _gathered(self, y: Rows, function: Callable[[UnitDensities, Rows], Rows]) -> Rows:
        result = torch.empty_like(y)
        for units, densities in self.parts:
            result[units] = function(densities, y[units])
        return result


def fit_marginals(x: Samples) -> Marginals:
    """A density a unit, as many as the samples deserve."""
    y = x.T.contiguous()
    return chosen_marginals(y, torch.ones(len(y), dtype=torch.bool))


def chosen_marginals(y: Rows, free: Bool[Tensor, " units"]) -> Marginals:
    """Gaussian or piecewise by Akaike's criterion for units that are `free`, Gaussian for the others."""
    units = free.nonzero().flatten()
    if not len(units):
        return shaped_where(y, free)
    piecewise = fit_piecewise(y[units])
    gain = piecewise.log_densities(y[units]) - fit_normal(y[units]).log_densities(y[units])
    worth = gain.mean(1) * y.shape[1] > piecewise.parameters - 2
    gaussian = torch.ones_like(free).index_fill(0, units[worth], value=False)
    return _joined(Part(units[worth], piecewise.of(worth)), _gaussian_part(y, gaussian))


def shaped_where(y: Rows, shaped: Bool[Tensor, " units"]) -> Marginals:
    """Piecewise densities for the units that are `shaped`, Gaussian ones for the others."""
    gaussian = _gaussian_part(y, ~shaped)
    if not shaped.any():
        return _joined(gaussian)
    return _joined(Part(shaped.nonzero().flatten(), fit_piecewise(y[shaped])), gaussian)


def _gaussian_part(y: Rows, chosen: Bool[Tensor, " units"]) -> Part:
    return Part(chosen.nonzero().flatten(), fit_normal(y[chosen]))


def _joined(*parts: Part) -> Marginals:
    return Marginals(tuple(part for part in parts if len(part.units)))
