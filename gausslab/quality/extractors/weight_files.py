"""Weights from a user's file into a network that must be theirs."""

from collections.abc import Callable
from pathlib import Path

from gausslab.checkpoints import load
from gausslab.models.fitting import Network, fitted


def with_weights(build: Callable[[], Network], path: Path) -> Network:
    """A network with the weights of a torch file, of which nothing is executed.

    Args:
        build: makes the network.
        path: a bare state dict as `torch.save` writes it, with exactly the network's keys and shapes.

    Raises:
        CheckpointError: the file is absent, damaged, not safe to read, or holds other weights.
    """
    return fitted(build, load(path), str(path))
