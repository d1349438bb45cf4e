"""The classifiers' loss against a double loop."""

import math

import pytest
import torch
from tiny import generator
from torch import nn

from gausslab.config import ModelConfig, ObjectiveConfig, TrainConfig
from gausslab.errors import ConfigError
from gausslab.estimators import kozachenko_leonenko
from gausslab.models import Classifier
from gausslab.objectives import Batch, CrossEntropy, build


def tiny_classifier():
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(8, 3))
    return Classifier(encoder, nn.BatchNorm1d(3, affine=False), nn.Linear(3, 4)).double()


@pytest.fixture
def batch():
    return Batch(torch.rand(10, 2, 2, 2, generator=generator()).double(), torch.arange(10) % 4)


def test_cross_entropy_by_loops(batch):
    model = tiny_classifier()
    loss = CrossEntropy()(model, batch, generator())
    total = right = 0.0
    for logits, label in zip(model(batch.images).tolist(), batch.labels.tolist(), strict=True):
        total += math.log(sum(math.exp(x) for x in logits)) - logits[label]
        right += logits[label] == max(logits)
    assert loss.total.item() == pytest.approx(total / 10, rel=1e-12)
    assert loss.parts["accuracy"].item() == pytest.approx(right / 10)


def test_entropy_of_the_codes_is_subtracted(batch):
    model = tiny_classifier()
    plain, entropic = (CrossEntropy(weight)(model, batch, generator()) for weight in (0.0, 0.5))
    entropy = kozachenko_leonenko(model.encode(batch.images))
    assert entropic.total.item() == pytest.approx(plain.total.item() - 0.5 * entropy.item(), rel=1e-12)
    assert "entropy" not in plain.parts


def test_images_without_classes_are_refused(batch):
    with pytest.raises(ConfigError, match="a classifier needs images with classes"):
        CrossEntropy()(tiny_classifier(), Batch(batch.images), generator())


def test_build_gives_it_to_classifiers():
    config = TrainConfig(
        model=ModelConfig(kind="classifier"), objective=ObjectiveConfig(name="classifier", entropy_weight=0.5)
    )
    assert build(config) == CrossEntropy(0.5, 1)
