r"""Nominates nearest neighbours by single-precision tiles, of which all but a few numbers are only ever reduced.

Minima over groups of interleaved rows or columns come first, and only groups whose minimum beats the row's bound are
looked into: with samples in random order a row meets about $c \ln n$ of them in all. Among samples every pair of strips
is computed once and read in both directions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int32, Int64
from torch import Tensor

from gausslab.estimators.neighbours.norms import Norm
from gausslab.estimators.neighbours.tiles import (
    GROUP,
    Frame,
    Pair,
    batches,
    encoded,
    in_threads,
    round_robin,
    strips,
    tiles,
)
from gausslab.seeding import torch_generator


class Nominated(NamedTuple):
    """The samples with the smallest readings, ascending: no other sample's is below the last."""

    candidates: Int64[Tensor, "samples candidates"]
    readings: Float32[Tensor, "samples candidates"]


@dataclass
class Nominees:
    """The smallest readings met so far by every row, and whose they are.

    Attributes:
        values: readings, infinite where none is known yet.
        indices: of the columns they belong to.
        bounds: what a reading must stay below to be of interest; they may fall while another thread reads them.
    """

    values: Float32[Tensor, "rows kept"]
    indices: Int64[Tensor, "rows kept"]
    bounds: Float32[Tensor, " rows"]
    _waiting: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)
    _count: int = 0
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def none(cls, rows: int, kept: int) -> "Nominees":
        """Nothing met yet."""
        values = torch.full((rows, kept), torch.inf, dtype=torch.float32)
        return cls(values, torch.zeros(rows, kept, dtype=torch.int64), values[:, 0].clone())

    def admit(
        self, rows: Int64[Tensor, " met"], columns: Int64[Tensor, " met"], values: Float32[Tensor, " met"]
    ) -> None:
        """Remember readings; they are sorted in once they are more than are kept, which bounds the memory."""
        with self._lock:
            self._waiting.append((rows, columns, values))
            self._count += len(rows)
            if self._count > self.values.numel():
                self.sort_in()

    def sort_in(self) -> None:
        """Of the kept and the waiting, keep the smallest."""
        height, kept = self.values.shape
        own = torch.arange(height).repeat_interleave(kept), self.indices.flatten(), self.values.flatten()
        rows, columns, values = (torch.cat(parts) for parts in zip(own, *self._waiting, strict=True))
        order = (rows << 32 | _bits(values)).argsort()
        counts = torch.bincount(rows, minlength=height)
        best = order[(counts.cumsum(0) - counts).unsqueeze(1) + torch.arange(kept)]
        self.values, self.indices = values[best], columns[best]
        torch.minimum(self.bounds, self.values[:, -1], out=self.bounds)
        self._waiting, self._count = [], 0


def _bits(values: Float32[Tensor, " values"]) -> Int32[Tensor, " values"]:
    """Integers in the order of floats that are not negative: with the row above them, one sort does for both."""
    return values.clamp_min(0).view(torch.int32)


def among(x: Float64[Tensor, "samples units"], kept: int, norm: Norm, frame: Frame) -> Nominated:
    """For every sample, the other samples nearest to it in single precision."""
    order = _shuffled(len(x))
    points = encoded(x, order, frame, norm)
    nominees = Nominees.none(len(points.rows), kept)

    def diagonal(pairs: Sequence[Pair]) -> None:
        for top, left, tile in tiles(*points, norm, pairs):
            tile.fill_diagonal_(torch.inf)
            _open(nominees, top, tile)
            _read_rows(nominees, top, left, tile)

    def both_ways(pairs: Sequence[Pair]) -> None:
        for top, left, tile in tiles(*points, norm, pairs):
            _read_rows(nominees, top, left, tile)
            _read_columns(nominees, top, left, tile)

    count = strips(points.rows)
    in_threads(diagonal, batches([(each, each) for each in range(count)]))
    in_threads(both_ways, batches(round_robin(count)))
    found = _nominated(nominees, len(x), order)
    own = order.argsort()
    return Nominated(found.candidates[own], found.readings[own])


def between(
    queries: Float64[Tensor, "queries units"],
    references: Float64[Tensor, "references units"],
    kept: int,
    norm: Norm,
    frame: Frame,
) -> Nominated:
    """For every query, the references nearest to it in single precision."""
    order = _shuffled(len(references))
    rows = encoded(queries, torch.arange(len(queries)), frame, norm).rows
    columns = encoded(references, order, frame, norm).columns
    nominees = Nominees.none(len(rows), kept)

    def first(pairs: Sequence[Pair]) -> None:
        for top, left, tile in tiles(rows, columns, norm, pairs):
            _open(nominees, top, tile)
            _read_rows(nominees, top, left, tile)

    def later(pairs: Sequence[Pair]) -> None:
        for top, left, tile in tiles(rows, columns, norm, pairs):
            _read_rows(nominees, top, left, tile)

    high, wide = strips(rows), strips(columns)
    in_threads(first, batches([(each, 0) for each in range(high)]))
    in_threads(later, batches([(each, other) for other in range(1, wide) for each in range(high)]))
    return _nominated(nominees, len(queries), order)


def _shuffled(samples: int) -> Int64[Tensor, " samples"]:
    """A random order, always the same: bounds fall as fast whatever the order of the data."""
    return torch.randperm(samples, generator=torch_generator(0, "neighbours"))


def _nominated(nominees: Nominees, rows: int, order: Int64[Tensor, " columns"]) -> Nominated:
    nominees.sort_in()
    return Nominated(order[nominees.indices[:rows]], nominees.values[:rows])


def _open(nominees: Nominees, top: int, tile: Float32[Tensor, "high wide"]) -> None:
    """First bounds of rows: as many groups as are kept have a member that is not above the last of their minima."""
    kept = nominees.values.shape[1]
    minima = tile.view(len(tile), GROUP, -1).amin(1)
    pool = minima if kept <= minima.shape[1] else tile
    if kept <= pool.shape[1]:
        last = pool.topk(kept, dim=1, largest=False, sorted=False).values.amax(1)
        nominees.bounds[top : top + len(tile)] = last.nextafter(torch.tensor(torch.inf))


def _read_rows(nominees: Nominees, top: int, left: int, tile: Float32[Tensor, "high wide"]) -> None:
    bounds = nominees.bounds[top : top + tile.shape[0]]
    groups = tile.view(len(tile), GROUP, -1)
    rows, group = _below(groups.amin(1), bounds.unsqueeze(1))
    values = groups[rows, :, group]
    met, member = _below(values, bounds[rows].unsqueeze(1))
    nominees.admit(rows[met] + top, group[met] + member * groups.shape[2] + left, values[met, member])


def _read_columns(nominees: Nominees, top: int, left: int, tile: Float32[Tensor, "high wide"]) -> None:
    bounds = nominees.bounds[left : left + tile.shape[1]]
    groups = tile.view(GROUP, -1, tile.shape[1])
    group, columns = _below(groups.amin(0), bounds)
    values = groups[:, group, columns]
    member, met = _below(values, bounds[columns])
    nominees.admit(columns[met] + left, group[met] + member * groups.shape[1] + top, values[member, met])


def _below(
    values: Float32[Tensor, "high wide"], bounds: Float32[Tensor, "..."]
) -> tuple[Int64[Tensor, " met"], Int64[Tensor, " met"]]:
    """Where values are below the bounds; NumPy finds few among many six times as fast as torch."""
    where = np.unravel_index(np.flatnonzero(values.numpy() < bounds.numpy()), values.shape)
    return torch.from_numpy(where[0]), torch.from_numpy(where[1])
