"""ResNet-50 (He et al. 2015) as Keras published it, laid out so that Keras' ImageNet weights load into it.

Unlike torchvision's it halves the maps in the first, 1x1, convolution of a block, its convolutions have a bias, and its
batch norms an epsilon of 0.001. Inputs are images in [0, 1], red first: the model itself brings them to what Caffe's
weights of 2015 expect, blue first in 0 to 255 less the mean of ImageNet.
"""

from collections.abc import Iterator, Mapping
from string import ascii_lowercase

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.errors import CheckpointError
from gausslab.models.fitting import fitted
from gausslab.models.keras_layout import Array, batch_norm, convolution, dense, prefixed

# Table 1 of the paper: channels inside a block, blocks, stride of the first block.
_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
_EXPANSION = 4
_STEM, _CLASSES = 64, 1000
_EPS = 1e-3
_MEAN = (103.939, 116.779, 123.68)
"""Of blue, green and red over ImageNet, as in Caffe."""


class Bottleneck(nn.Module):
    """Narrow by 1x1, filter by 3x3, widen by 1x1; add the input, itself through a 1x1 if the shapes differ."""

    def __init__(self, inputs: int, channels: int, stride: int, *, projects: bool) -> None:
        super().__init__()
        outputs = _EXPANSION * channels
        self.conv1, self.bn1 = nn.Conv2d(inputs, channels, 1, stride), _norm(channels)
        self.conv2, self.bn2 = nn.Conv2d(channels, channels, 3, padding=1), _norm(channels)
        self.conv3, self.bn3 = nn.Conv2d(channels, outputs, 1), _norm(outputs)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride), _norm(outputs)) if projects else None
        self.relu = nn.ReLU()

    def forward(
        self, maps: Float[Tensor, "images inputs height width"]
    ) -> Float[Tensor, "images outputs height_out width_out"]:
        """The block's output."""
        narrow: Tensor = self.relu(self.bn1(self.conv1(maps)))
        change: Tensor = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(narrow)))))
        carried = maps if self.downsample is None else self.downsample(maps)
        output: Tensor = self.relu(change + carried)
        return output


class ResNet50(nn.Module):
    """Stem, sixteen bottlenecks in four stages, the mean over positions and a linear classifier; 53 batch norms.

    Submodules have torchvision's names (`layer3.5.bn2`, `layer1.0.downsample.1`).
    """

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, _STEM, 7, stride=2, padding=3), _norm(_STEM)
        self.relu, self.maxpool = nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)
        inputs = _STEM
        for number, (channels, blocks, stride) in enumerate(_STAGES, 1):
            self.add_module(f"layer{number}", _stage(inputs, channels, blocks, stride))
            inputs = _EXPANSION * channels
        self.fc = nn.Linear(inputs, _CLASSES)
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)

    def forward(self, images: Float[Tensor, "images 3 height width"]) -> Float[Tensor, "images classes"]:
        """Logits of images in [0, 1]; 224 x 224 pixels is the size the weights were trained for."""
        maps: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(255 * images.flip(1) - self.mean))))
        for number in range(1, len(_STAGES) + 1):
            maps = self.get_submodule(f"layer{number}")(maps)
        logits: Tensor = self.fc(maps.mean((2, 3)))
        return logits


def from_keras(arrays: Mapping[str, Array], source: str) -> ResNet50:
    """ResNet-50 with Keras' weights, in evaluation mode.

    Args:
        arrays: of the layers of `keras.applications.ResNet50` in Keras 2.2, by name: `res2a_branch2a/kernel`.
        source: where they come from, for messages.

    Raises:
        CheckpointError: arrays are missing, or of other shapes.
    """
    try:
        weights = dict(_translated(arrays))
    except KeyError as error:
        raise CheckpointError(f"{source} has no weights of ResNet-50: {error} is missing") from None
    return fitted(ResNet50, weights, source).eval()


def _translated(arrays: Mapping[str, Array]) -> Iterator[tuple[str, Tensor]]:
    for conv, norm, keras_conv, keras_norm in _names():
        yield from prefixed(conv, convolution(arrays, keras_conv)).items()
        yield from prefixed(norm, batch_norm(arrays, keras_norm)).items()
    yield from prefixed("fc", dense(arrays, "fc1000")).items()


def _names() -> Iterator[tuple[str, str, str, str]]:
    """Every convolution and its batch norm: module paths here, then Keras' names."""
    yield "conv1", "bn1", "conv1", "bn_conv1"
    for stage, (_, blocks, _) in enumerate(_STAGES, 1):
        for block, letter in zip(range(blocks), ascii_lowercase, strict=False):
            ours, theirs = f"layer{stage}.{block}", f"{stage + 1}{letter}_branch"
            for number, part in enumerate(("2a", "2b", "2c"), 1):
                yield f"{ours}.conv{number}", f"{ours}.bn{number}", f"res{theirs}{part}", f"bn{theirs}{part}"
            if block == 0:
                yield f"{ours}.downsample.0", f"{ours}.downsample.1", f"res{theirs}1", f"bn{theirs}1"


def _stage(inputs: int, channels: int, blocks: int, stride: int) -> nn.Sequential:
    first = Bottleneck(inputs, channels, stride, projects=True)
    return nn.Sequential(
        first, *(Bottleneck(_EXPANSION * channels, channels, 1, projects=False) for _ in range(blocks - 1))
    )


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPS)
