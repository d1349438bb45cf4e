"""Preprocessing against arithmetic written out."""

import pytest
import torch

from gausslab.errors import ConfigError, EstimatorError
from gausslab.quality.extractors import Preprocessing

IMAGES = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))


def test_nothing_is_done_by_default():
    assert torch.equal(Preprocessing()(IMAGES), IMAGES)


def test_grey_is_repeated():
    found = Preprocessing(channels=3)(IMAGES[:, :1])
    assert torch.equal(found, IMAGES[:, [0, 0, 0]])


def test_standardised_by_channel():
    found = Preprocessing(mean=(0.1, 0.2, 0.3), sd=(1.0, 2.0, 4.0))(IMAGES)
    for channel, (mean, sd) in enumerate([(0.1, 1), (0.2, 2), (0.3, 4)]):
        torch.testing.assert_close(found[:, channel], (IMAGES[:, channel] - mean) / sd)


def test_resized_between_pixel_centres():
    """Two pixels at 4: centres at -1/4, 1/4, 3/4, 5/4 of the first two, held at the ends."""
    row = torch.tensor([0.0, 1.0]).expand(1, 1, 2, 2)
    found = Preprocessing(side=4)(row)[0, 0, 0]
    torch.testing.assert_close(found, torch.tensor([0.0, 0.25, 0.75, 1.0]))


def test_shrunk_without_smoothing():
    """Eight pixels at 2: the mean of the two that lie at the new centre, not of all four."""
    row = torch.tensor([0.0, 1, 0, 0, 0, 0, 1, 0]).expand(1, 1, 8, 8)
    torch.testing.assert_close(Preprocessing(side=2)(row)[0, 0, 0], torch.tensor([0.5, 0.5]))


def test_what_cannot_be():
    with pytest.raises(EstimatorError, match="preprocessing: expected images of 1 or 3 channels, got 2"):
        Preprocessing(channels=3)(IMAGES[:, :2])
    for sd in ((), (0.0,), (1.0, -1.0)):
        with pytest.raises(ConfigError, match="preprocessing: sd must be positive"):
            Preprocessing(sd=sd)
