"""MobileNetV2 (Sandler et al. 2018), laid out so that the ImageNet weights of torchvision load into it.

The weights are the file `mobilenet_v2-b0353104.pth`. Inputs are images in [0, 1]: the normalisation that the weights
expect is part of the model.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.errors import ConfigError

# Table 2 of the paper: expansion t, output channels c, repetitions n, stride s of the first repetition.
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_STEM, _LAST = 32, 1280
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_DROPOUT = 0.2


def mobilenet_v2(num_classes: int = 1000, width_mult: float = 1.0) -> "MobileNetV2":
    """An untrained MobileNetV2, with 52 batch-norm layers and at width 1 for 1000 classes 3,504,872 parameters.

    Args:
        num_classes: outputs of the classifier.
        width_mult: factor of all channel counts, which stay multiples of 8.

    Raises:
        ConfigError: an argument is not positive.
    """
    if num_classes < 1:
        raise ConfigError(f"num_classes must be at least 1, got {num_classes}")
    if not width_mult > 0:
        raise ConfigError(f"width_mult must be positive, got {width_mult}")
    return MobileNetV2(num_classes, width_mult)


class MobileNetV2(nn.Module):
    """Stem, seventeen inverted residuals, a 1x1 convolution, the mean over positions and a linear classifier.

    Submodule names (`features.N.conv.M`, `classifier.1`) are those of torchvision's weight file.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, num_classes: int, width_mult: float) -> None:
        super().__init__()
        stem = _multiple_of_8(_STEM * width_mult)
        last = _multiple_of_8(_LAST * max(1.0, width_mult))
        blocks, channels = _blocks(stem, width_mult)
        self.features = nn.Sequential(
            _conv_bn_relu(3, stem, kernel=3, stride=2), *blocks, _conv_bn_relu(channels, last, kernel=1)
        )
        self.classifier = nn.Sequential(nn.Dropout(_DROPOUT), nn.Linear(last, num_classes))
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(3, 1, 1), persistent=False)

    def forward(self, images: Float[Tensor, "images 3 height width"]) -> Float[Tensor, "images classes"]:
        """Logits of images in [0, 1]; 224 x 224 pixels is the size the weights were trained for."""
        maps: Tensor = self.features((images - self.mean) / self.std)
        logits: Tensor = self.classifier(maps.mean((2, 3)))
        return logits


class InvertedResidual(nn.Module):
    """Expand by 1x1, filter each channel by 3x3, project by 1x1 without activation; add the input if it fits."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        widen = [_conv_bn_relu(inputs, hidden, kernel=1)] if expansion != 1 else []
        self.conv = nn.Sequential(
            *widen,
            _conv_bn_relu(hidden, hidden, kernel=3, stride=stride, groups=hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.adds_input = stride == 1 and inputs == outputs

    def forward(
        self, maps: Float[Tensor, "images inputs height width"]
    ) -> Float[Tensor, "images outputs height_out width_out"]:
        """The block's output."""
        change: Tensor = self.conv(maps)
        return maps + change if self.adds_input else change


def _blocks(channels: int, width_mult: float) -> tuple[list[InvertedResidual], int]:
    """The inverted residuals of all stages, and the channels they end with."""
    blocks = []
    for expansion, base, repetitions, first_stride in _STAGES:
        outputs = _multiple_of_8(base * width_mult)
        for stride in (first_stride, *(1,) * (repetitions - 1)):
            blocks.append(InvertedResidual(channels, outputs, stride, expansion))
            channels = outputs
    return blocks, channels


def _conv_bn_relu(inputs: int, outputs: int, *, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    layers = (conv, nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True))
    return nn.Sequential(*layers)


def _multiple_of_8(channels: float) -> int:
    """The nearest multiple of 8 (at least 8) that does not take away more than a tenth of the channels."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
