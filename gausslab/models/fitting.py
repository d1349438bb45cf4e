"""Weights into a network that must be theirs: exactly its names and shapes."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from gausslab.errors import CheckpointError

Network = TypeVar("Network", bound=nn.Module)
Shapes = Mapping[str, tuple[int, ...]]


def fitted(build: Callable[[], Network], weights: Mapping[str, Any], source: str) -> Network:
    """A network with these weights.

    PyTorch's global generator, from which layers draw the weights they are made with, is left as it was.

    Args:
        build: makes the network.
        weights: a state dict with exactly the network's keys and shapes.
        source: where the weights come from, for the message.

    Raises:
        CheckpointError: they are other weights; one difference is told.
    """
    with torch.random.fork_rng(devices=[]):
        network = build()
    expected, found = _shapes(network.state_dict()), _shapes(weights)
    if expected != found:
        raise CheckpointError(f"{source} has no weights of {type(network).__name__}: {_difference(expected, found)}")
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
