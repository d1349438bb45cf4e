r"""The two norms in which neighbours are near: distances, unit balls, and the tiles that nominate neighbours."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.errors import entry


class Encoded(NamedTuple):
    """Points as the rows and as the columns of tiles."""

    rows: Float[Tensor, "points left"]
    columns: Float[Tensor, "points right"]


@dataclass(frozen=True)
class Norm(ABC):
    r"""A norm on units.

    A tile holds, for rows against columns, numbers that grow with the distance: its square for the Euclidean norm, the
    distance itself for the max norm. `reading` turns a distance into such a number, and `slack` bounds how far rounding
    may have moved it.
    """

    name: ClassVar[str]
    order: ClassVar[float]
    work: ClassVar[float]  # of a pair of samples a unit, in multiply-adds

    def size(self, differences: Float[Tensor, "*points units"]) -> Float[Tensor, "*points"]:
        """The norm of every difference."""
        sizes: Tensor = torch.linalg.vector_norm(differences, self.order, dim=-1)
        return sizes

    @abstractmethod
    def log_unit_ball(self, units: int) -> float:
        """Logarithm of the volume of the unit ball, finite in every dimension."""

    @abstractmethod
    def encode(self, points: Float[Tensor, "points units"]) -> Encoded:
        """What `tile` needs of points."""

    @abstractmethod
    def tile(
        self,
        rows: Float[Tensor, "rows left"],
        columns: Float[Tensor, "columns right"],
        out: Float[Tensor, "rows columns"],
    ) -> None:
        """Fill `out` with the readings of all pairs."""

    @abstractmethod
    def reading(self, distances: Float64[Tensor, "*points"]) -> Float64[Tensor, "*points"]:
        """What an exact tile would hold for a distance."""

    @abstractmethod
    def slack(
        self, radii: Float64[Tensor, "*#points"], reach: Float64[Tensor, "*points"], units: int, dtype: torch.dtype
    ) -> Float64[Tensor, "*points"]:
        """Most that rounding can move a reading between a point at `radii` from 0 and another within `reach` of it."""


@dataclass(frozen=True)
class Euclidean(Norm):
    r"""$\|a - b\|_2$; tiles hold $\|a\|^2 + \|b\|^2 - 2 a \cdot b$ as one matrix product.

    Rounding: $(d + 2)$ terms whose magnitudes sum to at most $(\|a\| + \|b\|)^2$, plus that of points and norms.
    """

    name: ClassVar[str] = "euclidean"
    order: ClassVar[float] = 2.0
    work: ClassVar[float] = 1.0

    def log_unit_ball(self, units: int) -> float:
        r"""$\frac d2 \ln\pi - \ln\Gamma(\frac d2 + 1)$."""
        return units / 2 * math.log(math.pi) - math.lgamma(units / 2 + 1)

    def encode(self, points: Float[Tensor, "points units"]) -> Encoded:
        """Two more columns: the squared norm and 1, crosswise."""
        squares, ones = points.square().sum(1, keepdim=True), torch.ones_like(points[:, :1])
        return Encoded(torch.cat([points, squares, ones], 1), torch.cat([-2 * points, ones, squares], 1))

    def tile(
        self,
        rows: Float[Tensor, "rows left"],
        columns: Float[Tensor, "columns right"],
        out: Float[Tensor, "rows columns"],
    ) -> None:
        """One matrix product."""
        torch.mm(rows, columns.T, out=out)

    def reading(self, distances: Float64[Tensor, "*points"]) -> Float64[Tensor, "*points"]:
        """The square."""
        return distances.square()

    def slack(
        self, radii: Float64[Tensor, "*#points"], reach: Float64[Tensor, "*points"], units: int, dtype: torch.dtype
    ) -> Float64[Tensor, "*points"]:
        r"""$(d + 8) \epsilon (2 \|a\| + r)^2$, and what underflow may lose."""
        limits = torch.finfo(dtype)
        return (units + 8) * (limits.eps * (2 * radii + reach).square() + 2 * limits.tiny)


@dataclass(frozen=True)
class Maximum(Norm):
    r"""$\max_j |a_j - b_j|$; tiles take it unit by unit, at eight times the cost of a matrix product."""

    name: ClassVar[str] = "max"
    order: ClassVar[float] = math.inf
    work: ClassVar[float] = 10.0

    def log_unit_ball(self, units: int) -> float:
        r"""$d \ln 2$."""
        return units * math.log(2)

    def encode(self, points: Float[Tensor, "points units"]) -> Encoded:
        """The points themselves."""
        return Encoded(points, points)

    def tile(
        self,
        rows: Float[Tensor, "rows left"],
        columns: Float[Tensor, "columns right"],
        out: Float[Tensor, "rows columns"],
    ) -> None:
        """A running maximum over the units."""
        scratch = torch.empty_like(out)
        out.zero_()
        for left, right in zip(rows.T, columns.T.contiguous(), strict=True):
            torch.sub(left.unsqueeze(1), right, out=scratch)
            torch.maximum(out, scratch.abs_(), out=out)

    def reading(self, distances: Float64[Tensor, "*points"]) -> Float64[Tensor, "*points"]:
        """The distance."""
        return distances

    def slack(
        self, radii: Float64[Tensor, "*#points"], reach: Float64[Tensor, "*points"], units: int, dtype: torch.dtype
    ) -> Float64[Tensor, "*points"]:
        r"""$4 \epsilon (2 \|a\| + r)$, and what underflow may lose: two points and their difference are rounded."""
        limits = torch.finfo(dtype)
        return 4 * (limits.eps * (2 * radii + reach) + limits.tiny)


NORMS: dict[str, Norm] = {norm.name: norm for norm in (Euclidean(), Maximum())}


def norm_named(name: str) -> Norm:
    """The norm of that name.

    Raises:
        ConfigError: there is none; the choices are listed.
    """
    return entry(name, NORMS, "norm")
