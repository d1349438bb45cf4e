"""Ways to run a model that leave it as it was."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextlib.contextmanager
def as_it_was(model: nn.Module, statistics: str) -> Iterator[None]:
    """Eval mode (batch norm in training mode for `batch`) inside; modes and batch-norm buffers restored after."""
    modes = [(module, module.training) for module in model.modules()]
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    buffers = [(buffer, buffer.detach().clone()) for norm in norms for buffer in norm.buffers()]
    try:
        model.eval()
        for norm in norms if statistics == "batch" else ():
            norm.train()
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        _restore(buffers)


def _restore(buffers: list[tuple[Tensor, Tensor]]) -> None:
    """Only what changed is written: a needless write would invalidate graphs that the user still wants to walk."""
    with torch.no_grad():
        for buffer, before in buffers:
            if not torch.equal(buffer, before):
                buffer.copy_(before)


def uncompiled() -> contextlib.AbstractContextManager[Any]:
    """Compiled code ignores hooks that were registered later, so compiled models run eagerly meanwhile."""
    if "torch._dynamo" not in sys.modules:  # nothing was compiled, and importing the compiler takes seconds
        return contextlib.nullcontext()
    set_stance = getattr(torch.compiler, "set_stance", None)
    return contextlib.nullcontext() if set_stance is None else set_stance("force_eager")
