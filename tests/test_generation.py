"""Images of codes: whose they are, in what order, and by which generator."""

import pytest
import torch

from gausslab import generation
from gausslab.config import ModelConfig
from gausslab.densities import LatentCodes, fit
from gausslab.models import build
from gausslab.quality import linear


@pytest.fixture(scope="module")
def model():
    return build(ModelConfig(width=3, channels=2, posterior="learned"), (1, 32, 32), seed=0).eval()


@pytest.fixture(scope="module")
def images():
    return torch.randint(256, (300, 1, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def plain():
    return fit("isotropic", LatentCodes(torch.zeros(1, 3)), 0)


def test_codes_are_those_of_all_images_at_once(model, images):
    """Batches of 250 in evaluation mode: to single precision."""
    found = generation.latent_codes(model, images)
    expected = model.posterior(images / 255)
    torch.testing.assert_close(found.mean, expected.mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.log_sd, expected.log_sd, rtol=1e-4, atol=1e-5)


def test_a_deterministic_encoder_has_no_spread(images):
    assert (
        generation.latent_codes(build(ModelConfig(width=3, channels=2), (1, 32, 32), 0).eval(), images).log_sd is None
    )


def test_samples_are_the_densitys_decoded_and_depend_on_the_seed_alone(model, plain):
    first, again, other = (torch.cat(list(generation.samples(model, plain, 260, seed))) for seed in (0, 0, 1))
    assert first.shape == (260, 1, 32, 32)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert 0 <= first.min() <= first.max() <= 1


def test_reconstructions_without_a_second_stage_are_the_networks(model, images, plain):
    found = torch.cat(list(generation.reconstructions(model, plain, images, 0)))
    torch.testing.assert_close(found[:50], model(images[:50] / 255), rtol=1e-4, atol=1e-5)


def test_ends_of_a_path_are_reconstructions_and_its_middle_the_midpoint(model, images, plain):
    found = torch.cat(list(generation.paths(model, plain, images, linear, 2, 3, 0))).unflatten(0, (2, 3))
    from gausslab.quality import random_pairs

    pairs = random_pairs(len(images), 2, 0)
    codes = model.encode(images / 255)
    for row, (a, b) in zip(found, pairs.tolist(), strict=True):
        expected = model.decode(torch.stack([codes[a], (codes[a] + codes[b]) / 2, codes[b]]))
        torch.testing.assert_close(row, expected, rtol=1e-4, atol=1e-5)


def test_midpoints_are_of_as_many_pairs_as_asked_for(model, images, plain):
    codes = generation.latent_codes(model, images).mean
    assert len(torch.cat(list(generation.midpoints(model, plain, codes, linear, 270, 0)))) == 270
