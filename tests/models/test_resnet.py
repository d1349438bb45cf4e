"""ResNet-50: counts of the published network, and its forward pass against Keras' graph spelt out by Keras' names."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from gausslab.errors import CheckpointError
from gausslab.models.resnet import ResNet50, from_keras

BLOCKS = {2: "abc", 3: "abcd", 4: "abcdef", 5: "abc"}
WIDTHS = {2: 64, 3: 128, 4: 256, 5: 512}


def convolutions():
    """Names, kernel sides, inputs and outputs of all convolutions, as keras.applications lists them."""
    yield "conv1", "bn_conv1", 7, 3, 64
    inputs = 64
    for stage, letters in BLOCKS.items():
        narrow, wide = WIDTHS[stage], 4 * WIDTHS[stage]
        for letter in letters:
            parts = {"2a": (1, inputs, narrow), "2b": (3, narrow, narrow), "2c": (1, narrow, wide)}
            parts |= {"1": (1, inputs, wide)} if letter == "a" else {}
            for part, sizes in parts.items():
                yield f"res{stage}{letter}_branch{part}", f"bn{stage}{letter}_branch{part}", *sizes
            inputs = wide


@pytest.fixture(scope="module")
def arrays():
    """Made weights of the published shapes, scaled so that activations keep their size."""
    rng = np.random.default_rng(0)
    found = {"fc1000/kernel": rng.standard_normal((2048, 1000), dtype=np.float32) / 45}
    found["fc1000/bias"] = rng.standard_normal(1000, dtype=np.float32)
    for conv, norm, side, inputs, outputs in convolutions():
        kernel = rng.standard_normal((side, side, inputs, outputs), dtype=np.float32)
        found[f"{conv}/kernel"] = kernel / np.float32(np.sqrt(side * side * inputs))
        found[f"{conv}/bias"] = rng.standard_normal(outputs, dtype=np.float32)
        for name in ("gamma", "beta", "moving_mean"):
            found[f"{norm}/{name}"] = rng.standard_normal(outputs, dtype=np.float32)
        found[f"{norm}/moving_variance"] = np.float32(0.5) + rng.random(outputs, dtype=np.float32)
    return found


def keras_forward(arrays, images):
    """The graph of model.json, by the names of its layers; images are 0 to 255, blue first, less the mean."""

    def conv(x, name, stride=1, padding=0):
        kernel = torch.from_numpy(arrays[f"{name}/kernel"]).permute(3, 2, 0, 1)
        return functional.conv2d(x, kernel, torch.from_numpy(arrays[f"{name}/bias"]), stride, padding)

    def norm(x, name):
        gamma, beta, mean, variance = (
            torch.from_numpy(arrays[f"{name}/{part}"])[:, None, None]
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (x - mean) / torch.sqrt(variance + 0.001) + beta

    x = functional.pad(images, (3, 3, 3, 3))
    x = norm(conv(x, "conv1", 2), "bn_conv1").clamp(min=0)
    x = functional.max_pool2d(functional.pad(x, (1, 1, 1, 1)), 3, 2)
    for stage, letters in BLOCKS.items():
        for letter in letters:
            stride = 2 if letter == "a" and stage > 2 else 1
            res, bn = f"res{stage}{letter}_branch", f"bn{stage}{letter}_branch"
            y = norm(conv(x, f"{res}2a", stride), f"{bn}2a").clamp(min=0)
            y = norm(conv(y, f"{res}2b", padding=1), f"{bn}2b").clamp(min=0)
            y = norm(conv(y, f"{res}2c"), f"{bn}2c")
            x = (y + (norm(conv(x, f"{res}1", stride), f"{bn}1") if letter == "a" else x)).clamp(min=0)
    return x.mean((2, 3)) @ torch.from_numpy(arrays["fc1000/kernel"]) + torch.from_numpy(arrays["fc1000/bias"])


def test_counts_are_those_that_keras_publishes():
    with torch.device("meta"):
        model = ResNet50()
    trained = sum(parameter.numel() for parameter in model.parameters())
    moving = sum(buffer.numel() for name, buffer in model.named_buffers() if "running" in name)
    assert (trained, trained + moving) == (25_583_592, 25_636_712)
    biases = sum(layer.bias.numel() for layer in model.modules() if isinstance(layer, torch.nn.Conv2d))
    assert trained - biases == 25_557_032  # torchvision's, whose convolutions have none
    assert sum(isinstance(layer, torch.nn.BatchNorm2d) for layer in model.modules()) == 53


@torch.no_grad()
def test_the_network_is_keras_graph(arrays):
    model = from_keras(arrays, "made")
    assert not model.training
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    red, green, blue = images.unbind(1)
    shown = torch.stack([255 * blue - 103.939, 255 * green - 116.779, 255 * red - 123.68], 1)
    expected = keras_forward(arrays, shown)
    error = (model(images) - expected).abs().max() / expected.std()
    assert error < 1e-3  # single precision through 53 layers, in another order of sums


def test_other_weights_are_refused(arrays):
    with pytest.raises(CheckpointError, match=r"^made has no weights of ResNet-50: 'res4f_branch2c/kernel' is missing"):
        from_keras({name: array for name, array in arrays.items() if name != "res4f_branch2c/kernel"}, "made")
    with pytest.raises(CheckpointError, match=r"^made has no weights of ResNet50: 'fc.bias' must have shape"):
        from_keras({**arrays, "fc1000/bias": np.zeros(10, np.float32)}, "made")
