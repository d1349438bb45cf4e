r"""Sums and batches over processes that gradients go through.

Let the loss L depend on $S = \sum_r s_r(\theta)$, the sum over processes r, and let every process compute L. The
gradient is $\sum_r \partial L / \partial S \cdot \partial s_r / \partial\theta$. A process backpropagates through its
own $s_r$ alone, and `DistributedDataParallel` divides the sum of what processes give it by their number W; so each must
give W times its term, and that is what summing $\partial L / \partial S$ over processes does. Passing it on unsummed
would leave the gradient too small by the factor W.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, distributed
from torch.autograd.function import once_differentiable


def in_processes() -> bool:
    """Whether a process group is up."""
    return distributed.is_available() and distributed.is_initialized()


def summed(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The sum over all processes; the tensor itself where there is only one."""
    return _Sum.apply(x) if in_processes() else x  # type: ignore[no-untyped-call]


def gathered(x: Float[Tensor, "samples units"]) -> Float[Tensor, "all_samples units"]:
    """The samples of all processes, which have as many each, in the order of their ranks.

    With a loss of the gathered batch, gradients averaged over processes are those of that loss in one process.
    """
    return _Gather.apply(x) if in_processes() else x  # type: ignore[no-untyped-call]


def _reduced(x: Tensor) -> Tensor:
    total = x.contiguous().clone()
    distributed.all_reduce(total)
    return total


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(_context: Any, x: Tensor) -> Tensor:
        return _reduced(x)

    @staticmethod
    @once_differentiable
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        return _reduced(gradient)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        context.samples = len(x)
        parts = [torch.empty_like(x) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, x.contiguous())
        return torch.cat(parts)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> Tensor:
        start = distributed.get_rank() * context.samples
        return _reduced(gradient)[start : start + context.samples]
