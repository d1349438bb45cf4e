"""Variational heads: the published code's formula, shapes, and one more dense layer."""

import math

import pytest
import torch

from gausslab.config import ModelConfig
from gausslab.models import build


@pytest.fixture
def images():
    return torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))


def test_a_learned_posterior_is_five_tanh_of_a_dense_layer_beside_the_means(images):
    model = build(ModelConfig(width=3, channels=2, posterior="learned", bottleneck="none"), (1, 32, 32), seed=0).eval()
    mean, log_sd = model.posterior(images)
    features = model.encoder[:-1](images)
    weights = dict(model.spread.named_parameters())
    expected = 5 * torch.tanh(features @ weights["dense.weight"].T + weights["dense.bias"])
    torch.testing.assert_close(log_sd, expected)
    torch.testing.assert_close(mean, model.encode(images))
    torch.testing.assert_close(model(images), model.decode(mean))


def test_a_learned_posterior_has_one_dense_layer_more():
    plain, learned = (
        build(ModelConfig(width=3, channels=2, posterior=kind), (1, 32, 32), seed=0) for kind in ("none", "learned")
    )
    numbers = [sum(p.numel() for p in model.parameters()) for model in (plain, learned)]
    assert numbers[1] - numbers[0] == 2 * 8 * 2 * 2 * 3 + 3


def test_a_constant_posterior_has_no_parameters(images):
    model = build(ModelConfig(width=3, channels=2, posterior="constant", posterior_sd=0.7), (1, 32, 32), seed=0)
    assert torch.equal(model.posterior(images).log_sd, torch.full((4, 3), math.log(0.7)))
    assert not list(model.spread.parameters())


def test_a_learned_error_sd_is_one_scalar_that_starts_at_one():
    model = build(ModelConfig(width=3, channels=2, learned_error_sd=True), (1, 32, 32), seed=0)
    assert model.log_error_sd.shape == ()
    assert model.log_error_sd.item() == 0
    assert build(ModelConfig(width=3, channels=2), (1, 32, 32), seed=0).log_error_sd is None
