"""From nominated neighbours to proven ones: distances in double precision, and a search of the rows left in doubt."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from gausslab.estimators.neighbours.nomination import Nominated
from gausslab.estimators.neighbours.problem import BLOCK_ELEMENTS, Pairs, Search
from gausslab.estimators.neighbours.tiles import TILE


class Neighbours(NamedTuple):
    """Distances to the k nearest samples, ascending, and which samples they are."""

    distances: Float64[Tensor, "samples neighbours"]
    indices: Int64[Tensor, "samples neighbours"]


def proven(search: Search, nominated: Nominated, k: int) -> Neighbours:
    """The k nearest of the candidates where no other reference can be nearer; the other rows are searched again."""
    count, kept = nominated.candidates.shape
    found = Neighbours(search.queries.new_empty(count, k), torch.empty(count, k, dtype=torch.int64))
    doubtful = torch.empty(count, dtype=torch.bool)

    def weigh(rows: Int64[Tensor, " rows"]) -> None:
        candidates = nominated.candidates[rows]
        differences = search.references[candidates].sub_(search.queries[rows].unsqueeze(1))
        distances = search.norm.size(differences)
        doubtful[rows] = ~_certain(search, rows, distances, nominated.readings[rows].double(), k)
        found.distances[rows], found.indices[rows] = _nearest(distances, candidates, k)

    def search_again(rows: Int64[Tensor, " rows"]) -> None:
        found.distances[rows], found.indices[rows] = searched(search, rows, found.distances[rows, -1:], k)

    search.workers.each(
        weigh, torch.split(torch.arange(count), max(1, BLOCK_ELEMENTS // (kept * search.queries.shape[1])))
    )
    search.workers.each(search_again, torch.split(doubtful.nonzero().squeeze(1), TILE))
    return found


def _certain(
    search: Search,
    rows: Int64[Tensor, " rows"],
    distances: Float64[Tensor, "rows candidates"],
    readings: Float64[Tensor, "rows candidates"],
    k: int,
) -> Bool[Tensor, " rows"]:
    """Whether the nearest references must be among the candidates.

    The k-th distance among the candidates bounds the true one, and what lies within it has at most its reading plus
    the slack: that must be less than the readings of all others. The candidates' own readings are held to the slack
    too, since torch can be told to multiply with less precision than the numbers have.
    """
    reach = distances.kthvalue(k, dim=1, keepdim=True).values
    slack = search.slack(rows, torch.cat([reach, distances], 1), torch.float32)
    reading = search.reading(torch.cat([reach, distances], 1))
    beyond = reading[:, 0] + slack[:, 0] < readings[:, -1]
    return beyond & ((reading - slack)[:, 1:] <= readings).all(1) & (readings <= (reading + slack)[:, 1:]).all(1)


def _nearest(
    distances: Float64[Tensor, "rows candidates"], candidates: Int64[Tensor, "rows candidates"], k: int
) -> Neighbours:
    """The k nearest, of equally near ones those that come first in the data."""
    candidates, order = candidates.sort(dim=1)
    nearest, ranks = distances.gather(1, order).sort(dim=1, stable=True)
    return Neighbours(nearest[:, :k], candidates.gather(1, ranks[:, :k]))


def searched(search: Search, rows: Int64[Tensor, " rows"], reach: Float64[Tensor, "rows 1"], k: int) -> Neighbours:
    """Neighbours of a few rows: of all references that a double-precision reading does not prove to be beyond reach."""
    limits = search.reading(reach) + search.slack(rows, reach, torch.float64)
    points = search.norm.encode(search.frame.place(search.queries[rows])).rows
    nearest = Pairs(rows[:0], rows[:0], reach[:0, 0])
    for start in range(0, len(search.references), TILE):
        others = search.norm.encode(search.frame.place(search.references[start : start + TILE])).columns
        readings = points.new_empty(len(points), len(others))
        search.norm.tile(points, others, readings)
        row, column = (~(readings > limits)).nonzero().T  # one that is not a number may be within reach
        nearest = _nearest_pairs(nearest, search.pairs(rows, row, column + start), k)
    return Neighbours(nearest.distances.reshape(-1, k), nearest.columns.reshape(-1, k))


def _nearest_pairs(found: Pairs, met: Pairs, k: int) -> Pairs:
    """Of every row the k nearest, or all if they are fewer, in order of row, distance and column."""
    rows, columns, distances = (torch.cat(both) for both in zip(found, met, strict=True))
    order = distances.argsort(stable=True)
    order = order[rows[order].argsort(stable=True)]
    counts = torch.bincount(rows)
    rank = torch.arange(len(rows)) - (counts.cumsum(0) - counts)[rows[order]]
    best = order[rank < k]
    return Pairs(rows[best], columns[best], distances[best])
