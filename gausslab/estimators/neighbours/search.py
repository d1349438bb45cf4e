r"""Exact nearest neighbours: of every sample among the others, and of queries among references.

In few units a k-d tree answers, and of few samples all distances are computed. Else single-precision tiles nominate a
few more candidates than are needed (`nomination`), whose distances are then computed from the differences in double
precision. A row is accepted when a bound on the rounding of the tiles proves that no sample outside its candidates can
be nearer; the others are searched again in double precision (`proof`). So the result is exact whatever the offset of
the data, and does not depend on threads or on how a matrix product was scheduled.
"""

import numpy as np
import torch
from jaxtyping import Float64
from scipy.spatial import cKDTree
from torch import Tensor

from gausslab.errors import EstimatorError
from gausslab.estimators.neighbours.nomination import among, between
from gausslab.estimators.neighbours.norms import Norm, norm_named
from gausslab.estimators.neighbours.problem import Search
from gausslab.estimators.neighbours.proof import Neighbours, proven
from gausslab.estimators.neighbours.tiles import Frame
from gausslab.estimators.neighbours.workers import Workers

TREE_UNITS = 8
DIRECT_PAIRS = 1 << 14
SPARE = 2


def nearest_neighbours(x: Float64[Tensor, "samples units"], k: int, norm: str = "euclidean") -> Neighbours:
    """The k nearest other samples of every sample.

    Copies of a sample are neighbours at distance 0. Above 8 units the time grows as n^2 d, and the max norm takes
    2 (16 units) to 7 times (128) as long as the Euclidean one. Memory at 50,000 x 128, beyond `x` itself: some 110 MB,
    and 80 MB a further thread.

    Args:
        x: samples x units.
        k: neighbours a sample, at most samples - 1.
        norm: `euclidean` or `max`.

    Raises:
        EstimatorError: there are no k other samples.
        ConfigError: there is no such norm.
    """
    samples, units = x.shape
    metric = norm_named(norm)
    if not 1 <= k < samples:
        raise EstimatorError(f"neighbours: expected k between 1 and {samples - 1} for {samples} samples, got k={k}")
    if units <= TREE_UNITS:
        return _others_by_tree(x, k, metric)
    if samples**2 <= DIRECT_PAIRS:
        return _nearest(_distances(x, x, metric).fill_diagonal_(torch.inf), k)
    with Workers() as workers:
        search = Search(x, x, torch.arange(samples), metric, Frame.around(x), workers)
        return proven(search, among(search, min(k + SPARE, samples - 1)), k)


def nearest_references(
    queries: Float64[Tensor, "queries units"],
    references: Float64[Tensor, "references units"],
    k: int,
    norm: str = "euclidean",
) -> Neighbours:
    """The k nearest references of every query.

    Args:
        queries: samples x units.
        references: samples x units, of another number in general.
        k: neighbours a query, at most as many as there are references.
        norm: `euclidean` or `max`.

    Raises:
        EstimatorError: there are no k references.
        ConfigError: there is no such norm.
    """
    count, units = references.shape
    metric = norm_named(norm)
    if not 1 <= k <= count:
        raise EstimatorError(f"neighbours: expected k between 1 and {count} for {count} references, got k={k}")
    if units <= TREE_UNITS:
        return _by_tree(queries, references, k, metric)
    if len(queries) * count <= DIRECT_PAIRS:
        return _nearest(_distances(queries, references, metric), k)
    none = torch.full((len(queries),), -1)
    with Workers() as workers:
        search = Search(queries, references, none, metric, Frame.around(references, queries), workers)
        return proven(search, between(search, min(k + SPARE, count)), k)


def _by_tree(
    queries: Float64[Tensor, "queries units"], references: Float64[Tensor, "references units"], k: int, norm: Norm
) -> Neighbours:
    tree = cKDTree(references.numpy())
    distances, indices = tree.query(queries.numpy(), np.arange(1, k + 1), p=norm.order, workers=torch.get_num_threads())
    return Neighbours(torch.from_numpy(distances), torch.from_numpy(indices))


def _others_by_tree(x: Float64[Tensor, "samples units"], k: int, norm: Norm) -> Neighbours:
    distances, indices = _by_tree(x, x, k + 1, norm)
    itself = indices == torch.arange(len(x)).unsqueeze(1)
    itself[~itself.any(1), -1] = True  # more than k copies: the sample itself was not among those returned
    shape = (len(x), k)
    return Neighbours(distances[~itself].reshape(shape), indices[~itself].reshape(shape))


def _distances(
    queries: Float64[Tensor, "queries units"], references: Float64[Tensor, "references units"], norm: Norm
) -> Float64[Tensor, "queries references"]:
    """From the differences, not by matrix products."""
    return torch.cdist(queries, references, p=norm.order, compute_mode="donot_use_mm_for_euclid_dist")


def _nearest(distances: Float64[Tensor, "queries references"], k: int) -> Neighbours:
    nearest, indices = distances.sort(dim=1, stable=True)
    return Neighbours(nearest[:, :k], indices[:, :k])
