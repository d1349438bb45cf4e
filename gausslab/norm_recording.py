"""Batch-norm layers recorded by their input and standardised later: cheaper, or because only the end tells how."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from gausslab.recording import LayerStream, StreamSettings, counting, norms
from gausslab.streaming import Moments, Reservoir, Selection

_FARTHEST_MEAN = 32.0  # standard deviations
_LARGE_MAP = 16  # positions; below, a reduction per map costs more than writing the map


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
        self._take(flat[counting(flat.shape[0]), :, index])

    def _standardised(self, rows: Tensor) -> Tensor:
        first = torch.cat([mean for mean, _, _ in self._waiting]).double()
        root = torch.cat([length / math.sqrt(size) for _, length, size in self._waiting]).double()
        self._waiting.clear()
        self._radii.append(_map_radii(first, root.square_(), self._mean, self._scale))
        return rows.double().sub_(self._mean).mul_(self._scale)


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
    weight = scale.square()
    squares = torch.addmv(mean.square() @ weight, first, mean * weight, alpha=-2.0) + second @ weight
    return squares.clamp_min(0.0).sqrt()


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
