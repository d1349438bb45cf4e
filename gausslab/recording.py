"""From the maps that a layer yields, batch by batch, to its `LayerActivations`: rows, radii, moments, reservoir."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from gausslab.activations import LayerActivations
from gausslab.streaming import COVARIANCE_UNITS, Moments, Reservoir, Selection, merge, moments_of

_BLOCK_ROWS = 1024  # rows gathered before moments and reservoir are updated: few large steps cost less than many small
_BLOCK_NUMBERS = 2**22
_FARTHEST_MEAN = 32.0  # standard deviations
_LARGE_MAP = 16  # positions; below, a reduction per map costs more than writing the map


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
    return maps.flatten(2)[_counting(maps.shape[0]), :, index]


@cache
def _counting(count: int) -> Int[Tensor, " images"]:
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


class RunningMapStream(LayerStream):
    r"""The maps of a batch norm in eval mode, faster: only the sampled positions are standardised.

    The radius comes from two reductions of the input map, \(\sum_c (\overline{x_c^2} - 2 \mu_c \overline{x_c} +
    \mu_c^2) / (\sigma_c^2 + \epsilon)\), without writing a second map. The float32 reductions lose about
    \(10^{-7} \mu^2 / \sigma^2\) of it, so `suits` asks that no mean exceeds 32 standard deviations.
    """

    def __init__(
        self, settings: StreamSettings, selection: Selection, first: Float[Tensor, "images units ..."], norm: _BatchNorm
    ) -> None:
        super().__init__(settings, selection, first, _as_it_is)
        self._mean, self._scale = _running(norm)
        self._waiting: list[tuple[Tensor, Tensor, int]] = []

    @staticmethod
    def suits(settings: StreamSettings, first: Float[Tensor, "images units ..."], norm: _BatchNorm) -> bool:
        """Whether this stream is exact enough, and faster, for the layer."""
        mean, scale = _running(norm)
        exact = bool((mean * scale).abs().max() <= _FARTHEST_MEAN)
        plain = first.dtype is torch.float32 and first.device.type == "cpu"
        return settings.spatial == "sample" and math.prod(first.shape[2:]) >= _LARGE_MAP and plain and exact

    def add(self, maps: Float[Tensor, "images units ..."]) -> None:
        """Take in one batch of the layer's inputs: two reductions and one gather, the rest waits for a block."""
        index = self._selection.positions(self._seen, self._seen + maps.shape[0], tuple(maps.shape[2:]))
        flat = maps.flatten(2)
        self._waiting.append((flat.mean(2), torch.linalg.vector_norm(flat, dim=2), flat.shape[2]))
        self._take(flat[_counting(flat.shape[0]), :, index])

    def _standardised(self, rows: Tensor) -> Tensor:
        first = torch.cat([mean for mean, _, _ in self._waiting]).double()
        second = torch.cat([length.double().square() / size for _, length, size in self._waiting])
        self._waiting.clear()
        self._radii.append(_map_radii(first, second, self._mean, self._scale))
        return ((rows.double() - self._mean) * self._scale).float()


def _as_it_is(maps: Tensor) -> Tensor:
    return maps


def _running(norm: _BatchNorm) -> tuple[Tensor, Tensor]:
    assert norm.running_mean is not None and norm.running_var is not None  # refused before a stream is opened
    return norm.running_mean.double().cpu(), (norm.running_var.double() + norm.eps).rsqrt().cpu()


def _map_radii(
    first: Float[Tensor, "images channels"],
    second: Float[Tensor, "images channels"],
    mean: Float[Tensor, " channels"],
    scale: Float[Tensor, " channels"],
) -> Float[Tensor, " images"]:
    """RMS over a map of the norm of its standardised positions, from the map's means and mean squares."""
    return ((second - 2 * mean * first + mean.square()) * scale.square()).sum(1).clamp_min(0.0).sqrt()


class RecalibratedStream(LayerStream):
    """A batch norm's inputs, standardised in the end by mean and biased variance over all images and positions.

    That is what the layer's running statistics would be if they were computed anew, exactly, on this data. The radius
    of a map needs the first two moments of every image's map, so these are kept (float64) for the images of the
    reservoir and radii are known for those only.
    """

    def __init__(
        self, settings: StreamSettings, selection: Selection, first: Float[Tensor, "images units ..."], eps: float
    ) -> None:
        super().__init__(settings, selection, first, _as_it_is)
        self._eps = eps
        self._totals = torch.zeros(2, self.channels, dtype=torch.float64)
        self._pending_maps: list[Tensor] = []
        self._maps = Reservoir(selection, 2 * self.channels, torch.float64) if self._needs_maps else None

    @property
    def estimated_bytes(self) -> int:
        """The maps' moments come on top."""
        return super().estimated_bytes + (16 * self._selection.limit * self.channels if self._needs_maps else 0)

    def _note(self, maps: Tensor, _rows: Tensor) -> None:
        flat = maps.cpu().double().flatten(2) if self.map_shape else maps.cpu().double().unsqueeze(2)
        moments = torch.stack([flat.mean(2), flat.square().mean(2)], dim=1)
        self._totals += moments.sum(0)
        self._pending_maps.append(moments.flatten(1))

    @property
    def _needs_maps(self) -> bool:
        settings = self._settings
        return bool(self.map_shape) and settings.spatial == "sample" and settings.store == "vectors"

    def _flush(self) -> None:
        if self._maps is not None and self._pending_maps:
            self._maps.add(self._flushed, torch.cat(self._pending_maps))
        self._pending_maps.clear()
        super()._flush()

    def _statistics(self) -> tuple[Float[Tensor, " channels"], Float[Tensor, " channels"]]:
        """Mean and reciprocal standard deviation of every channel."""
        mean, square = self._totals / self._seen
        variance = (square - mean.square()).clamp_min(0.0)
        return mean, (variance + self._eps).rsqrt()

    def _per_unit(self) -> tuple[Float[Tensor, " units"], Float[Tensor, " units"]]:
        mean, scale = self._statistics()
        positions = self.units // self.channels
        return mean.repeat_interleave(positions), scale.repeat_interleave(positions)

    def _final_moments(self, moments: Moments) -> Moments:
        mean, scale = self._per_unit()
        factor = torch.outer(scale, scale) if moments.scatter.ndim == 2 else scale.square()
        return Moments(moments.count, (moments.mean - mean) * scale, moments.scatter * factor)

    def _final_rows(self, kept: Tensor) -> Tensor:
        mean, scale = self._per_unit()
        return ((kept.double() - mean) * scale).float()

    def _final_radii(self, kept: Tensor | None) -> Tensor | None:
        if kept is None:
            return None
        if self._maps is None:
            return norms(self._final_rows(kept)).double()
        maps = self._maps.collect(self._seen)
        return _map_radii(maps[:, : self.channels], maps[:, self.channels :], *self._statistics())
