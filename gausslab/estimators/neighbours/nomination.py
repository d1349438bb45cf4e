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
from jaxtyping import Float32, Int32, Int64
from torch import Tensor

from gausslab.estimators.neighbours.problem import Search
from gausslab.estimators.neighbours.tiles import GROUP, Pair, batches, encoded, round_robin, strips, tiles
from gausslab.seeding import torch_generator

MEMBERS = np.arange(GROUP)


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

    values: Float32[np.ndarray, "rows kept"]
    indices: Int64[np.ndarray, "rows kept"]
    bounds: Float32[np.ndarray, " rows"]
    _waiting: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    _count: int = 0
    _lists: Lock = field(default_factory=Lock)
    _sorting: Lock = field(default_factory=Lock)

    @classmethod
    def none(cls, rows: int, kept: int) -> "Nominees":
        """Nothing met yet."""
        values = np.full((rows, kept), np.inf, dtype=np.float32)
        return cls(values, np.zeros((rows, kept), dtype=np.int64), values[:, 0].copy())

    def admit(
        self, rows: Int64[np.ndarray, " met"], columns: Int64[np.ndarray, " met"], values: Float32[np.ndarray, " met"]
    ) -> None:
        """Remember readings; once they are more than are kept, one thread sorts them in, which bounds the memory."""
        with self._lists:
            self._waiting.append((rows, columns, values))
            self._count += len(rows)
        if self._count > self.values.size and self._sorting.acquire(blocking=False):
            try:
                self.sort_in()
            finally:
                self._sorting.release()

    def sort_in(self) -> None:
        """Of the kept and the waiting, keep the smallest."""
        with self._lists:
            waiting, self._waiting, self._count = self._waiting, [], 0
        height, kept = self.values.shape
        own = np.arange(height).repeat(kept), self.indices.ravel(), self.values.ravel()
        rows, columns, values = (np.concatenate(parts) for parts in zip(own, *waiting, strict=True))
        order = torch.from_numpy(rows << 32 | _bits(values)).argsort().numpy()  # torch sorts integers by radix
        counts = np.bincount(rows, minlength=height)
        best = order[(counts.cumsum() - counts)[:, None] + np.arange(kept)]
        self.values, self.indices = values[best], columns[best]
        np.minimum(self.bounds, self.values[:, -1], out=self.bounds)


def _bits(values: Float32[np.ndarray, " values"]) -> Int32[np.ndarray, " values"]:
    """Integers in the order of floats that are not negative: with the row above them, one sort does for both."""
    bits: Int32[np.ndarray, " values"] = np.maximum(values, np.float32(0)).view(np.int32)
    return bits


def among(search: Search, kept: int) -> Nominated:
    """For every sample, the other samples nearest to it in single precision."""
    samples = len(search.queries)
    order = _shuffled(samples)
    points = encoded(search.queries, order, search.frame, search.norm)
    nominees = Nominees.none(len(points.rows), kept)

    def diagonal(pairs: Sequence[Pair]) -> None:
        for top, left, tile in tiles(*points, search.norm, pairs):
            tile.fill_diagonal_(torch.inf)
            _open(nominees, top, tile)
            _read_rows(nominees, top, left, tile)

    def both_ways(pairs: Sequence[Pair]) -> None:
        for top, left, tile in tiles(*points, search.norm, pairs):
            _read_rows(nominees, top, left, tile)
            _read_columns(nominees, top, left, tile)

    count = strips(points.rows)
    search.workers.each(diagonal, batches([(each, each) for each in range(count)]))
    search.workers.each(both_ways, batches(round_robin(count)))
    found = _nominated(nominees, samples, order)
    own = order.argsort()
    return Nominated(found.candidates[own], found.readings[own])


def between(search: Search, kept: int) -> Nominated:
    """For every query, the references nearest to it in single precision."""
    queries, order = len(search.queries), _shuffled(len(search.references))
    rows = encoded(search.queries, torch.arange(queries), search.frame, search.norm).rows
    columns = encoded(search.references, order, search.frame, search.norm).columns
    nominees = Nominees.none(len(rows), kept)

    def first(pairs: Sequence[Pair]) -> None:
        for top, left, tile in tiles(rows, columns, search.norm, pairs):
            _open(nominees, top, tile)
            _read_rows(nominees, top, left, tile)

    def later(pairs: Sequence[Pair]) -> None:
        for top, left, tile in tiles(rows, columns, search.norm, pairs):
            _read_rows(nominees, top, left, tile)

    high, wide = strips(rows), strips(columns)
    search.workers.each(first, batches([(each, 0) for each in range(high)]))
    search.workers.each(later, batches([(each, other) for other in range(1, wide) for each in range(high)]))
    return _nominated(nominees, queries, order)


def _shuffled(samples: int) -> Int64[Tensor, " samples"]:
    """A random order, always the same: bounds fall as fast whatever the order of the data."""
    return torch.randperm(samples, generator=torch_generator(0, "neighbours"))


def _nominated(nominees: Nominees, rows: int, order: Int64[Tensor, " columns"]) -> Nominated:
    nominees.sort_in()
    indices, values = torch.from_numpy(nominees.indices[:rows]), torch.from_numpy(nominees.values[:rows])
    return Nominated(order[indices], values)


def _open(nominees: Nominees, top: int, tile: Float32[Tensor, "high wide"]) -> None:
    """First bounds of rows: as many groups as are kept have a member that is not above the last of their minima."""
    kept = nominees.values.shape[1]
    minima = tile.view(len(tile), GROUP, -1).amin(1)
    pool = minima if kept <= minima.shape[1] else tile
    if kept <= pool.shape[1]:
        last = pool.topk(kept, dim=1, largest=False, sorted=False).values.amax(1)
        nominees.bounds[top : top + len(tile)] = np.nextafter(last.numpy(), np.float32(np.inf))


def _read_rows(nominees: Nominees, top: int, left: int, tile: Float32[Tensor, "high wide"]) -> None:
    """Admit what is below the rows' bounds; a group is every so many columns.

    Between the tile and its minima all is NumPy, which keeps the interpreter to itself in small steps: torch hands it
    over in each of them, and two threads then wait for each other.
    """
    (high, wide), step = tile.shape, tile.shape[1] // GROUP
    bounds = nominees.bounds[top : top + high]
    group = np.flatnonzero(tile.view(high, GROUP, step).amin(1).numpy() < bounds[:, None])
    rows, first = np.divmod(group, step)
    members = (rows * wide + first)[:, None] + step * MEMBERS
    values = tile.numpy().ravel().take(members)
    near = values < bounds[rows][:, None]
    row, column = np.divmod(members[near], wide)
    nominees.admit(row + top, column + left, values[near])


def _read_columns(nominees: Nominees, top: int, left: int, tile: Float32[Tensor, "high wide"]) -> None:
    """Admit what is below the columns' bounds; a group is every so many rows."""
    wide, step = tile.shape[1], tile.shape[0] // GROUP * tile.shape[1]
    bounds = nominees.bounds[left : left + wide]
    group = np.flatnonzero(tile.view(GROUP, -1, wide).amin(0).numpy() < bounds)
    members = group[:, None] + step * MEMBERS
    values = tile.numpy().ravel().take(members)
    near = values < bounds[group % wide][:, None]
    row, column = np.divmod(members[near], wide)
    nominees.admit(column + left, row + top, values[near])
