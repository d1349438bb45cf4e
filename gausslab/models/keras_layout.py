"""From the arrays of Keras' layers to the tensors of torch's: the same numbers, axes in another order."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

Array = Float32[np.ndarray, "..."]
_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def convolution(arrays: Mapping[str, Array], layer: str) -> dict[str, Tensor]:
    """Kernel (height, width, inputs, outputs) -> (outputs, inputs, height, width); and the bias.

    Raises:
        KeyError: the layer is not there.
    """
    return {
        "weight": _tensor(arrays[f"{layer}/kernel"].transpose(3, 2, 0, 1)),
        "bias": _tensor(arrays[f"{layer}/bias"]),
    }


def dense(arrays: Mapping[str, Array], layer: str) -> dict[str, Tensor]:
    """Kernel (inputs, outputs) -> (outputs, inputs); and the bias.

    Raises:
        KeyError: the layer is not there.
    """
    return {"weight": _tensor(arrays[f"{layer}/kernel"].T), "bias": _tensor(arrays[f"{layer}/bias"])}


def batch_norm(arrays: Mapping[str, Array], layer: str) -> dict[str, Tensor]:
    """Scale, shift and running statistics; Keras does not count batches, so their number is 0.

    Raises:
        KeyError: the layer is not there.
    """
    tensors = {ours: _tensor(arrays[f"{layer}/{theirs}"]) for ours, theirs in _NORM.items()}
    return {**tensors, "num_batches_tracked": torch.tensor(0)}


def prefixed(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a module of that name in a state dict.

    >>> list(prefixed("fc", {"bias": torch.zeros(1)}))
    ['fc.bias']
    """
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def _tensor(array: Array) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float32, order="C"))
