"""The networks against the specification: shapes, sizes, padding, the bottleneck, initial weights."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from gausslab.config import ModelConfig
from gausslab.errors import ConfigError
from gausslab.models import build, build_autoencoder
from gausslab.models.layers import SameConv2d, SameConvTranspose2d

SHAPES = [(1, 32, 32), (3, 32, 32), (3, 64, 64)]
IMAGES = {shape: torch.rand(4, *shape, generator=torch.Generator().manual_seed(0)) for shape in SHAPES}


@pytest.mark.parametrize("depth", range(2, 8))
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_output_shapes(shape, depth):
    model = build(ModelConfig(width=5, channels=2, depth=depth), shape, seed=0)
    codes = model.encode(IMAGES[shape])
    assert codes.shape == (4, 5)
    images = model.decode(codes)
    assert images.shape == (4, *shape)
    assert 0 < images.min() < images.max() < 1
    assert torch.equal(model(IMAGES[shape]), images)


@pytest.mark.parametrize("depth", range(2, 8))
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_depth_counts_the_hidden_convolutions_and_the_decoder_follows(shape, depth):
    """At 4 the decoder has 2 (32x32) or 3 (64x64) hidden layers and its output layer; it has as many more or fewer."""
    model = build_autoencoder(ModelConfig(channels=2, depth=depth), shape)
    encoder = [m for m in model.encoder.modules() if isinstance(m, nn.Conv2d)]
    decoder = [m for m in model.decoder.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert len(encoder) == depth
    assert len(decoder) - 1 == depth - 4 + (2 if shape[1] == 32 else 3)


@pytest.mark.parametrize(
    ("shape", "width", "encoder", "decoder", "total"),
    [
        ((1, 32, 32), 16, 11.08, 11.61, 22.69),
        ((3, 32, 32), 128, 11.55, 18.95, 30.50),
        ((3, 64, 64), 64, 18.27, 21.48, 39.74),
    ],
    ids=["mnist", "cifar10", "celeba"],
)
def test_parameter_counts_of_the_published_nets(shape, width, encoder, decoder, total):
    """In millions to two decimals, as the specification states them."""
    with torch.device("meta"):
        model = build_autoencoder(ModelConfig(width=width, channels=128), shape)
    found = [sum(p.numel() for p in part.parameters()) / 1e6 for part in (model.encoder, model.decoder, model)]
    assert [round(millions, 2) for millions in found] == [encoder, decoder, total]


def test_channels_and_sides_of_the_thesis_nets():
    """The table of the specification, layer by layer, seen by hooks."""
    expected = {
        (1, 32, 32): ["128x16", "256x8", "512x4", "1024x2", "512x16", "256x32"],
        (3, 64, 64): ["128x32", "256x16", "512x8", "1024x4", "512x16", "256x32", "128x64"],
    }
    for shape, layers in expected.items():
        with torch.device("meta"):
            model = build_autoencoder(ModelConfig(channels=128), shape).eval()
        assert sizes_of_hidden_layers(model, torch.empty(1, *shape, device="meta")) == layers


def sizes_of_hidden_layers(model, images):
    found = []
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_hook(lambda *got: found.append(f"{got[2].shape[1]}x{got[2].shape[2]}"))
    model(images)
    return found


def test_the_dense_of_the_decoder_is_bare_and_the_output_has_no_norm():
    decoder = build_autoencoder(ModelConfig(channels=2), (1, 32, 32)).decoder
    kinds = [type(module).__name__ for module in decoder]
    assert kinds == ["Linear", "Unflatten", "Sequential", "Sequential", "SameConvTranspose2d", "Sigmoid"]
    for hidden in (decoder[2], decoder[3]):
        assert [type(module).__name__ for module in hidden] == ["SameConvTranspose2d", "BatchNorm2d", "ReLU"]


def test_only_32x32_encoders_scale_their_input():
    small, large = (build_autoencoder(ModelConfig(channels=2), shape).encoder for shape in [(1, 32, 32), (1, 64, 64)])
    assert torch.equal(small[0](torch.tensor([0.0, 0.5, 1.0])), torch.tensor([-1.0, 0.0, 1.0]))
    assert isinstance(large[0], nn.Sequential)


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 32, 64), (1, 64, 32), (3, 128, 128)])
def test_other_sizes_are_refused(shape):
    with pytest.raises(ConfigError, match=f"images must be 32x32 or 64x64 .* got {shape[1]}x{shape[2]}"):
        build(ModelConfig(), shape, seed=0)


PADDINGS = [(4, 1, 1, 2), (4, 2, 1, 1), (5, 1, 2, 2), (5, 2, 1, 2)]
"""Kernel, stride, and TensorFlow's "same": kernel - stride in all, the smaller half first, written out by hand."""


@pytest.mark.parametrize(("kernel", "stride", "before", "after"), PADDINGS)
def test_convolution_pads_like_tensorflow(kernel, stride, before, after):
    """Against sums of products in loops over an explicitly padded image, in float64 (to rounding)."""
    torch.manual_seed(0)
    layer = SameConv2d(2, 3, kernel, stride).double()
    image = torch.randn(1, 2, 8, 8, dtype=torch.float64)
    padded = torch.zeros(2, 8 + before + after, 8 + before + after, dtype=torch.float64)
    padded[:, before : before + 8, before : before + 8] = image[0]
    side = 8 // stride
    expected = torch.empty(3, side, side, dtype=torch.float64)
    for row in range(side):
        for column in range(side):
            patch = padded[:, row * stride : row * stride + kernel, column * stride : column * stride + kernel]
            expected[:, row, column] = (layer.weight * patch).sum((1, 2, 3)) + layer.bias
    torch.testing.assert_close(layer(image)[0], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kernel", "stride", "before", "after"), PADDINGS)
def test_transposed_convolution_crops_like_tensorflow(kernel, stride, before, after):
    """Against every input pixel stamping its kernel onto the full output, which is then cropped, in float64."""
    torch.manual_seed(0)
    layer = SameConvTranspose2d(2, 3, kernel, stride).double()
    image = torch.randn(1, 2, 8, 8, dtype=torch.float64)
    full = torch.zeros(3, 7 * stride + kernel, 7 * stride + kernel, dtype=torch.float64)
    for row in range(8):
        for column in range(8):
            stamp = (image[0, :, row, column, None, None, None] * layer.weight).sum(0)
            full[:, row * stride : row * stride + kernel, column * stride : column * stride + kernel] += stamp
    assert full.shape[-1] - before - after == 8 * stride
    expected = full[:, before:-after, before:-after] + layer.bias[:, None, None]
    torch.testing.assert_close(layer(image)[0], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kernel", "stride"), [(k, s) for k, s, _, _ in PADDINGS])
def test_the_two_are_adjoint(kernel, stride):
    """<conv x, y> = <x, conv^T y> with the same weights and no bias: both use the same padding."""
    torch.manual_seed(0)
    down, up = SameConv2d(2, 3, kernel, stride).double(), SameConvTranspose2d(3, 2, kernel, stride).double()
    with torch.no_grad():
        up.weight.copy_(down.weight)
        down.bias.zero_()
        up.bias.zero_()
    x = torch.randn(1, 2, 8, 8, dtype=torch.float64)
    y = torch.randn(1, 3, 8 // stride, 8 // stride, dtype=torch.float64)
    torch.testing.assert_close((down(x) * y).sum(), (x * up(y)).sum(), rtol=1e-12, atol=1e-12)


def test_bottleneck_standardises_a_batch_and_has_no_affine():
    """Mean to float32 rounding; variance to the share that eps = 1e-5 takes from it."""
    model = build(ModelConfig(width=6, channels=2), (1, 32, 32), seed=0).train()
    assert isinstance(model.bottleneck, nn.BatchNorm1d)
    assert list(model.bottleneck.parameters()) == []
    with torch.no_grad():
        raw, codes = model.encoder(IMAGES[1, 32, 32]), model.encode(IMAGES[1, 32, 32])
    expected = raw.var(0, unbiased=False) / (raw.var(0, unbiased=False) + 1e-5)
    torch.testing.assert_close(codes.mean(0), torch.zeros(6), rtol=0, atol=1e-4)
    torch.testing.assert_close(codes.var(0, unbiased=False), expected, rtol=1e-4, atol=0)


def test_bottleneck_none_leaves_the_code_free():
    model = build(ModelConfig(channels=2, bottleneck="none"), (1, 32, 32), seed=0)
    assert torch.equal(model.encode(IMAGES[1, 32, 32]), model.encoder(IMAGES[1, 32, 32]))


def weights(seed, init="torch"):
    model = build(ModelConfig(width=3, channels=2, init=init), (1, 32, 32), seed)
    return nn.utils.parameters_to_vector(model.parameters()).detach()


@pytest.mark.parametrize("init", ["torch", "keras"])
def test_weights_depend_on_the_seed_alone(init):
    first = weights(0, init)
    torch.manual_seed(99)
    assert torch.equal(weights(0, init), first)
    assert not torch.equal(weights(1, init), first)


@pytest.mark.parametrize("init", ["torch", "keras"])
def test_building_leaves_global_randomness_alone(init):
    torch.manual_seed(7)
    state = torch.random.get_rng_state()
    weights(0, init)
    assert torch.equal(torch.random.get_rng_state(), state)


def glorot_limit(layer):
    """sqrt(6 / (fan in + fan out)); a kernel's fans are its area times its channels in and out."""
    area = math.prod(layer.kernel_size) if hasattr(layer, "kernel_size") else 1
    inputs = layer.in_channels if hasattr(layer, "in_channels") else layer.in_features
    outputs = layer.out_channels if hasattr(layer, "out_channels") else layer.out_features
    return math.sqrt(6 / (area * (inputs + outputs)))


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 64, 64)], ids=str)
def test_keras_initialisation(shape):
    """Uniform within Glorot's limit: the variance is limit^2 / 3; four standard errors, sqrt(4/5 / n) of it each."""
    model = build(ModelConfig(width=16, channels=4, init="keras"), shape, seed=0)
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
    assert len(layers) == 4 + 2 + (3 if shape[1] == 32 else 4)
    for layer in layers:
        limit, n = glorot_limit(layer), layer.weight.numel()
        assert layer.weight.abs().max() <= limit
        assert layer.weight.square().mean().item() == pytest.approx(limit**2 / 3, rel=4 * math.sqrt(0.8 / n))
        assert not layer.bias.any()


def test_keras_batch_norms():
    model = build(ModelConfig(channels=2, init="keras"), (1, 32, 32), seed=0)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(norm.momentum, norm.eps) for norm in norms} == {(0.01, 1e-3)}
    assert (model.bottleneck.momentum, model.bottleneck.eps) == (0.01, 1e-5)


def test_torch_initialisation_is_pytorchs_own():
    model = build(ModelConfig(channels=2), (1, 32, 32), seed=0)
    assert {(m.momentum, m.eps) for m in model.modules() if isinstance(m, nn.BatchNorm2d)} == {(0.1, 1e-5)}
    layer = model.encoder[-1]
    assert layer.weight.abs().max() <= 1 / math.sqrt(layer.in_features)
    assert layer.bias.any()


def test_gradients_reach_every_parameter():
    model = build(ModelConfig(width=3, channels=2, depth=6), (1, 32, 32), seed=0)
    functional.mse_loss(model(IMAGES[1, 32, 32]), IMAGES[1, 32, 32]).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in model.parameters())
