"""What a density and a rung of the ladder are, and the choice between densities."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float64
from torch import Tensor

Samples = Float64[Tensor, "samples units"]
Others = Float64[Tensor, "others units"]
HALF_LOG_2_PI = math.log(2 * math.pi) / 2


@runtime_checkable
class Density(Protocol):
    """A probability density that is fully given: it knows its parameters and integrates to 1."""

    def log_density(self, x: Samples) -> Float64[Tensor, " samples"]:
        """Logarithm of the density at every sample, in nats."""


@runtime_checkable
class Rung(Protocol):
    """A family of densities and the way to fit one of it."""

    @property
    def name(self) -> str:
        """Name in tables."""

    def needs(self, units: int) -> int:
        """Fewest samples it can be fitted to."""

    def fit(self, x: Samples, check: Others) -> Density:
        """A density fitted to `x`; `check` are other samples, by which it may choose between candidates."""


def standard_log_density(x: Samples) -> Float64[Tensor, " samples"]:
    """That of N(0, I)."""
    return -x.square().sum(1) / 2 - x.shape[1] * HALF_LOG_2_PI


D = TypeVar("D", bound=Density)


def best(candidates: Iterable[D], check: Others) -> D:
    """The candidate that gives the check samples the highest likelihood, the earlier of equals."""
    return max(candidates, key=lambda density: float(density.log_density(check).mean()))


def while_better(candidates: Iterator[D], check: Others, patience: int = 1) -> D:
    """The best of candidates of growing size, of which no more are fitted once `patience` in a row brought nothing."""
    chosen = next(candidates)
    highest, idle = float(chosen.log_density(check).mean()), 0
    for candidate in candidates:
        reached = float(candidate.log_density(check).mean())
        if reached > highest:
            chosen, highest, idle = candidate, reached, 0
        elif (idle := idle + 1) >= patience:
            break
    return chosen


@dataclass(frozen=True, eq=False)
class Affine:
    """The map x -> (x - mean) matrix^T, and its log determinant."""

    mean: Float64[Tensor, " units"]
    matrix: Float64[Tensor, "units units"]
    log_determinant: float

    def __call__(self, x: Samples) -> Samples:
        """Every sample mapped."""
        mapped: Tensor = (x - self.mean) @ self.matrix.T
        return mapped

    def then(self, matrix: Float64[Tensor, "units units"]) -> "Affine":
        """This map followed by a matrix."""
        return Affine(self.mean, matrix @ self.matrix, self.log_determinant + float(torch.linalg.slogdet(matrix)[1]))
