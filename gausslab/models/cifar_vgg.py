"""A small VGG-like classifier of CIFAR-10 that others trained with Keras: convolution, ReLU, *then* batch norm.

What its batch norms take in is rectified, so many of their units have an atom, the place of 0, that no scale or shift
removes. Their running statistics follow the last few batches of training only (Keras' momentum was .15).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.errors import CheckpointError, ConfigError, first_line
from gausslab.models.fitting import fitted
from gausslab.models.keras_layout import Array, batch_norm, convolution, dense, prefixed

_BLOCKS = ((64, 64), (128, 128), (64, 64))
_HIDDEN = (1024, 512)
_CLASSES = 10
_EPS = 1e-3
_DROPOUT = 0.2


class CifarVGG(nn.Module):
    """Six 3x3 convolutions without padding, in three pairs, and three dense layers; 6 batch norms.

    The last layer is rectified too, as published: where all ten are 0 the first class wins.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second, third = _BLOCKS
        self.features = nn.Sequential(
            *_pair(3, *first), nn.MaxPool2d(2), *_pair(first[-1], *second), nn.MaxPool2d(2), *_pair(second[-1], *third)
        )
        self.classifier = nn.Sequential(
            *_hidden(third[-1], _HIDDEN[0]), *_hidden(*_HIDDEN), nn.Linear(_HIDDEN[-1], _CLASSES), nn.ReLU()
        )

    def forward(self, images: Float[Tensor, "images 3 32 32"]) -> Float[Tensor, "images classes"]:
        """Rectified logits of images in [0, 1]; the weights take 0 to 255."""
        maps: Tensor = self.features(255 * images)
        logits: Tensor = self.classifier(maps.flatten(1))
        return logits


def from_keras(arrays: Mapping[str, Array], source: str) -> CifarVGG:
    """The classifier with Keras' weights, in evaluation mode.

    Args:
        arrays: of its layers, by name: `conv2d_3/kernel`.
        source: where they come from, for messages.

    Raises:
        CheckpointError: arrays are missing, or of other shapes.
    """
    try:
        weights = dict(_translated(arrays))
    except KeyError as error:
        raise CheckpointError(f"{source} has no weights of the CIFAR-10 classifier: {error} is missing") from None
    return fitted(CifarVGG, weights, source).eval()


def read_h5(path: Path) -> dict[str, Array]:
    """Every array of the layers in a Keras file, by name: `conv2d_3/kernel`.

    Raises:
        ConfigError: h5py is not installed.
        CheckpointError: the file is absent, damaged, or no model of Keras.
    """
    arrays: dict[str, Array] = {}

    def note(name: str, item: Any) -> None:
        if hasattr(item, "shape"):  # an array, not a group: layer/layer/kernel:0
            arrays[name.partition("/")[2].removesuffix(":0")] = np.asarray(item)

    try:
        with _h5py().File(path, "r") as file:
            file["model_weights"].visititems(note)
    except (OSError, KeyError) as error:
        raise CheckpointError(f"{path} is no model that Keras wrote: {first_line(error)}") from None
    return arrays


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise ConfigError(
            "the CIFAR-10 classifier's weights need h5py, which is not installed: pip install 'gausslab[pretrained]'"
        ) from None
    return h5py


def _translated(arrays: Mapping[str, Array]) -> Iterator[tuple[str, Tensor]]:
    places = [3 * number + pair for pair, number in zip((0, 0, 1, 1, 2, 2), range(6), strict=True)]
    for number, place in enumerate(places):
        yield from prefixed(f"features.{place}", convolution(arrays, _numbered("conv2d", number))).items()
        yield from prefixed(
            f"features.{place + 2}", batch_norm(arrays, _numbered("batch_normalization", number))
        ).items()
    for number in range(3):
        yield from prefixed(f"classifier.{3 * number}", dense(arrays, _numbered("dense", number))).items()


def _numbered(layer: str, number: int) -> str:
    """As Keras names a model's first, second, third layer of a kind.

    >>> _numbered("dense", 0), _numbered("dense", 2)
    ('dense', 'dense_2')
    """
    return f"{layer}_{number}" if number else layer


def _pair(inputs: int, *outputs: int) -> list[nn.Module]:
    return [
        layer
        for before, after in zip((inputs, *outputs), outputs, strict=False)
        for layer in (nn.Conv2d(before, after, 3), nn.ReLU(), nn.BatchNorm2d(after, eps=_EPS))
    ]


def _hidden(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(_DROPOUT)]
