"""Numbers about a stream too long to keep: exact moments in float64, and a reservoir shared by all layers."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gausslab.seeding import torch_generator

COVARIANCE_UNITS = 2048
"""Up to this many units the full covariance is streamed, above it only the variances (the rest would be gigabytes)."""

_CHUNK = 1024  # images drawn at a time
_BITS = 31  # a place is a whole number below 2**31, so that scaling it to a map's size is exact


@dataclass(frozen=True)
class Moments:
    """Count, mean and scatter (the sum of products of deviations from the mean) of rows, in float64.

    `scatter` is `(units, units)`, or `(units,)` where only the variances are kept.
    """

    count: int
    mean: Float[Tensor, " units"]
    scatter: Float[Tensor, "..."]

    @property
    def covariance(self) -> Float[Tensor, "..."]:
        """Unbiased covariance (or variances), the scatter over `count - 1`; NaN for a single row."""
        return self.scatter / (self.count - 1) if self.count > 1 else torch.full_like(self.scatter, torch.nan)


def moments_of(rows: Float[Tensor, "samples units"]) -> Moments:
    """Moments of a block of rows: centred by the block's own mean, multiplied and kept in float64."""
    exact = rows.double()
    mean = exact.mean(0)
    centred = exact - mean
    scatter = centred.T @ centred if rows.shape[1] <= COVARIANCE_UNITS else centred.square().sum(0)
    return Moments(len(rows), mean, scatter)


def merge(first: Moments, second: Moments) -> Moments:
    r"""Moments of two blocks together (Chan, Golub & LeVeque 1979).

    \(M = M_1 + M_2 + \frac{n_1 n_2}{n_1 + n_2}\,\delta\delta^\top\) with \(\delta\) the difference of the means: no
    large numbers are subtracted, however far the mean is from 0.
    """
    count = first.count + second.count
    delta = second.mean - first.mean
    between = torch.outer(delta, delta) if first.scatter.ndim == 2 else delta.square()
    scatter = first.scatter + second.scatter + between * (first.count * second.count / count)
    return Moments(count, first.mean + delta * (second.count / count), scatter)


class Selection:
    """Which images are kept and where on a map each one is read, decided by the image's index alone.

    All layers ask the same object, so that row i of one layer and row i of another come from the same image, and the
    positions read in maps of two sizes are the same relative place. The choice is algorithm R (Vitter 1985): after n
    images each has had the same chance limit/n to be among the kept ones.
    """

    def __init__(self, limit: int, seed: int) -> None:
        self.limit = limit
        self._chance = torch_generator(seed, "capture/reservoir")
        self._where = torch_generator(seed, "capture/places")
        self._slots = torch.empty(0, dtype=torch.long)
        self._places = torch.empty(0, 3, dtype=torch.long)
        self._positions: dict[tuple[int, ...], Int[Tensor, " images"]] = {}

    def slots(self, start: int, stop: int) -> Int[Tensor, " images"]:
        """The reservoir slot that each of the images start..stop-1 takes, -1 where it is not kept."""
        self._draw(stop)
        return self._slots[start:stop]

    def positions(self, start: int, stop: int, shape: tuple[int, ...]) -> Int[Tensor, " images"]:
        """For each image one position of a map of `shape` (up to three axes), as an index into the flattened map."""
        self._draw(stop)
        known = self._positions.get(shape)
        if known is None or known.shape[0] < stop:
            known = self._positions[shape] = _flat_index(self._places, shape)
        return known[start:stop]

    def kept(self, seen: int) -> tuple[Int[Tensor, " kept"], Int[Tensor, " kept"]]:
        """After `seen` images: the occupied slots and the images in them, both in the images' order."""
        slots = self.slots(0, seen)
        images = last_writes(slots)
        return slots[images], images

    def _draw(self, stop: int) -> None:
        while (start := self._slots.shape[0]) < stop:
            index = torch.arange(start, start + _CHUNK)
            chance = torch.rand(_CHUNK, generator=self._chance, dtype=torch.float64)
            slots = torch.where(index < self.limit, index, (chance * (index + 1)).long())
            slots[slots >= self.limit] = -1
            places = torch.randint(2**_BITS, (_CHUNK, 3), generator=self._where)
            self._slots = torch.cat([self._slots, slots])
            self._places = torch.cat([self._places, places])


def _flat_index(places: Int[Tensor, "images axes"], shape: tuple[int, ...]) -> Int[Tensor, " images"]:
    index = torch.zeros(len(places), dtype=torch.long)
    for axis, size in enumerate(shape):
        index = index * size + ((places[:, axis] * size) >> _BITS)
    return index


def last_writes(slots: Int[Tensor, " images"]) -> Int[Tensor, " writes"]:
    """Indices, ascending, of the images that no later image in the same block overwrites; -1 is no slot."""
    backwards = slots.numpy()[::-1]
    values, first = np.unique(backwards, return_index=True)
    return torch.from_numpy(np.sort(len(backwards) - 1 - first[values >= 0]))


class Reservoir:
    """`limit` rows, filled as a `Selection` says."""

    def __init__(self, selection: Selection, units: int, dtype: torch.dtype = torch.float32) -> None:
        self._selection = selection
        self._rows = torch.empty(selection.limit, units, dtype=dtype)

    def add(self, start: int, rows: Float[Tensor, "images units"]) -> None:
        """Offer the rows of the images from `start` on."""
        slots = self._selection.slots(start, start + len(rows))
        images = last_writes(slots)
        self._rows[slots[images]] = rows[images].to(self._rows.dtype)

    def collect(self, seen: int) -> Float[Tensor, "kept units"]:
        """The kept rows, in the order of their images."""
        return self._rows[self._selection.kept(seen)[0]]
