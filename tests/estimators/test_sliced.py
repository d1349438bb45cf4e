"""The sliced statistic: differentiable, batched, and SIGReg's when asked for its points and directions."""

import math

import numpy as np
import pytest
import torch

from gausslab.errors import ConfigError
from gausslab.estimators.characteristic import epps_pulley_pairs, trapezoid
from gausslab.estimators.sliced import SlicedEppsPulley, random_directions, sliced_epps_pulley


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def directions(units, count, seed=0):
    return random_directions(units, count, torch.Generator().manual_seed(seed))


def test_directions_have_length_one():
    torch.testing.assert_close(directions(7, 30).norm(dim=0), torch.ones(30))


def test_it_is_the_mean_over_slices():
    z, along = normal(60, 4), directions(4, 10)
    expected = epps_pulley_pairs(z @ along.double()).mean()
    torch.testing.assert_close(sliced_epps_pulley(z, along), expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize("grid", [None, trapezoid()])
def test_gradient(grid):
    along = directions(3, 5).double()
    assert torch.autograd.gradcheck(lambda z: sliced_epps_pulley(z, along, grid), normal(50, 3).requires_grad_())


@pytest.mark.parametrize("grid", [None, trapezoid()])
def test_leading_axes_are_a_loop(grid):
    batch, along = normal(2, 3, 70, 4), directions(4, 6)
    looped = torch.stack([torch.stack([sliced_epps_pulley(z, along, grid) for z in row]) for row in batch])
    torch.testing.assert_close(sliced_epps_pulley(batch, along, grid), looped, rtol=1e-10, atol=0)


def test_17_points_are_a_few_per_cent_off():
    z, along = normal(500, 8), directions(8, 64)
    exact, trained = sliced_epps_pulley(z, along), sliced_epps_pulley(z, along, trapezoid())
    assert 0.95 < trained / exact < 1


def test_training_with_it_makes_slices_gaussian():
    along, corners = directions(2, 16), normal(100, 2).sign()
    z = corners.clone().requires_grad_()
    optimiser = torch.optim.Adam([z], lr=0.1)
    for step in range(50):
        optimiser.zero_grad()
        sliced_epps_pulley(z + 0.01 * normal(100, 2, seed=step), along, trapezoid()).backward()
        optimiser.step()
    assert sliced_epps_pulley(z.detach(), along) < sliced_epps_pulley(corners, along) / 3


def test_rows_have_their_own_nulls():
    x = 2 * normal(150, 4, seed=1) + 1
    raw, white = SlicedEppsPulley(directions=32)(x)
    assert (raw.statistic, raw.null, white.statistic, white.null) == ("statistic", "simple", "whitened", "composite")
    assert raw.p_value < 0.05 < white.p_value
    assert raw.null_mean == pytest.approx(math.sqrt(2 * math.pi) * (1 - 1 / math.sqrt(3)), abs=4 * raw.null_sd / 9)


def test_whitened_does_not_see_an_affine_map_but_a_rotation():
    x = torch.from_numpy(np.random.default_rng(0).laplace(size=(200, 3)))
    factor = torch.tensor([[2.0, 0.5, 0], [0, 1, -3], [0, 0, 0.1]], dtype=torch.float64)
    test = SlicedEppsPulley(directions=512)
    one, other = (test.readings(each)["whitened"].value for each in (x, x @ factor.T + 5))
    assert other == pytest.approx(one, rel=0.15)  # directions differ by a rotation


def test_parameters():
    assert SlicedEppsPulley(seed=1).readings(normal(50, 3)) != SlicedEppsPulley().readings(normal(50, 3))
    with pytest.raises(ConfigError, match="sliced_epps_pulley: directions must be at least 1, got 0"):
        SlicedEppsPulley(directions=0)
