"""Spectral norm against singular values by SVD."""

import pytest
import torch
from torch import nn

from gausslab.config import ModelConfig
from gausslab.models import build, check_network
from gausslab.models.initialisation import normalise_spectrally
from gausslab.models.layers import SameConvTranspose2d


@pytest.mark.parametrize("layer", [nn.Linear(5, 3), nn.Conv2d(3, 5, 4), SameConvTranspose2d(3, 5, 4, 2)], ids=str)
def test_after_many_iterations_the_largest_singular_value_is_one(layer):
    """The matrix is dimension 0 x the rest: channels out of a convolution, channels in of a transposed one."""
    normalise_spectrally(layer)
    original = layer.parametrizations.weight.original.detach()
    layer.train()
    for _ in range(200):
        weight = layer.weight
    singular = torch.linalg.svdvals(original.flatten(1))
    torch.testing.assert_close(weight.detach(), original / singular[0], rtol=1e-4, atol=1e-6)
    assert torch.linalg.svdvals(weight.detach().flatten(1))[0].item() == pytest.approx(1, rel=1e-4)


def test_one_iteration_a_forward_pass_in_training_and_none_in_evaluation():
    torch.manual_seed(0)
    layer = nn.Linear(6, 6)
    normalise_spectrally(layer)
    layer.train()(torch.randn(2, 6))
    vector = layer.parametrizations.weight[0]._u.clone()
    layer.eval()(torch.randn(2, 6))
    assert torch.equal(layer.parametrizations.weight[0]._u, vector)
    layer.train()(torch.randn(2, 6))
    assert not torch.equal(layer.parametrizations.weight[0]._u, vector)


def test_every_convolution_and_dense_layer_is_normalised_and_nothing_else():
    model = build(ModelConfig(width=3, channels=2, spectral_norm=True), (1, 32, 32), seed=0)
    normalised = {name.split(".parametrizations")[0] for name, _ in model.named_parameters() if "original" in name}
    kinds = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
    assert normalised == {name for name, module in model.named_modules() if isinstance(module, kinds)}
    assert len(normalised) == 9


@pytest.mark.parametrize("init", ["torch", "keras"])
def test_a_normalised_network_has_the_weights_of_its_seed_and_restores_from_its_state(init):
    config = ModelConfig(width=3, channels=2, spectral_norm=True, init=init)
    before = torch.random.get_rng_state()
    first, again = (build(config, (1, 32, 32), seed=0) for _ in range(2))
    other = build(config, (1, 32, 32), seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    images = torch.rand(4, 1, 32, 32)
    assert torch.equal(first.eval()(images), again.eval()(images))
    other.load_state_dict(first.state_dict())
    assert torch.equal(first(images), other.eval()(images))
    check_network(config, (1, 32, 32))
