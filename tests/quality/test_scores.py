"""Scores and floors: against the distances themselves, and the whole chain on real digits."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from gausslab import data
from gausslab.config import DataConfig
from gausslab.data import to_float
from gausslab.errors import EstimatorError
from gausslab.quality import (
    FeatureStatistics,
    Reference,
    frechet_distance,
    kernel_distance,
    quantise,
    real_features,
    real_floor,
    score,
)
from gausslab.quality.extractors import ModuleExtractor


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def made(seed=0, n=40, **given):
    features = normal(n, 3, seed=seed)
    fields = {"extractor": "made", "digest": "0", "data": "set", "split": "test", "features": features}
    return Reference(**fields | {"statistics": FeatureStatistics.of(features)} | given)


def test_a_score_is_both_distances():
    reference, features = made(), normal(30, 3, seed=1) + 1
    found = score(features, reference)
    assert found.frechet == frechet_distance(FeatureStatistics.of(features), reference.statistics)
    assert (found.kernel, found.kernel_error) == kernel_distance(features, reference.features)
    assert (found.n, found.n_reference, found.extractor, found.digest) == (30, 40, "made", "0")
    assert (found.data, found.split) == ("set", "test")


def test_labels():
    found = score(normal(30, 3), made())
    assert (found.frechet_label, found.kernel_label) == ("FD(made)", "KD(made)")
    published = replace(found, extractor="inception")
    assert (published.frechet_label, published.kernel_label) == ("FID", "KID")


def test_the_floor_is_the_score_of_some_real_images():
    reference, held_out = made(), made(seed=1, split="validation")
    assert real_floor(held_out, reference, 40).frechet == pytest.approx(
        score(held_out.features, reference).frechet, rel=1e-9
    )
    some = real_floor(held_out, reference, 25)
    assert some.n == 25
    assert some == real_floor(held_out, reference, 25) != real_floor(held_out, reference, 25, seed=1)


@pytest.mark.parametrize(
    ("held_out", "n", "message"),
    [
        (made(seed=1), 10, "expected held-out images of another split than the reference's, got 'test' twice"),
        (made(seed=1, split="train", digest="1"), 10, "expected features of one extractor, got made 1 and made 0"),
        (made(seed=1, split="train"), 41, "expected at least 41 real images, .*, got 40 of split 'train'; score fewer"),
    ],
)
def test_floors_that_are_none(held_out, n, message):
    with pytest.raises(EstimatorError, match=f"real_floor: {message}"):
        real_floor(held_out, made(), n)


class Pooled(nn.Module):
    """Means of the digit's sixteen squares, eight by eight pixels each, and how many images were seen."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def forward(self, images):
        self.seen += len(images)
        return nn.functional.avg_pool2d(images, 8).flatten(1)


def test_the_whole_chain_on_digits(tmp_path, monkeypatch):
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path))
    digits, network = data.load(DataConfig(name="digits")), Pooled()
    extractor = ModuleExtractor(name="squares", network=network, features=16)
    half = len(digits.test.images) // 2
    reference = real_features(extractor, digits.test.images[:half], data="digits", split="test")
    held_out = real_features(extractor, digits.validation.images, data="digits", split="validation")
    made_before = network.seen
    assert made_before == half + len(digits.validation.images)

    other_half = to_float(digits.test.images[half:])
    real = score(extractor(quantise(other_half)), reference)
    floor = real_floor(held_out, reference, half)
    blurred = nn.functional.avg_pool2d(other_half, 9, stride=1, padding=4)
    bad = score(extractor(quantise(blurred)), reference)
    assert real.n == floor.n == bad.n == half
    assert bad.frechet > 3 * floor.frechet
    assert bad.kernel > 4 * bad.kernel_error
    # two samples of the same digits: their distances are of one size, and the unbiased one is none
    assert floor.frechet / 2 < real.frechet < 2 * floor.frechet
    assert abs(real.kernel) < 4 * real.kernel_error

    again = real_features(extractor, digits.test.images[:half], data="digits", split="test")
    assert network.seen == made_before + 2 * half  # only what was scored
    assert score(extractor(quantise(other_half)), again) == real
