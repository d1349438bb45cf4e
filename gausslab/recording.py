"""From the maps that a layer yields, batch by batch, to its `LayerActivations`: rows, radii, moments, reservoir."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gausslab.activations import LayerActivations
from gausslab.streaming import COVARIANCE_UNITS, Moments, Reservoir, Selection, merge, moments_of

_BLOCK_ROWS = 1024  # rows gathered before moments and reservoir are updated: few large steps cost less than many small
_BLOCK_NUMBERS = 2**22


@dataclass(frozen=True, kw_only=True)
class StreamSettings:
    """How one layer is recorded; the fields are those of `LayerActivations` and `capture`."""

    kind: str
    point: str
    statistics: str
    spatial: str
    store: str


Read = Callable[[Tensor], Tensor]


def sampled_rows(
    maps: Float[Tensor, "images units *map"], index: Int[Tensor, " images"]
) -> Float[Tensor, "images units"]:
    """The units at one position of each image's map."""
    return maps.flatten(2)[counting(maps.shape[0]), :, index]


@cache
def counting(count: int) -> Int[Tensor, " images"]:
    """0, 1, ..., made once per batch size."""
    return torch.arange(count)


def pooled_rows(
    maps: Float[Tensor, "images units *map"], _index: Int[Tensor, " images"]
) -> Float[Tensor, "images units"]:
    """The mean over the positions of each image's map."""
    return maps.flatten(2).mean(2)


def flat_rows(maps: Float[Tensor, "images units *map"], _index: Int[Tensor, " images"]) -> Float[Tensor, "images all"]:
    """All units at all positions, channel-major."""
    return maps.flatten(1)


_ROWS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sample": sampled_rows,
    "pool": pooled_rows,
    "flatten": flat_rows,
}


def norms(rows: Float[Tensor, "images ..."]) -> Float[Tensor, " images"]:
    """Euclidean norm of all numbers of an image."""
    found: Tensor = torch.linalg.vector_norm(rows.flatten(1), dim=1)
    return found


class LayerStream:
    """Accumulates one layer's rows: moments and radii of all images, vectors of the kept ones."""

    def __init__(
        self, settings: StreamSettings, selection: Selection, first: Float[Tensor, "images units ..."], read: Read
    ) -> None:
        self._settings = settings
        self._selection = selection
        self._read = read
        self.channels = first.shape[1]
        self.map_shape = tuple(first.shape[2:])
        self.units = first[0].numel() if settings.spatial == "flatten" else self.channels
        self._pending: list[Tensor] = []
        self._radii: list[Tensor] = []
        self._moments: Moments | None = None
        self._vectors: Reservoir | None = None
        self._seen = 0
        self._flushed = 0

    @property
    def estimated_bytes(self) -> int:
        """What the stream will hold once its reservoir is full."""
        scatter = self.units**2 if self.units <= COVARIANCE_UNITS else self.units
        vectors = self._selection.limit * self.units if self._settings.store == "vectors" else 0
        return 4 * vectors + 2 * 8 * scatter

    def add(self, maps: Float[Tensor, "images units ..."]) -> None:
        """Take in one batch. Only a copy is kept: a layer that follows may overwrite its input in place."""
        points = self._read(maps)
        rows = self._rows(points)
        self._note(points, rows)
        self._take(rows)

    def _take(self, rows: Tensor) -> None:
        self._pending.append(rows)
        self._seen += rows.shape[0]
        waiting = self._seen - self._flushed
        if waiting >= _BLOCK_ROWS or waiting * self.units >= _BLOCK_NUMBERS:
            self._flush()

    def finish(self, name: str) -> LayerActivations:
        """Everything known about the layer after the last batch."""
        self._flush()
        assert self._moments is not None  # a stream is opened by its first batch
        kept = self._vectors.collect(self._seen) if self._vectors is not None else None
        images = self._selection.kept(self._seen)[1] if kept is not None else None
        return LayerActivations(
            name=name,
            kind=self._settings.kind,
            point=self._settings.point,
            statistics=self._settings.statistics,
            spatial=self._settings.spatial if self.map_shape else "none",
            map_shape=self.map_shape,
            moments=self._final_moments(self._moments),
            radii=self._final_radii(kept),
            kept=self._final_rows(kept) if kept is not None else None,
            images=images,
        )

    def _rows(self, maps: Tensor) -> Tensor:
        if not self.map_shape:
            return maps.to("cpu", torch.float32, copy=True)
        index = self._selection.positions(self._seen, self._seen + maps.shape[0], tuple(maps.shape[2:]))
        rows = _ROWS[self._settings.spatial](maps, index.to(maps.device))
        return rows.to("cpu", torch.float32, copy=self._settings.spatial == "flatten")

    def _note(self, maps: Tensor, rows: Tensor) -> None:
        """What must be known of every image beside its row: here the radius."""
        if self.map_shape and self._settings.spatial == "sample":
            self._radii.append(norms(maps.float()).cpu() / math.sqrt(math.prod(maps.shape[2:])))
        else:
            self._radii.append(norms(rows))

    def _flush(self) -> None:
        if not self._pending:
            return
        rows = self._standardised(torch.cat(self._pending))
        self._pending.clear()
        block = moments_of(rows)
        self._moments = block if self._moments is None else merge(self._moments, block)
        if self._settings.store == "vectors":
            self._vectors = self._vectors or Reservoir(self._selection, self.units)
            self._vectors.add(self._flushed, rows)
        self._flushed += len(rows)

    def _standardised(self, rows: Tensor) -> Tensor:
        return rows

    def _final_moments(self, moments: Moments) -> Moments:
        return moments

    def _final_rows(self, kept: Tensor) -> Tensor:
        return kept

    def _final_radii(self, _kept: Tensor | None) -> Tensor | None:
        return torch.cat(self._radii).double()
