"""Classifiers: the autoencoder's encoder, a code, a head."""

import pytest
import torch
from torch import nn

from gausslab.config import ModelConfig
from gausslab.errors import ConfigError
from gausslab.models import build


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
