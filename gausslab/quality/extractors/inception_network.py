"""Inception-v3 (Szegedy et al. 2016) as TensorFlow published it in 2015, laid out for the file of its PyTorch port.

Names are those of that file, torchvision's. Against torchvision's own network: 1008 classes; means over the neighbours
of a position do not count the padding; the last block pools by the maximum; there is no auxiliary classifier.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

FEATURES, CLASSES = 2048, 1008
EPSILON = 1e-3

_Map = Float[Tensor, "samples inputs height width"]
_Output = Float[Tensor, "samples outputs height_out width_out"]
_Side = int | tuple[int, int]


class InceptionV3(nn.Module):
    """Five convolutions, eleven blocks of parallel branches, and the mean over positions; `fc` is loaded, not used."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3)
        self.Mixed_5b = BlockA(192, pool=32)
        self.Mixed_5c = BlockA(256, pool=64)
        self.Mixed_5d = BlockA(288, pool=64)
        self.Mixed_6a = BlockB(288)
        self.Mixed_6b = BlockC(768, inner=128)
        self.Mixed_6c = BlockC(768, inner=160)
        self.Mixed_6d = BlockC(768, inner=160)
        self.Mixed_6e = BlockC(768, inner=192)
        self.Mixed_7a = BlockD(768)
        self.Mixed_7b = BlockE(1280)
        self.Mixed_7c = LastBlock(2048)
        self.fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, images: Float[Tensor, "samples 3 height width"]) -> Float[Tensor, "samples features"]:
        """Features of images in [-1, 1], of 75 x 75 pixels at least."""
        maps = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(images)))
        maps = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(_halved(maps)))
        maps = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(_halved(maps))))
        maps = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(maps)))))
        maps = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(maps)))
        features: Tensor = maps.mean((2, 3))
        return features


class Conv(nn.Module):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: _Side, *, stride: int = 1, padding: _Side = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=EPSILON)

    def forward(self, maps: _Map) -> _Output:
        """The layer's output."""
        return functional.relu(self.bn(self.conv(maps)), inplace=True)


class BlockA(nn.Module):
    """Branches of 1x1, 5x5 and twice 3x3, and of the mean."""

    def __init__(self, inputs: int, pool: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(inputs, 64, 1)
        self.branch5x5_1 = Conv(inputs, 48, 1)
        self.branch5x5_2 = Conv(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Conv(inputs, 64, 1)
        self.branch3x3dbl_2 = Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, padding=1)
        self.branch_pool = Conv(inputs, pool, 1)

    def forward(self, maps: _Map) -> _Output:
        """The branches' outputs, one after the other."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(maps)))
        wide = self.branch5x5_2(self.branch5x5_1(maps))
        return torch.cat([self.branch1x1(maps), wide, double, self.branch_pool(_mean_around(maps))], 1)


class BlockB(nn.Module):
    """Half the side: branches of 3x3 and twice 3x3, and the maximum."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = Conv(inputs, 384, 3, stride=2)
        self.branch3x3dbl_1 = Conv(inputs, 64, 1)
        self.branch3x3dbl_2 = Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, stride=2)

    def forward(self, maps: _Map) -> _Output:
        """The branches' outputs, one after the other."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(maps)))
        return torch.cat([self.branch3x3(maps), double, _halved(maps)], 1)


class BlockC(nn.Module):
    """Branches of 1x1, 7x7 and twice 7x7 as rows and columns, and of the mean."""

    def __init__(self, inputs: int, inner: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(inputs, 192, 1)
        self.branch7x7_1 = Conv(inputs, inner, 1)
        self.branch7x7_2 = _row(inner, inner, 7)
        self.branch7x7_3 = _column(inner, 192, 7)
        self.branch7x7dbl_1 = Conv(inputs, inner, 1)
        self.branch7x7dbl_2 = _column(inner, inner, 7)
        self.branch7x7dbl_3 = _row(inner, inner, 7)
        self.branch7x7dbl_4 = _column(inner, inner, 7)
        self.branch7x7dbl_5 = _row(inner, 192, 7)
        self.branch_pool = Conv(inputs, 192, 1)

    def forward(self, maps: _Map) -> _Output:
        """The branches' outputs, one after the other."""
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(maps)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(maps)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(maps), single, double, self.branch_pool(_mean_around(maps))], 1)


class BlockD(nn.Module):
    """Half the side: branches of 3x3 and of 7x7 as a row and a column, and the maximum."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3_1 = Conv(inputs, 192, 1)
        self.branch3x3_2 = Conv(192, 320, 3, stride=2)
        self.branch7x7x3_1 = Conv(inputs, 192, 1)
        self.branch7x7x3_2 = _row(192, 192, 7)
        self.branch7x7x3_3 = _column(192, 192, 7)
        self.branch7x7x3_4 = Conv(192, 192, 3, stride=2)

    def forward(self, maps: _Map) -> _Output:
        """The branches' outputs, one after the other."""
        wide = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(maps)))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(maps)), self.branch7x7x3_4(wide), _halved(maps)], 1)


class BlockE(nn.Module):
    """Branches of 1x1, and of a row beside a column after 1x1 and after 3x3, and of pooling."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(inputs, 320, 1)
        self.branch3x3_1 = Conv(inputs, 384, 1)
        self.branch3x3_2a = _row(384, 384, 3)
        self.branch3x3_2b = _column(384, 384, 3)
        self.branch3x3dbl_1 = Conv(inputs, 448, 1)
        self.branch3x3dbl_2 = Conv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = _row(384, 384, 3)
        self.branch3x3dbl_3b = _column(384, 384, 3)
        self.branch_pool = Conv(inputs, 192, 1)

    def forward(self, maps: _Map) -> _Output:
        """The branches' outputs, one after the other."""
        single = self.branch3x3_1(maps)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(maps))
        crosses = [self.branch3x3_2a(single), self.branch3x3_2b(single)]
        crosses += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return torch.cat([self.branch1x1(maps), *crosses, self.branch_pool(self.pooled(maps))], 1)

    def pooled(self, maps: _Map) -> _Map:
        """The mean around every position."""
        return _mean_around(maps)


class LastBlock(BlockE):
    """The same with the maximum, as in the file of 2015."""

    def pooled(self, maps: _Map) -> _Map:
        """The maximum around every position."""
        return functional.max_pool2d(maps, 3, stride=1, padding=1)


def _row(inputs: int, outputs: int, length: int) -> Conv:
    return Conv(inputs, outputs, (1, length), padding=(0, length // 2))


def _column(inputs: int, outputs: int, length: int) -> Conv:
    return Conv(inputs, outputs, (length, 1), padding=(length // 2, 0))


def _mean_around(maps: _Map) -> _Map:
    return functional.avg_pool2d(maps, 3, stride=1, padding=1, count_include_pad=False)


def _halved(maps: Tensor) -> Tensor:
    return functional.max_pool2d(maps, 3, stride=2)
