"""Noise of given norms, midpoints, partners."""

import math

import pytest
import torch
from adversarial.made_networks import pictures

from gausslab.adversarial.controls import midpoints, noisy, partners
from gausslab.errors import EstimatorError
from gausslab.seeding import torch_generator


def draws():
    return torch_generator(0, "noise")


def test_noise_has_each_examples_own_norm():
    images, sizes = pictures(4), torch.tensor([0.1, 0.3, 0.5, math.nan])
    found = (noisy(images, sizes, draws()) - images).flatten(1).norm(dim=1)
    torch.testing.assert_close(found[:3], sizes[:3])  # nothing to cut: all pixels are .2 away from black and white
    assert found[3] == 0
    assert torch.equal(noisy(images, sizes, draws()), noisy(images, sizes, draws()))


def test_noise_is_cut_to_the_unit_interval():
    black = torch.zeros(200, 1, 8, 8)
    found = noisy(black, torch.ones(200), draws())
    assert found.min() == 0
    # half of the squared length of 200 x 64 draws is of negative ones, to 5 standard errors of 1 / sqrt(12800)
    assert found.flatten(1).norm(dim=1).square().mean().item() == pytest.approx(0.5, abs=5 / math.sqrt(12800))


def test_noise_refuses_what_is_no_norm(unchecked):
    for sizes in (torch.ones(3), torch.tensor([0.1, -0.1])):
        with pytest.raises(EstimatorError, match="noise needs one norm of at least 0 for each of 2 images"):
            noisy(pictures(2), sizes, draws())


def test_midpoints():
    assert midpoints(torch.zeros(1, 2), torch.ones(1, 2)).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("samples", [2, 3, 17])
def test_partners_are_others_and_each_is_one(samples):
    chosen = partners(samples, draws())
    assert sorted(chosen.tolist()) == list(range(samples))
    assert (chosen != torch.arange(samples)).all()


def test_one_image_has_no_partner():
    with pytest.raises(EstimatorError, match="at least 2 images, got 1"):
        partners(1, draws())
