"""`capture`: read the activations of a model while it runs, and leave the model as it was."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.hooks import RemovableHandle

from gausslab.activations import Activations, LayerActivations
from gausslab.errors import CaptureError, choices
from gausslab.layers import (
    Globs,
    Kinds,
    can_normalise,
    normalised_batch,
    normalised_running,
    removed_afterwards,
    select_layers,
    unit_axis,
    unwrap,
)
from gausslab.listing import LayerRow, list_layers
from gausslab.modes import as_it_was, uncompiled
from gausslab.norm_recording import RecalibratedStream, RunningMapStream
from gausslab.recording import LayerStream, Read, StreamSettings
from gausslab.streaming import Selection

__all__ = ["POINTS", "SPATIALS", "STATISTICS", "STORES", "LayerRow", "capture", "list_layers"]

POINTS = ("pre", "normalized", "post")
STATISTICS = ("running", "batch", "recalibrated")
STORES = ("vectors", "moments")
SPATIALS = ("sample", "pool", "flatten")


@dataclass(frozen=True, kw_only=True)
class CaptureSettings:
    """The options of `capture`, checked when built; their meaning is told there."""

    point: str
    statistics: str
    store: str
    spatial: str
    limit: int
    max_bytes: int
    seed: int

    def __post_init__(self) -> None:
        _require_choice("point", self.point, POINTS)
        _require_choice("statistics", self.statistics, STATISTICS)
        _require_choice("store", self.store, STORES)
        _require_choice("spatial", self.spatial, SPATIALS)
        if self.limit < 2:
            raise CaptureError(f"limit must be at least 2 samples, got {self.limit}")
        if self.statistics == "recalibrated" and self.point != "normalized":
            raise CaptureError(f"statistics 'recalibrated' needs point 'normalized', got {self.point!r}")


def _require_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise CaptureError(f"{name} {value!r} is unknown; {choices(value, allowed)}")


@contextlib.contextmanager
def capture(
    model: nn.Module,
    layers: Globs = "**",
    kinds: Kinds = "batchnorm",
    *,
    point: str = "normalized",
    statistics: str = "running",
    store: str = "vectors",
    spatial: str = "sample",
    limit: int = 20_000,
    max_bytes: int = 4 * 2**30,
    seed: int = 0,
) -> Iterator[Activations]:
    """Record the chosen layers of `model` during the forward passes made inside the `with` block.

    The model is put in eval mode (under `batch` its batch-norm layers in training mode), and every module's mode and
    every batch-norm buffer are as before afterwards, also after an exception.

    >>> net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    >>> with capture(net) as activations:
    ...     _ = net(torch.zeros(5, 3))
    >>> activations["1"].samples.shape
    torch.Size([5, 2])

    Args:
        model: any `nn.Module`, also inside `DataParallel` or `torch.compile` (which then runs uncompiled).
        layers: globs on module paths, see `gausslab.layers.select_layers`.
        kinds: `batchnorm`, `layernorm` (layer and group norm), `all`, or a tuple of module classes.
        point: `normalized` is the layer's standardised input before scale and shift (batch, layer and group norm only),
            `pre` its input, `post` its output.
        statistics: `running` standardises with the stored statistics; `batch` with each batch's own (and lets the
            layers behind see that); `recalibrated` with the mean and biased variance over everything captured, all
            positions of all images, while the layers behind still see the running statistics.
        store: `vectors` keeps up to `limit` rows a layer, `moments` none.
        spatial: a map of an image becomes a row by `sample` (one random position, the same relative place in every
            layer), `pool` (the mean over positions) or `flatten`.
        limit: rows kept per layer, a uniform random choice of the images, the same images for all layers.
        max_bytes: what the layers may hold; estimated when each one first runs, before anything is allocated.
        seed: of the generator for positions and reservoir; the global one is never used.

    Yields:
        Activations, filled when the block ends. Radii and moments are of all images, `samples` of the kept ones.
        Positions of one map are dependent, and `pool` averages them: a pooled row is nearer to a Gaussian than the
        activations it was made of.

    Raises:
        CaptureError: hooks cannot fire on the model, a glob or option is wrong, a chosen layer never ran or yields
            something other than one tensor, or the memory limit is exceeded.
    """
    settings = CaptureSettings(
        point=point,
        statistics=statistics,
        store=store,
        spatial=spatial,
        limit=limit,
        max_bytes=max_bytes,
        seed=seed,
    )
    inner = unwrap(model)
    recorder = _Recorder(select_layers(inner, layers, kinds), settings)
    activations = Activations()
    with as_it_was(inner, statistics), uncompiled(), recorder.attached(inner):
        yield activations
    activations.fill(recorder.finish())


class _Recorder:
    """Routes what the hooks see to one stream per layer and call within a forward pass."""

    def __init__(self, layers: dict[str, nn.Module], settings: CaptureSettings) -> None:
        self._layers = layers
        self._settings = settings
        self._selection = Selection(settings.limit, settings.seed)
        self._streams: dict[tuple[str, int], LayerStream] = {}
        for name, module in layers.items():
            _check_point(name, module, settings)
        self._calls: dict[str, int] = {}
        self._inside = False
        self._bytes = 0

    @contextlib.contextmanager
    def attached(self, root: nn.Module) -> Iterator[None]:
        """Hooks on the root and the layers, removed in any case."""
        with removed_afterwards() as handles:
            handles.append(root.register_forward_pre_hook(self._enter))
            handles.append(root.register_forward_hook(self._leave, always_call=True))
            handles.extend(self._attach(name, module) for name, module in self._layers.items())
            yield

    def finish(self) -> dict[str, LayerActivations]:
        """The layers' activations; those that ran several times a pass under `name#0`, `name#1`, ..."""
        ran = {name for name, _ in self._streams}
        silent = [name for name in self._layers if name not in ran]
        if silent:
            more = f" (and {len(silent) - 1} more)" if len(silent) > 1 else ""
            raise CaptureError(
                f"layer {silent[0]!r}{more} never ran inside the capture; run the model or choose others"
            )
        repeated = {name for name, call in self._streams if call > 0}
        named = ((f"{n}#{call}" if n in repeated else n, stream) for (n, call), stream in self._streams.items())
        return {name: stream.finish(name) for name, stream in named}

    def _attach(self, name: str, module: nn.Module) -> RemovableHandle:
        """The input is read before the layer runs, since a layer that works in place destroys it."""
        if self._settings.point == "post":
            return module.register_forward_hook(lambda _module, _inputs, output: self._record(name, output))
        return module.register_forward_pre_hook(
            lambda _module, args, kwargs: self._record(name, _only_input(args, kwargs)), with_kwargs=True
        )

    def _enter(self, _module: nn.Module, _inputs: Any) -> None:
        self._inside = True
        self._calls.clear()

    def _leave(self, _module: nn.Module, _inputs: Any, _output: Any) -> None:
        self._inside = False

    def _record(self, name: str, value: Any) -> None:
        """Outside a pass through the root (`model.encoder(x)`) every call counts as a pass of its own."""
        call = self._calls.get(name, 0) if self._inside else 0
        self._calls[name] = call + 1
        tensor = _one_tensor(name, value)
        if torch.is_grad_enabled() or torch.is_inference_mode_enabled():  # the contexts cost as much as a reduction
            with torch.inference_mode(False), torch.no_grad():
                self._stream_of(name, call, tensor).add(tensor.detach())
        else:
            self._stream_of(name, call, tensor).add(tensor)

    def _stream_of(self, name: str, call: int, first: Tensor) -> LayerStream:
        return self._streams.get((name, call)) or self._open(name, call, first)

    def _open(self, name: str, call: int, first: Tensor) -> LayerStream:
        stream = self._stream(name, self._layers[name], first)
        self._bytes += stream.estimated_bytes
        if self._bytes > self._settings.max_bytes:
            raise CaptureError(
                f"capture would hold {self._bytes / 2**30:.2f} GiB with layer {name!r} ({stream.units} units), above "
                f"max_bytes {self._settings.max_bytes / 2**30:.2f} GiB; lower limit ({self._settings.limit}), choose "
                "fewer layers, spatial 'pool' or store 'moments'"
            )
        self._streams[name, call] = stream
        return stream

    def _stream(self, name: str, module: nn.Module, first: Tensor) -> LayerStream:
        wanted, selection = self._settings, self._selection
        norm = module if isinstance(module, _BatchNorm) else None
        settings = StreamSettings(
            kind=type(module).__name__,
            point=wanted.point,
            statistics=wanted.statistics if norm else "",
            spatial=wanted.spatial,
            store=wanted.store,
        )
        if norm and wanted.statistics == "recalibrated":
            return RecalibratedStream(settings, selection, _units_second(name, first, 1), norm.eps)
        plain = (wanted.point, wanted.statistics) == ("normalized", "running")
        if norm and plain and RunningMapStream.suits(settings, first, norm):
            return RunningMapStream(settings, selection, first, norm)
        read = _reader(name, module, wanted)
        return LayerStream(settings, selection, read(first), read)


def _check_point(name: str, module: nn.Module, settings: CaptureSettings) -> None:
    if settings.point != "normalized":
        return
    if not can_normalise(module):
        kind = type(module).__name__
        raise CaptureError(f"layer {name!r} is a {kind}, which has no normalized point; choices: pre, post")
    if settings.statistics == "running" and isinstance(module, _BatchNorm) and module.running_mean is None:
        raise CaptureError(f"layer {name!r} keeps no running statistics; use statistics 'batch' or 'recalibrated'")


def _reader(name: str, module: nn.Module, settings: CaptureSettings) -> Read:
    """What turns a layer's raw tensor into the point asked for, units on axis 1."""
    axis = unit_axis(module)
    if settings.point != "normalized":
        return lambda x: _units_second(name, x, axis)
    normalised = normalised_batch if settings.statistics == "batch" else normalised_running
    return lambda x: _units_second(name, normalised(module, x), axis)


def _units_second(name: str, value: Tensor, axis: int) -> Tensor:
    if value.ndim < 2:
        raise CaptureError(
            f"layer {name!r} gives a tensor of shape {tuple(value.shape)}, expected (images, units, ...)"
        )
    return value.movedim(axis, 1) if value.ndim > 2 else value


def _only_input(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[0] if args else next(iter(kwargs.values()), None)


def _one_tensor(name: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise CaptureError(
            f"layer {name!r} gives a {type(value).__name__}, expected one tensor; choose a layer inside it"
        )
    return value
