"""Ways between codes: ends, norms, closed forms, and codes between which there is no one way."""

import math

import pytest
import torch

from gausslab.errors import ConfigError, EstimatorError
from gausslab.quality import WAYS, linear, path, random_pairs, rescaled, spherical

EVERY = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def codes(seed, pairs=20, units=8):
    return torch.randn(pairs, units, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


A, B = codes(0), 3 * codes(1)


def close(found, expected, atol=1e-12):
    torch.testing.assert_close(found, expected, rtol=0, atol=atol)


@EVERY
def test_ends_are_the_codes(way):
    close(way(A, B, 0.0), A)
    close(way(A, B, 1.0), B)


@EVERY
def test_the_way_back_is_the_same(way):
    close(way(A, B, 0.3), way(B, A, 0.7))


@EVERY
def test_halves_are_the_default(way):
    assert torch.equal(way(A, B), way(A, B, 0.5))


@EVERY
def test_the_same_code_twice_stays(way):
    close(way(A, A, 0.4), A)


@EVERY
def test_parallel_codes_are_joined_by_a_line(way):
    close(way(A, 3 * A, 0.5), 2 * A)


def test_linear_is_the_mean():
    close(linear(A, B), (A + B) / 2)


def test_rescaled_has_the_mean_norm_and_the_linear_direction():
    found = rescaled(A, B)
    close(found.norm(dim=1), (A.norm(dim=1) + B.norm(dim=1)) / 2)
    cosines = torch.nn.functional.cosine_similarity(found, A + B)
    close(cosines, torch.ones_like(cosines))


def test_spherical_in_the_plane():
    """On a circle the point at t is the rotation by t times the angle."""
    angles = torch.linspace(0.1, 3.0, 20, dtype=torch.float64)
    start = torch.tensor([[2.0, 0.0]], dtype=torch.float64).expand(20, 2)
    for t in (0.25, 0.5, 0.9):
        at = 2 * torch.stack([(t * angles).cos(), (t * angles).sin()], 1)
        end = 2 * torch.stack([angles.cos(), angles.sin()], 1)
        close(spherical(start, end, t), at)


def test_spherical_weights_act_on_the_codes_themselves():
    """Orthogonal codes of norms 1 and 3, half way: both weights are sin 45 / sin 90."""
    one, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    close(spherical(one, other), torch.tensor([[1.0, 3.0]]) / math.sqrt(2), atol=1e-6)


def test_spherical_keeps_a_common_norm():
    unit = B * A.norm(dim=1, keepdim=True) / B.norm(dim=1, keepdim=True)
    close(spherical(A, unit, 0.3).norm(dim=1), A.norm(dim=1))


def test_nearly_parallel_codes_lose_nothing():
    """Angles of 1e-9, of which the arc cosine would see nothing."""
    near = A + 1e-9 * B
    close(spherical(A, near, 0.5), (A + near) / 2, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("factor", [-1.0, -2.5])
def test_opposite_codes_go_straight(dtype, factor):
    one = A.to(dtype)
    close(spherical(one, factor * one, 0.25), linear(one, factor * one, 0.25), atol=0)


def test_opposite_codes_of_one_norm_meet_at_zero():
    for way in WAYS.values():
        close(way(A, -A), torch.zeros_like(A))


def test_zero_codes_have_no_direction():
    zero = torch.zeros_like(A)
    close(spherical(zero, A), A / 2)
    close(rescaled(zero, A), A / 2)
    for way in WAYS.values():
        assert not way(zero, zero).any()


def test_midpoints_of_normal_codes():
    """Of 1000 units: the linear midpoint has 1/sqrt 2 of a code's norm, the others the whole."""
    one, other = codes(2, 50, 1000), codes(3, 50, 1000)
    norms = {name: (way(one, other).norm(dim=1) / one.norm(dim=1)).mean().item() for name, way in WAYS.items()}
    # norms and cosines of 1000 units vary by 2% and 3%, their means of 50 by a seventh of it
    assert norms == pytest.approx({"linear": 0.5**0.5, "rescaled": 1, "spherical": 1}, abs=0.02)


@EVERY
def test_paths(way):
    found = path(A, B, 6, way)
    assert found.shape == (6, *A.shape)
    close(found[0], A)
    close(found[-1], B)
    close(found[2], way(A, B, 0.4))


def test_a_path_has_two_ends():
    with pytest.raises(ConfigError, match="points must be at least 2, the ends of the path, got 1"):
        path(A, B, 1)


# Pairs


def test_pairs_are_of_two_codes_and_uniform():
    pairs = random_pairs(4, 12_000, seed=0)
    assert pairs.shape == (12_000, 2)
    counts = torch.zeros(4, 4).index_put_(tuple(pairs.T), torch.ones(12_000), accumulate=True)
    assert not counts.diagonal().any()
    # 12 pairs of 1000 each, whose binomial error is 30
    assert (counts[~torch.eye(4, dtype=torch.bool)] - 1000).abs().max() < 5 * 30


def test_pairs_depend_on_the_seed_alone():
    torch.manual_seed(1)
    first = random_pairs(100, 50, seed=3)
    torch.manual_seed(2)
    assert torch.equal(first, random_pairs(100, 50, seed=3))
    assert not torch.equal(first, random_pairs(100, 50, seed=4))


def test_two_codes_have_two_pairs():
    assert {tuple(pair) for pair in random_pairs(2, 20, seed=0).tolist()} == {(0, 1), (1, 0)}
    with pytest.raises(EstimatorError, match="random_pairs: expected at least 2 codes, got 1"):
        random_pairs(1, 5, seed=0)
