"""Classifiers: the autoencoder's encoder, a code, a head."""

import pytest
import torch
from torch import nn

from gausslab.config import ModelConfig
from gausslab.errors import ConfigError
from gausslab.models import L1Norm1d, build


def test_logits_are_the_head_of_the_batch_normed_code():
    model = build(ModelConfig(kind="classifier", width=5, channels=2, classes=7), (3, 32, 32), seed=0)
    images = torch.rand(6, 3, 32, 32)
    codes = model.encode(images)
    model.eval()
    torch.testing.assert_close(model(images), model.head(model.encode(images)))
    assert (codes.shape, model(images).shape) == ((6, 5), (6, 7))
    torch.testing.assert_close(codes.mean(0), torch.zeros(5), atol=1e-5, rtol=0)
    assert isinstance(model.bottleneck, nn.BatchNorm1d)


def test_its_encoder_is_the_autoencoders():
    """The same layers, the same initial weights under the same seed."""
    encoders = [build(ModelConfig(kind=kind, width=5, channels=2), (1, 32, 32), seed=3).encoder
                for kind in ("classifier", "autoencoder")]  # fmt: skip
    states = [encoder.state_dict() for encoder in encoders]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_images_of_another_size_are_refused():
    with pytest.raises(ConfigError, match="images must be 32x32 or 64x64 for the network, got 28x28"):
        build(ModelConfig(kind="classifier"), (1, 28, 28), seed=0)


def network(**changes):
    return build(ModelConfig(**({"kind": "classifier", "width": 5, "channels": 2} | changes)), (1, 32, 32), seed=0)


def modules(model, kind):
    return [module for module in model.modules() if isinstance(module, kind)]


@pytest.mark.parametrize("norm", ["batchnorm", "layernorm", "none"])
@pytest.mark.parametrize(("depth", "levels"), [(2, 4), (4, 4), (6, 4), (2, 2), (5, 2)])
@pytest.mark.parametrize("head_depth", [1, 2, 4])
def test_parameters_by_closed_form(norm, depth, levels, head_depth):
    """Kernels of 4x4 with biases, norms of two numbers a channel, a dense layer, a head."""
    used, affine = min(depth, levels), 0 if norm == "none" else 2
    outputs = [2 << level for level in range(used)]
    expected = sum(16 * i * o + o + affine * o for i, o in zip([1, *outputs], outputs, strict=False))
    for extra in range(depth - used):
        width = outputs[used - 1 - extra % used]  # the lowest resolution first
        expected += 16 * width**2 + width + affine * width
    expected += (outputs[-1] * (32 >> used) ** 2 + 1) * 5
    inputs = 5
    for _ in range(head_depth - 1):
        expected += 7 * inputs + 7 * max(affine, 1)  # a bias, or scale and shift
        inputs = 7
    expected += (inputs + 1) * 10
    model = network(norm=norm, depth=depth, levels=levels, head_depth=head_depth, head_units=7)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected
    assert model(torch.rand(3, 1, 32, 32)).shape == (3, 10)


def test_depth_above_the_levels_adds_convolutions_of_stride_one_and_nothing_else():
    def strides(depth):
        return [module.stride[0] for module in modules(network(depth=depth, levels=3).encoder, nn.Conv2d)]

    assert [strides(depth) for depth in (2, 3, 5, 6)] == [
        [2, 2], [2, 2, 2], [2, 2, 1, 2, 1], [2, 1, 2, 1, 2, 1],
    ]  # fmt: skip


def test_layer_normed_codes_have_mean_0_and_variance_1_each():
    """In both modes, whatever else is in the batch; PyTorch's eps of 1e-5 beside variances near 0.01 costs 1e-3."""
    model = network(bottleneck="layernorm")
    for mode in (model.eval(), model.train()):
        codes = mode.encode(torch.rand(6, 1, 32, 32)).detach()
        torch.testing.assert_close(codes.mean(1), torch.zeros(6), atol=1e-5, rtol=0)
        torch.testing.assert_close(codes.var(1, correction=0), torch.ones(6), atol=1e-2, rtol=0)
    assert list(model.bottleneck.parameters()) == []


def test_norms_are_those_asked_for():
    batch_norms = (nn.BatchNorm1d, nn.BatchNorm2d)
    layered = network(norm="layernorm", bottleneck="layernorm", head_depth=3)
    assert modules(layered, (*batch_norms, L1Norm1d)) == []
    assert [module.num_groups for module in modules(layered, nn.GroupNorm)] == [1] * 4
    assert [module.normalized_shape for module in modules(layered, nn.LayerNorm)] == [(5,), (128,), (128,)]
    bare = network(norm="none", bottleneck="none", head_depth=3)
    assert modules(bare, (*batch_norms, L1Norm1d, nn.GroupNorm, nn.LayerNorm)) == []
    mixed = network(norm="none", bottleneck="l1norm", head_depth=3)
    assert isinstance(mixed.bottleneck, L1Norm1d)
    assert len(modules(network(head_depth=3), batch_norms)) == 4 + 1 + 2


def test_without_batch_norm_a_logit_depends_on_its_own_image_alone():
    model = network(norm="layernorm", bottleneck="layernorm", head_depth=2).train()
    images = torch.rand(4, 1, 32, 32)
    torch.testing.assert_close(model(images)[:1], model(images[:1]), rtol=1e-4, atol=1e-5)


def test_more_levels_than_the_images_can_be_halved_are_refused():
    assert network(depth=5, levels=5)(torch.rand(2, 1, 32, 32)).shape == (2, 10)
    with pytest.raises(ConfigError, match="levels must be at most 5 for 32x32, got 6"):
        network(depth=6, levels=6)
