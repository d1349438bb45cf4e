"""The layers that a capture could choose from, as rows of a table."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.layers import Globs, Kinds, select_layers, unit_axis, unwrap
from gausslab.modes import as_it_was, uncompiled


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """One layer.

    Attributes:
        path: what the globs of `capture` match; `#0`, `#1`, ... where the layer runs several times in a pass.
        kind: class name.
        width: units, None if neither the module nor a forward pass tells.
        affine: whether it has a scale and shift of its own; None where the word has no meaning.
        order: when it ran among the listed layers, from 0; None without an example or if it did not run.
        shape: of its output for one image; None without an example, or if the output is no single tensor.
    """

    path: str
    kind: str
    width: int | None
    affine: bool | None
    order: int | None
    shape: tuple[int, ...] | None


def list_layers(
    model: nn.Module,
    example_input: Float[Tensor, "images ..."] | None = None,
    layers: Globs = "**",
    kinds: Kinds = "batchnorm",
) -> list[LayerRow]:
    """The layers that `capture(model, layers, kinds)` would record, in the model's order.

    Args:
        model: as for `capture`.
        example_input: a batch to run once, in eval mode, to learn call order and shapes.
        layers: globs on module paths.
        kinds: `batchnorm`, `layernorm`, `all`, or a tuple of module classes.

    Raises:
        CaptureError: hooks cannot fire on the model, or a glob or kind matches nothing.
    """
    inner = unwrap(model)
    chosen = select_layers(inner, layers, kinds)
    calls = _calls(inner, chosen, example_input) if example_input is not None else []
    rows = []
    for path, module in chosen.items():
        own = [(order, shape) for order, (name, shape) in enumerate(calls) if name == path]
        names = [f"{path}#{call}" for call in range(len(own))] if len(own) > 1 else [path]
        found: list[tuple[int | None, tuple[int, ...] | None]] = [*own] or [(None, None)]
        rows += [_row(name, module, order, shape) for name, (order, shape) in zip(names, found, strict=True)]
    return rows


def _row(name: str, module: nn.Module, order: int | None, shape: tuple[int, ...] | None) -> LayerRow:
    return LayerRow(
        path=name,
        kind=type(module).__name__,
        width=_width(module, shape),
        affine=getattr(module, "affine", getattr(module, "elementwise_affine", None)),
        order=order,
        shape=shape,
    )


def _width(module: nn.Module, shape: tuple[int, ...] | None) -> int | None:
    for attribute in ("num_features", "out_channels", "out_features", "num_channels"):
        if isinstance(width := getattr(module, attribute, None), int):
            return width
    if not shape:
        return None
    return shape[-1] if unit_axis(module) == -1 else shape[0]


def _calls(model: nn.Module, layers: dict[str, nn.Module], example: Tensor) -> list[tuple[str, tuple[int, ...] | None]]:
    """Path and output shape of every call of a layer, in the order in which they ran."""
    calls: list[tuple[str, tuple[int, ...] | None]] = []
    with as_it_was(model, "running"), uncompiled(), torch.no_grad(), _noting(layers, calls):
        model(example)
    return calls


@contextlib.contextmanager
def _noting(layers: dict[str, nn.Module], calls: list[tuple[str, tuple[int, ...] | None]]) -> Iterator[None]:
    def note(name: str, output: Any) -> None:
        calls.append((name, tuple(output.shape[1:]) if isinstance(output, Tensor) else None))

    handles = [
        module.register_forward_hook(lambda _module, _inputs, output, name=name: note(name, output))
        for name, module in layers.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
