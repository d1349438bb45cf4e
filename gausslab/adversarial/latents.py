"""Activations of chosen layers with their graph, for attacks on them; `gausslab.capture` detaches what it reads."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.hooks import RemovableHandle

from gausslab.adversarial.guards import Images
from gausslab.errors import CaptureError
from gausslab.layers import Globs, can_normalise, normalised_running, removed_afterwards, select_layers, unwrap
from gausslab.modes import uncompiled

Latents = list[Float[Tensor, "samples _"]]
Watched = Callable[[Images], tuple[Tensor, Latents]]


@contextlib.contextmanager
def watched(model: nn.Module, layers: Globs) -> Iterator[Watched]:
    """A function of images that gives the model's logits and the latents of the chosen layers, flat for each image.

    A latent is what `capture` calls the normalised point: of batch norm the standardised input before scale and shift,
    with the running statistics, of layer and group norm the same with the input's own; of any other layer it is the
    output. A layer that runs several times gives as many latents, in the order in which they came.

    Args:
        model: in evaluation mode, which the caller sees to.
        layers: globs on module paths. Those with a wildcard take batch-norm layers alone; a path takes any module.

    Raises:
        CaptureError: a glob matches nothing, a layer keeps no running statistics, never ran or gives no tensor.
    """
    inner = unwrap(model)
    watch = _Watch(inner, _chosen(inner, layers))
    with uncompiled(), watch.attached():
        yield watch


class _Watch:
    """Runs the model and keeps what the hooks of one pass see."""

    def __init__(self, model: nn.Module, layers: dict[str, nn.Module]) -> None:
        self._model = model
        self._layers = layers
        self._seen: list[tuple[str, Tensor]] = []

    def __call__(self, images: Images) -> tuple[Tensor, Latents]:
        self._seen = []
        logits = self._model(images)
        ran = {name for name, _ in self._seen}
        silent = [name for name in self._layers if name not in ran]
        if silent:
            raise CaptureError(f"layer {silent[0]!r} never ran in the forward pass; choose others")
        return logits, [value.flatten(1) for _, value in self._seen]

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        with removed_afterwards() as handles:
            handles.extend(self._attach(name, module) for name, module in self._layers.items())
            yield

    def _attach(self, name: str, module: nn.Module) -> RemovableHandle:
        """Cloned: a layer behind that works in place would change the latent, and with it the loss."""
        if can_normalise(module):
            return module.register_forward_pre_hook(
                lambda layer, args, kwargs: self._keep(name, normalised_running(layer, *args, *kwargs.values())),
                with_kwargs=True,
            )
        return module.register_forward_hook(lambda _layer, _inputs, output: self._keep(name, output, clone=True))

    def _keep(self, name: str, value: Any, *, clone: bool = False) -> None:
        if not isinstance(value, Tensor):
            raise CaptureError(
                f"layer {name!r} gives a {type(value).__name__}, expected one tensor; choose a layer inside it"
            )
        self._seen.append((name, value.clone() if clone else value))


def _chosen(model: nn.Module, layers: Globs) -> dict[str, nn.Module]:
    globs = [layers] if isinstance(layers, str) else list(layers)
    chosen: dict[str, nn.Module] = {}
    for glob in globs:
        chosen |= select_layers(model, glob, "batchnorm" if set(glob) & set("*?[") else "all")
    if not chosen:
        raise CaptureError("layers names no layer, expected at least one glob or path")
    for name, module in chosen.items():
        if isinstance(module, _BatchNorm) and module.running_mean is None:
            raise CaptureError(f"layer {name!r} keeps no running statistics, which its latents are standardised with")
    return chosen
