"""Samples cut into strips, and the tiles of readings of strip against strip."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from gausslab.estimators.neighbours.norms import Encoded, Norm

TILE = 1024
GROUP = 16
BATCH = 4  # tiles a thread takes at once
FAR = 1e15  # samples that only fill up a group lie here; true ones within 1
Pair = tuple[int, int]


class Frame(NamedTuple):
    """An origin and a unit of length with which all samples lie within 1, where single precision serves best."""

    centre: Float64[Tensor, " units"]
    scale: Float64[Tensor, ""]

    @classmethod
    def around(cls, *samples: Float64[Tensor, "_ units"]) -> "Frame":
        """Centred on the first samples, reaching to the farthest of all."""
        centre = samples[0].mean(0)
        farthest = [torch.maximum(each.amax(0) - centre, centre - each.amin(0)).max() for each in samples]
        return cls(centre, torch.stack(farthest).max().clamp_min(torch.finfo(torch.float64).tiny))

    def place(self, x: Float64[Tensor, "samples units"]) -> Float64[Tensor, "samples units"]:
        """The samples in this frame."""
        return (x - self.centre).div_(self.scale)


def encoded(x: Float64[Tensor, "samples units"], order: Int64[Tensor, " samples"], frame: Frame, norm: Norm) -> Encoded:
    """The samples in that order and in single precision, filled up to whole groups."""
    points = torch.full((len(x) + -len(x) % GROUP, x.shape[1]), FAR, dtype=torch.float32)
    for start in range(0, len(x), TILE):
        some = order[start : start + TILE]
        points[start : start + len(some)] = frame.place(x[some])
    return norm.encode(points)


def strips(points: Float[Tensor, "points _"]) -> int:
    """How many strips there are."""
    return -(-len(points) // TILE)


def strip(points: Float[Tensor, "points columns"], index: int) -> Float[Tensor, "strip columns"]:
    """One of them; the last may be shorter."""
    return points[index * TILE : (index + 1) * TILE]


def tiles(
    rows: Float[Tensor, "rows left"], columns: Float[Tensor, "columns right"], norm: Norm, pairs: Iterable[Pair]
) -> Iterator[tuple[int, int, Float[Tensor, "high wide"]]]:
    """First row, first column and readings of the tiles of these strips; each overwrites the one before."""
    buffer = torch.empty(TILE * TILE, dtype=rows.dtype)
    for across, down in pairs:
        some, others = strip(rows, across), strip(columns, down)
        tile = buffer[: len(some) * len(others)].view(len(some), len(others))
        norm.tile(some, others, tile)
        yield across * TILE, down * TILE, tile


def round_robin(count: int) -> list[Pair]:
    """Every pair of different strips once, so that all strips have met equally many others at any time.

    >>> round_robin(4)
    [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)]
    """
    return [
        (one, (one + step) % count)
        for step in range(1, count // 2 + 1)
        for one in range(count if 2 * step < count else step)
    ]


def batches(pairs: Sequence[Pair]) -> list[Sequence[Pair]]:
    """Pairs enough to keep a thread busy for a while."""
    return [pairs[at : at + BATCH] for at in range(0, len(pairs), BATCH)]
