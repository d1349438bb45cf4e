"""Sums over all pairs of samples, tile by tile: the memory of a tile, whatever the number of samples."""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float64
from torch import Tensor

TILE = 384  # samples: a tile of them by themselves stays in the cache

Tiles = Iterator[tuple[slice, slice]]


def tiles(samples: int) -> Tiles:
    """Rows and columns of the tiles on and right of the diagonal; only those on it have the same rows as columns."""
    cuts = [slice(start, start + TILE) for start in range(0, samples, TILE)]
    return ((rows, columns) for index, rows in enumerate(cuts) for columns in cuts[index:])


def kernel_sum(x: Float64[Tensor, "samples units"], kernel: Callable[[Tensor], Tensor]) -> float:
    r"""$\sum_{i \ne j} f(\|x_i - x_j\|^2)$ over ordered pairs.

    Args:
        x: centred, or the squared distances, which come from matrix products, lose digits.
        kernel: f, elementwise; it may work in place.
    """
    squares = x.square().sum(1)
    total = 0.0
    for rows, columns in tiles(len(x)):
        distances = torch.addmm(squares[columns], x[rows], x[columns].T, alpha=-2)
        values = kernel(distances.add_(squares[rows, None]).clamp_(min=0))
        total += float(values.fill_diagonal_(0).sum()) if rows == columns else 2 * float(values.sum())
    return total


def product_sum(x: Float64[Tensor, "samples units"], kernel: Callable[[Tensor], Tensor]) -> float:
    r"""$\sum_{ij} f(x_i \cdot x_j)$ over ordered pairs, each sample with itself included; f may work in place."""
    total = 0.0
    for rows, columns in tiles(len(x)):
        values = kernel(x[rows] @ x[columns].T)
        total += float(values.sum()) * (1 if rows == columns else 2)
    return total


def pair_work(samples: int, units: int) -> float:
    """Multiply-adds of one sum, an elementary function a pair included."""
    return float(samples) ** 2 * (units + 48) / 2
