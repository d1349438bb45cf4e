r"""The kernel distance between two sets of features: an unbiased companion of the Frechet distance, with an error bar.

    $\mathrm{MMD}^2 = E k(X, X') - 2 E k(X, Y) + E k(Y, Y')$,   $k(x, y) = (x \cdot y / d + 1)^3$

Source: Binkowski, Sutherland, Arbel & Gretton (2018), Demystifying MMD GANs, ICLR, who average it over random subsets;
here all pairs count at once, which has the same mean and the least variance.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.errors import EstimatorError

TILE = 1000  # of a side: kernel values are never held for more than a tile
MIN_SAMPLES = 4  # of either set, for the variance

_Vector = Float64[Tensor, " samples"]


class KernelDistance(NamedTuple):
    """The squared distance, which may be negative, and its standard error."""

    value: float
    standard_error: float


class _Sums(NamedTuple):
    """Of a matrix of kernel values, for sets of one kind without its diagonal."""

    rows: _Vector
    columns: _Vector
    squares: float

    @property
    def total(self) -> float:
        return float(self.rows.sum())


def kernel_distance(
    first: Float[Tensor, "samples features"], second: Float[Tensor, "others features"]
) -> KernelDistance:
    r"""Unbiased estimate of the squared MMD over all pairs, computed in float64 tile by tile.

    $\frac1{n(n-1)} \sum_{i \ne j} k(x_i, x_j) + \frac1{m(m-1)} \sum_{i \ne j} k(y_i, y_j) - \frac2{nm} \sum_{ij}
    k(x_i, y_j)$; for equal laws it is negative about as often as not.

    The standard error is that of the jackknife (one sample left out at a time, of each set in turn), which counts the
    part that belongs to pairs of samples twice, less that part once. With v the jackknife's variance and $V_2$ that of
    the pairs, unbiased, from doubly centred kernel values, it is the root of $V_2 + \max(v - 2 V_2, 0)$. For laws far
    apart $V_2$ is negligible. For equal laws all is $V_2$; the maximum then adds to the variance (of 64 features a
    fifth, of one as much again), so that intervals of two standard errors hold the truth in 98 to 100 cases of 100.

    How it can mislead: a cubic kernel sees moments up to the third alone; values are small numbers whose scale is that
    of the features: they compare models under one extractor, never two extractors.

    Args:
        first: features of one set, samples x features, at least 4 samples.
        second: features of the other, at least 4.

    Raises:
        EstimatorError: too few samples, values that are not finite, or other numbers of features.
    """
    _check(first, second)
    n, m = len(first), len(second)
    own, others, between = _within(first), _within(second), _sums(first, second)
    value = own.total / (n * (n - 1)) + others.total / (m * (m - 1)) - 2 * between.total / (n * m)
    jackknife = _left_out(own.rows, between.rows, m) + _left_out(others.rows, between.columns, n)
    of_pairs = _pair_variance(own, n) + _pair_variance(others, m) + 4 * _centred_square(between) / (n * m)
    return KernelDistance(value, math.sqrt(max(of_pairs + max(jackknife - 2 * of_pairs, 0.0), 0.0)))


def _check(first: Float[Tensor, "samples features"], second: Float[Tensor, "others other_features"]) -> None:
    if first.shape[1] != second.shape[1]:
        raise EstimatorError(f"kernel_distance: got {first.shape[1]} features and {second.shape[1]}, expected equal")
    if min(len(first), len(second)) < MIN_SAMPLES:
        sizes = f"{len(first)} and {len(second)}"
        raise EstimatorError(f"kernel_distance: expected at least {MIN_SAMPLES} samples of either set, got {sizes}")
    if not (first.isfinite().all() and second.isfinite().all()):
        raise EstimatorError("kernel_distance: expected finite features, got NaN or infinity")


def _kernel(
    x: Float[Tensor, "samples features"], y: Float[Tensor, "others features"]
) -> Float64[Tensor, "samples others"]:
    return (x.double() @ y.double().T).div_(x.shape[1]).add_(1).pow_(3)


def _within(x: Float[Tensor, "samples features"]) -> _Sums:
    """Sums over the pairs of two samples of one set."""
    sums = _sums(x, x)
    diagonal = torch.cat([(each.double().square().sum(1) / x.shape[1] + 1) ** 3 for each in torch.split(x, TILE)])
    return _Sums(sums.rows - diagonal, sums.columns - diagonal, sums.squares - float(diagonal.square().sum()))


def _sums(x: Float[Tensor, "samples features"], y: Float[Tensor, "others features"]) -> _Sums:
    rows, columns = (torch.zeros(len(each), dtype=torch.float64) for each in (x, y))
    squares = 0.0
    for start in range(0, len(x), TILE):
        for left in range(0, len(y), TILE):
            tile = _kernel(x[start : start + TILE], y[left : left + TILE])
            rows[start : start + TILE] += tile.sum(1)
            columns[left : left + TILE] += tile.sum(0)
            squares += float(tile.square().sum())
    return _Sums(rows, columns, squares)


def _left_out(own: _Vector, between: Float64[Tensor, " samples"], others: int) -> float:
    """The jackknife's variance over the samples of one set, from the sums of their kernel values with either."""
    n = len(own)
    without = 2 * between / ((n - 1) * others) - 2 * own / ((n - 1) * (n - 2))
    return (n - 1) * float(without.var(correction=0))


def _pair_variance(sums: _Sums, n: int) -> float:
    """2 s / (n (n-1)), with s the unbiased mean square of centred values: U-centring, Szekely & Rizzo (2014)."""
    rows = float(sums.rows.square().sum())
    centred = sums.squares - 2 * rows / (n - 2) + sums.total**2 / ((n - 1) * (n - 2))
    return 2 * centred / (n * (n - 3)) / (n * (n - 1))


def _centred_square(sums: _Sums) -> float:
    """Mean square of the values between two sets, less the means of their rows and columns; unbiased."""
    n, m = len(sums.rows), len(sums.columns)
    means = float(sums.rows.square().sum()) / m + float(sums.columns.square().sum()) / n
    return (sums.squares - means + sums.total**2 / (n * m)) / ((n - 1) * (m - 1))
