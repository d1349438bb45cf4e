"""What every attack is kept from: changing the network, running without gradients, moving global randomness."""

import contextlib
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gausslab.errors import EstimatorError, GausslabError
from gausslab.layers import unwrap
from gausslab.modes import as_it_was
from gausslab.seeding import derive

Images = Float[Tensor, "samples ..."]


@contextlib.contextmanager
def guarded(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, gradients on, also inside `no_grad` and `inference_mode`, and none collected by the weights.

    Modes, batch-norm buffers, and the weights' `grad` and `requires_grad` are as before afterwards. An attack on a
    network left in training mode would otherwise change its running statistics, and every backward pass of a library
    adds to the weights' gradients, which an optimiser would then use.

    Raises:
        CaptureError: the model is TorchScript or exported, so that it cannot be guarded.
        GausslabError: the buffers changed in evaluation mode all the same.
    """
    unwrap(model)
    with as_it_was(model, "running"), torch.inference_mode(False), torch.enable_grad(), _frozen(model):
        before = _buffers(model)
        yield
        _require_same(before, _buffers(model))


@contextlib.contextmanager
def seeded(seed: int, name: str) -> Iterator[None]:
    """The global generator of torch, from which foolbox draws, seeded inside and as it was afterwards."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.default_generator.manual_seed(derive(seed, name))
        if torch.cuda.is_available():  # torch.manual_seed keeps a stack trace for devices that are not there
            torch.cuda.manual_seed_all(derive(seed, name))
        yield


def require_images(images: Tensor) -> None:
    """Refuse what is no batch of images in [0, 1].

    Raises:
        EstimatorError: there is none, they are not floating-point, not finite, or outside.
    """
    if not images.is_floating_point() or images.ndim < 2 or not len(images):
        raise EstimatorError(
            f"images must be floating-point, samples first, at least one, got {images.dtype} {tuple(images.shape)}"
        )
    if not ((images >= 0) & (images <= 1)).all():
        lowest, highest = (float(end) for end in images.aminmax())
        raise EstimatorError(
            f"images must lie in [0, 1], with any normalisation inside the model, got {lowest:g} to {highest:g}"
        )


@contextlib.contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in wanted:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in wanted:
            parameter.requires_grad_(True)


def _buffers(model: nn.Module) -> dict[str, list[Tensor]]:
    norms = ((name, module) for name, module in model.named_modules() if isinstance(module, _BatchNorm))
    return {name: [buffer.detach().clone() for buffer in norm.buffers()] for name, norm in norms}


def _require_same(before: dict[str, list[Tensor]], after: dict[str, list[Tensor]]) -> None:
    for name, buffers in before.items():
        if not all(torch.equal(old, new) for old, new in zip(buffers, after[name], strict=True)):
            raise GausslabError(
                f"the running statistics of layer {name!r} changed during the attack: the model trains it in "
                "evaluation mode too; they were put back"
            )
