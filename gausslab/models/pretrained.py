"""Networks that others trained, ready to be looked into: `--model gausslab.models.pretrained:resnet50`.

Each factory takes nothing and returns a module in evaluation mode: images in [0, 1] in, at the size the weights were
trained for; logits out; the normalisation is inside, the resizing is not. Weights that no installed package holds are
fetched when they are first asked for, once, see `gausslab.data.weights`.

| factory | trained on | size | batch-norm layers | layer by layer |
|---|---|---|---|---|
| `mobilenet_v2` | ImageNet | 224 | 52 | convolution, batch norm, ReLU6 (none after a projection) |
| `efficientnet_lite0` | ImageNet | 224 | 49 | likewise |
| `resnet50` | ImageNet | 224 | 53 | convolution, batch norm, ReLU (after the sum at a block's end) |
| `cifar_vgg` | CIFAR-10 | 32 | 6 | convolution, ReLU, batch norm |
"""

from typing import Any

import torch
from torch import nn

from gausslab.data.weights import weight_files
from gausslab.errors import CheckpointError, first_line
from gausslab.models import cifar_vgg as vgg
from gausslab.models import efficientnet, mobilenet, resnet
from gausslab.models.fitting import fitted
from gausslab.models.tfjs import read_tfjs

__all__ = ["cifar_vgg", "efficientnet_lite0", "mobilenet_v2", "resnet50"]


def mobilenet_v2() -> nn.Module:
    """MobileNetV2 with torchvision's first ImageNet weights.

    Raises:
        DataError: the weights are not here and cannot be fetched.
        CheckpointError: they are not of this network.
    """
    (file,) = weight_files("mobilenet_v2")
    try:
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever its readers raise
        raise CheckpointError(f"cannot read {file}: {first_line(error)}") from None
    return _ready(fitted(mobilenet.mobilenet_v2, weights, str(file)))


def efficientnet_lite0() -> nn.Module:
    """EfficientNet-Lite0 with ImageNet weights, out of the packages of the extra `extractors`.

    Raises:
        ConfigError: its packages are not installed.
        CheckpointError: the installed weights are damaged.
    """
    return _ready(efficientnet.EfficientNetLite0(efficientnet.packaged_network()))


def resnet50() -> nn.Module:
    """ResNet-50 with Keras' ImageNet weights.

    Raises:
        DataError: the weights are not here and cannot be fetched.
        CheckpointError: they are not of this network.
    """
    manifest, *_ = weight_files("resnet50")
    return _ready(resnet.from_keras(read_tfjs(manifest.parent), str(manifest)))


def cifar_vgg() -> nn.Module:
    """The small classifier of CIFAR-10 whose batch norms stand behind its ReLUs.

    Raises:
        DataError: the weights are not here and cannot be fetched.
        ConfigError: h5py, the extra `pretrained`, is not installed.
        CheckpointError: they are not of this network.
    """
    (file,) = weight_files("cifar_vgg")
    return _ready(vgg.from_keras(vgg.read_h5(file), str(file)))


def _ready(network: Any) -> nn.Module:
    """In evaluation mode, in the memory format that is fastest on a CPU; torch's stubs do not know of the format."""
    ready: nn.Module = network.to(memory_format=torch.channels_last).eval()
    return ready
