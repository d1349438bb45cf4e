"""Weights from a user's file into a network that must be theirs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from gausslab.checkpoints import load
from gausslab.errors import CheckpointError

Network = TypeVar("Network", bound=nn.Module)
Shapes = Mapping[str, tuple[int, ...]]


def with_weights(build: Callable[[], Network], path: Path) -> Network:
    """A network with the weights of a torch file, of which nothing is executed.

    PyTorch's global generator, from which layers draw the weights they are made with, is left as it was.

    Args:
        build: makes the network.
        path: a bare state dict as `torch.save` writes it, with exactly the network's keys and shapes.

    Raises:
        CheckpointError: the file is absent, damaged, not safe to read, or holds other weights.
    """
    weights = load(path)
    with torch.random.fork_rng(devices=[]):
        network = build()
    expected, found = _shapes(network.state_dict()), _shapes(weights)
    if expected != found:
        raise CheckpointError(f"{path} has no weights of {type(network).__name__}: {_difference(expected, found)}")
    network.load_state_dict(weights)
    return network


def _shapes(weights: Mapping[str, Any]) -> Shapes:
    return {str(key): tuple(value.shape) for key, value in weights.items() if isinstance(value, Tensor)}


def _difference(expected: Shapes, found: Shapes) -> str:
    missing = [key for key in expected if key not in found]
    if missing:
        return f"{len(missing)} of {len(expected)} keys are missing, the first {missing[0]!r}"
    unexpected = [key for key in found if key not in expected]
    if unexpected:
        return f"{len(unexpected)} keys are unexpected, the first {unexpected[0]!r}"
    key = next(key for key in expected if expected[key] != found[key])
    return f"{key!r} must have shape {expected[key]}, got {found[key]}"
