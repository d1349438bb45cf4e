r"""Exact nearest neighbours of every sample among the others.

Up to eight units a k-d tree answers. Above that, squared distances by matrix products, $\|b\|^2 - 2 a \cdot b$ on
centred and scaled samples, only nominate a few more candidates than are needed; the candidates' distances are then
recomputed from the differences in float64. A row is accepted when a bound on the rounding of the products proves that
no sample outside its candidates can be nearer; otherwise it is nominated again in float64, and at last searched
directly. So the result is exact whatever the offset of the data, and independent of how the matrix product was
scheduled.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64, Int64
from scipy.spatial import cKDTree
from torch import Tensor

from gausslab.errors import EstimatorError

TREE_UNITS = 8
SPARE = 4
BLOCK_ELEMENTS = 1 << 22


class Neighbours(NamedTuple):
    """Distances to the k nearest other samples, ascending, and which samples they are."""

    distances: Float64[Tensor, "samples neighbours"]
    indices: Int64[Tensor, "samples neighbours"]


def nearest_neighbours(x: Float64[Tensor, "samples units"], k: int) -> Neighbours:
    """The k nearest other samples of every sample, Euclidean.

    Copies of a sample are neighbours at distance 0. Memory beyond the result is about 64 MB plus two copies of `x`.

    Args:
        x: samples x units.
        k: neighbours a sample, at most samples - 1.

    Raises:
        EstimatorError: there are no k other samples.
    """
    samples, units = x.shape
    if not 1 <= k < samples:
        raise EstimatorError(f"neighbours: expected k between 1 and {samples - 1} for {samples} samples, got k={k}")
    return _by_tree(x, k) if units <= TREE_UNITS else _by_products(x, k)


def _by_tree(x: Float64[Tensor, "samples units"], k: int) -> Neighbours:
    points = x.numpy()
    distances, indices = cKDTree(points).query(points, k + 1)
    itself = indices == np.arange(len(points))[:, None]
    itself[~itself.any(1), -1] = True  # more than k copies: the sample itself was not among those returned
    shape = (len(points), k)
    return Neighbours(
        torch.from_numpy(distances[~itself].reshape(shape)), torch.from_numpy(indices[~itself].reshape(shape))
    )


def _by_products(x: Float64[Tensor, "samples units"], k: int) -> Neighbours:
    samples, units = x.shape
    centred = x - x.mean(0)
    centred /= centred.abs().max().clamp_min(torch.finfo(x.dtype).tiny)
    found = Neighbours(x.new_empty(samples, k), torch.empty(samples, k, dtype=torch.int64))
    pending = torch.arange(samples)
    for dtype in (torch.float32, torch.float64):
        points = centred.to(dtype)
        rows = max(1, BLOCK_ELEMENTS // max(samples, (k + SPARE) * units))
        doubtful = [_nominate(x, points, block, k, found) for block in torch.split(pending, rows)]
        pending = torch.cat(doubtful)
        if not len(pending):
            return found
    for block in torch.split(pending, max(1, BLOCK_ELEMENTS // x.numel())):
        every = torch.arange(samples).expand(len(block), -1)
        _keep(x, block, every, k, found)
    return found


def _nominate(
    x: Float64[Tensor, "samples units"], points: Tensor, rows: Int64[Tensor, " rows"], k: int, found: Neighbours
) -> Int64[Tensor, " doubtful"]:
    """Fill `found` for the rows, and return those whose neighbours the products could not prove."""
    norms = points.square().sum(1)
    offsets = torch.addmm(norms, points[rows], points.T, alpha=-2)
    offsets[torch.arange(len(rows)), rows] = torch.inf
    count = min(k + SPARE, len(x) - 1)
    values, candidates = offsets.topk(count, dim=1, largest=False, sorted=False)
    _keep(x, rows, candidates, k, found)
    if count == len(x) - 1:
        return rows[:0]
    nearest = found.indices[rows, -1]
    reach = (points[nearest] - points[rows]).double().square().sum(1)
    own = norms[rows].double()
    slack = (points.shape[1] + 8) * torch.finfo(points.dtype).eps * (2 * own.sqrt() + reach.sqrt()).square()
    return rows[~(reach + slack < values.amax(1).double() + own)]


def _keep(
    x: Float64[Tensor, "samples units"],
    rows: Int64[Tensor, " rows"],
    candidates: Int64[Tensor, "rows candidates"],
    k: int,
    found: Neighbours,
) -> None:
    """Store the k nearest of the candidates by distances recomputed from the differences."""
    squares = (x[candidates] - x[rows].unsqueeze(1)).square().sum(-1)
    squares = squares.masked_fill(candidates == rows.unsqueeze(1), torch.inf)
    nearest, order = squares.sort(dim=1, stable=True)
    found.distances[rows] = nearest[:, :k].sqrt()
    found.indices[rows] = candidates.gather(1, order[:, :k])
