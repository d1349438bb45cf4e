"""Inception-v3: counts, names and shapes of the published file, and blocks against convolutions written out."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from gausslab.quality.extractors.inception_network import BlockA, BlockD, BlockE, Conv, InceptionV3, LastBlock


@pytest.fixture(scope="module")
def shapes():
    with torch.device("meta"):
        network = InceptionV3()
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


def random(module, seed=0):
    """With weights, running statistics and affine maps that are all different."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in module.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=generator) * 0.2 + 0.01)
    return module.eval().double()


def maps(channels, side=5, seed=0):
    return torch.rand(2, channels, side, side, generator=torch.Generator().manual_seed(seed)).double() - 0.5


# The layout


def test_counts(shapes):
    """Keras tells 23,851,784 weights of the network with 1000 classes: without the 17,216 scales of its batch norms."""
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    weights = sum(int(np.prod(shape)) for key, shape in shapes.items() if not key.endswith(buffers))
    statistics = 2 * 17_216  # that Keras counts among the weights
    assert weights == 23_851_784 - statistics + 17_216 + 8 * 2049  # eight more classes
    assert sum(key.endswith("running_var") for key in shapes) == 94
    assert len(shapes) == 94 * 6 + 2


def test_names_and_shapes(shapes):
    """Of torchvision's naming, with the 1008 classes of 2015."""
    expected = {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Conv2d_1a_3x3.bn.running_mean": (32,),
        "Conv2d_2b_3x3.bn.num_batches_tracked": (),
        "Conv2d_3b_1x1.conv.weight": (80, 64, 1, 1),
        "Conv2d_4a_3x3.bn.bias": (192,),
        "Mixed_5b.branch5x5_2.conv.weight": (64, 48, 5, 5),
        "Mixed_5b.branch_pool.conv.weight": (32, 192, 1, 1),
        "Mixed_5c.branch3x3dbl_3.conv.weight": (96, 96, 3, 3),
        "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
        "Mixed_6b.branch7x7_2.conv.weight": (128, 128, 1, 7),
        "Mixed_6b.branch7x7_3.conv.weight": (192, 128, 7, 1),
        "Mixed_6e.branch7x7dbl_4.conv.weight": (192, 192, 7, 1),
        "Mixed_6e.branch7x7dbl_5.conv.weight": (192, 192, 1, 7),
        "Mixed_7a.branch3x3_2.conv.weight": (320, 192, 3, 3),
        "Mixed_7a.branch7x7x3_2.conv.weight": (192, 192, 1, 7),
        "Mixed_7b.branch3x3_2a.conv.weight": (384, 384, 1, 3),
        "Mixed_7b.branch3x3_2b.conv.weight": (384, 384, 3, 1),
        "Mixed_7c.branch3x3dbl_1.conv.weight": (448, 2048, 1, 1),
        "Mixed_7c.branch_pool.bn.weight": (192,),
        "fc.weight": (1008, 2048),
        "fc.bias": (1008,),
    }
    assert {key: shapes.get(key) for key in expected} == expected
    assert not any("Aux" in key for key in shapes)


def test_features_of_whole_images():
    """Of 75 pixels, the smallest; the last maps are then a single position, as sides of 299 end at 8."""
    with torch.random.fork_rng():
        network = InceptionV3().eval()
    with torch.no_grad():
        assert network(torch.rand(1, 3, 75, 75) * 2 - 1).shape == (1, 2048)


# The blocks


def conv(block, name, x, padding=0, stride=1):
    """Convolution, batch norm and ReLU from the values of a state dict; batch norm's epsilon is TensorFlow's .001."""
    values = {key.removeprefix(f"{name}."): value for key, value in block.state_dict().items() if key.startswith(name)}
    y = functional.conv2d(x, values["conv.weight"], stride=stride, padding=padding)
    mean, variance, scale, shift = (
        values[f"bn.{key}"].view(-1, 1, 1) for key in ("running_mean", "running_var", "weight", "bias")
    )
    return ((y - mean) / (variance + 1e-3).sqrt() * scale + shift).clamp_min(0)


def pooled(x, of):
    """Of the three by three neighbours that there are, in loops."""
    side = x.shape[-1]
    found = torch.empty_like(x)
    for i in range(side):
        for j in range(side):
            around = x[..., max(0, i - 1) : i + 2, max(0, j - 1) : j + 2]
            found[..., i, j] = of(around.flatten(2))
    return found


def mean_around(x):
    return pooled(x, lambda values: values.mean(-1))


def maximum_around(x):
    return pooled(x, lambda values: values.amax(-1))


def same(found, branches):
    """Double precision, sums of some hundred terms."""
    torch.testing.assert_close(found, torch.cat(branches, 1), rtol=1e-10, atol=1e-10)


@torch.no_grad()
def test_block_a():
    block, x = random(BlockA(8, pool=32)), maps(8)
    double = conv(block, "branch3x3dbl_2", conv(block, "branch3x3dbl_1", x), 1)
    branches = [
        conv(block, "branch1x1", x),
        conv(block, "branch5x5_2", conv(block, "branch5x5_1", x), 2),
        conv(block, "branch3x3dbl_3", double, 1),
        conv(block, "branch_pool", mean_around(x)),
    ]
    same(block(x), branches)


@torch.no_grad()
def test_block_d():
    block, x = random(BlockD(8)), maps(8)
    wide = conv(block, "branch7x7x3_2", conv(block, "branch7x7x3_1", x), (0, 3))
    halves = torch.stack([torch.stack([x[..., i : i + 3, j : j + 3].amax((2, 3)) for j in (0, 2)], -1)
                          for i in (0, 2)], -2)  # fmt: skip
    branches = [
        conv(block, "branch3x3_2", conv(block, "branch3x3_1", x), stride=2),
        conv(block, "branch7x7x3_4", conv(block, "branch7x7x3_3", wide, (3, 0)), stride=2),
        halves,
    ]
    same(block(x), branches)


@torch.no_grad()
@pytest.mark.parametrize(("kind", "around"), [(BlockE, mean_around), (LastBlock, maximum_around)])
def test_block_e(kind, around):
    block, x = random(kind(8)), maps(8)
    single = conv(block, "branch3x3_1", x)
    double = conv(block, "branch3x3dbl_2", conv(block, "branch3x3dbl_1", x), 1)
    branches = [
        conv(block, "branch1x1", x),
        conv(block, "branch3x3_2a", single, (0, 1)),
        conv(block, "branch3x3_2b", single, (1, 0)),
        conv(block, "branch3x3dbl_3a", double, (0, 1)),
        conv(block, "branch3x3dbl_3b", double, (1, 0)),
        conv(block, "branch_pool", around(x)),
    ]
    same(block(x), branches)


def test_epsilon_of_every_batch_norm():
    with torch.device("meta"):
        norms = [layer.bn.eps for layer in InceptionV3().modules() if isinstance(layer, Conv)]
    assert norms == [1e-3] * 94
