"""Layers read while a network runs, each handed on at once: no activation outlives its layer unless it is kept.

`gausslab.capture` keeps vectors of every layer until it ends; here whoever receives an activation makes numbers of it,
so that however many layers are read, one layer's activations of one batch are there at a time.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.hooks import RemovableHandle

from gausslab.adversarial.guards import Images
from gausslab.errors import CaptureError, choices
from gausslab.layers import (
    Globs,
    Kinds,
    can_normalise,
    normalised_running,
    removed_afterwards,
    select_layers,
    unit_axis,
    unwrap,
)
from gausslab.modes import as_it_was, uncompiled

POINTS = ("pre", "normalized", "post")

Activation = Float[Tensor, "images units ..."]
Receive = Callable[[str, int, Activation], None]
"""Is given the layer's path, how many times the layer has run before in the same pass, and the activation."""
Show = Callable[[Images], None]


def read_layers(
    model: nn.Module, layers: Globs, receive: Receive, *, kinds: Kinds = "batchnorm", point: str = "normalized"
) -> Show:
    """A function that shows images to the network in evaluation mode, without a graph.

    Hooks are on the layers during that pass alone, and modes and buffers are as before afterwards: whatever else runs
    the network between two passes, an attack for example, is not read.

    Args:
        model: any network.
        layers: globs on module paths. Those with a wildcard take layers of the kinds; a path takes any module.
        receive: is given every activation, units on axis 1, the moment it is there. It must not keep the tensor itself:
            a layer behind may overwrite it in place.
        kinds: as for `gausslab.capture`.
        point: `normalized` is what `gausslab.capture` means by it, with running statistics, and the output of a layer
            that has no such point; `pre` and `post` are a layer's input and output.

    Raises:
        CaptureError: hooks cannot fire, a glob or the point is wrong, a layer keeps no running statistics, or, when
            images are shown, never ran or gives something other than one tensor.
    """
    if point not in POINTS:
        raise CaptureError(f"point {point!r} is unknown; {choices(point, POINTS)}")
    inner = unwrap(model)
    return _Reader(inner, chosen(inner, layers, kinds), point, receive)


def chosen(model: nn.Module, layers: Globs, kinds: Kinds) -> dict[str, nn.Module]:
    """The layers of an unwrapped model that the globs mean.

    Raises:
        CaptureError: a glob matches nothing, or there is none.
    """
    globs = [layers] if isinstance(layers, str) else list(layers)
    found: dict[str, nn.Module] = {}
    for glob in globs:
        found |= select_layers(model, glob, kinds if set(glob) & set("*?[") else "all")
    if not found:
        raise CaptureError("layers names no layer, expected at least one glob or path")
    return found


class _Reader:
    """Hooks on the layers, and what has run in the pass that is going on."""

    def __init__(self, model: nn.Module, layers: dict[str, nn.Module], point: str, receive: Receive) -> None:
        self._model = model
        self._layers = layers
        self._point = point
        self._receive = receive
        self._calls: dict[str, int] = {}
        for name, module in layers.items():
            if point == "normalized" and isinstance(module, _BatchNorm) and module.running_mean is None:
                raise CaptureError(f"layer {name!r} keeps no running statistics, which it is standardised with")

    def __call__(self, images: Images) -> None:
        self._calls.clear()
        with as_it_was(self._model, "running"), uncompiled(), self._attached(), torch.no_grad():
            self._model(images)
        silent = [name for name in self._layers if name not in self._calls]
        if silent:
            raise CaptureError(f"layer {silent[0]!r} never ran in the forward pass; choose others")

    @contextlib.contextmanager
    def _attached(self) -> Iterator[None]:
        with removed_afterwards() as handles:
            handles.extend(self._attach(name, module) for name, module in self._layers.items())
            yield

    def _attach(self, name: str, module: nn.Module) -> RemovableHandle:
        """An input is read before the layer runs, since a layer that works in place destroys it."""
        standardised = self._point == "normalized" and can_normalise(module)
        if not standardised and self._point != "pre":
            return module.register_forward_hook(lambda layer, _inputs, output: self._hand_on(name, layer, output))

        def before(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            given = _tensor(name, args[0] if args else next(iter(kwargs.values()), None))
            self._hand_on(name, layer, normalised_running(layer, given) if standardised else given)

        return module.register_forward_pre_hook(before, with_kwargs=True)

    def _hand_on(self, name: str, layer: nn.Module, value: Any) -> None:
        call = self._calls.get(name, 0)
        self._calls[name] = call + 1
        found = _tensor(name, value)
        if found.ndim < 2:
            raise CaptureError(f"layer {name!r} gives a tensor of shape {tuple(found.shape)}, expected (images, units)")
        self._receive(name, call, found.movedim(unit_axis(layer), 1) if found.ndim > 2 else found)


def _tensor(name: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise CaptureError(
            f"layer {name!r} gives a {type(value).__name__}, expected one tensor; choose a layer inside it"
        )
    return value
