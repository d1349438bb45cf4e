"""Value and gradient of both second stages against loops in double precision, written out from the papers."""

import math

import numpy as np
import pytest
import torch

from gausslab.densities.second_stage.losses import GaussianLikelihood, SquaredError, divergence
from gausslab.densities.second_stage.network import plain, with_skips

UNITS, LAYERS, HIDDEN, SAMPLES = 2, 2, 3, 5
WEIGHT = 0.3


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def relu(x):
    return np.maximum(x, 0)


def squared_error_by_hand(weights, z, noise):
    """The mean over units of the squared error, and w times the divergence; heads 5 tanh."""
    w1, b1, w2, b2, wm, bm, ws, bs, v1, c1, v2, c2, vo, co = weights
    total = 0.0
    for x, e in zip(z, noise, strict=True):
        h = relu(w2 @ relu(w1 @ x + b1) + b2)
        mean, log_sd = wm @ h + bm, 5 * np.tanh(ws @ h + bs)
        u = mean + np.exp(log_sd) * e
        back = vo @ relu(v2 @ relu(v1 @ u + c1) + c2) + co
        kl = sum((math.exp(s) ** 2 + m**2 - 1) / 2 - s for m, s in zip(mean, log_sd, strict=True))
        total += sum((a - b) ** 2 for a, b in zip(x, back, strict=True)) / len(x) + WEIGHT * kl
    return total / len(z)


def likelihood_by_hand(weights, z, noise):
    """The log density of x under N(back, gamma^2), and the divergence; inputs beside last hidden layers, free heads."""
    w1, b1, w2, b2, wm, bm, ws, bs, v1, c1, v2, c2, vo, co, log_gamma = weights
    gamma, total = math.exp(log_gamma), 0.0
    for x, e in zip(z, noise, strict=True):
        h = np.concatenate([x, relu(w2 @ relu(w1 @ x + b1) + b2)])
        mean, log_sd = wm @ h + bm, ws @ h + bs
        u = mean + np.exp(log_sd) * e
        back = vo @ np.concatenate([u, relu(v2 @ relu(v1 @ u + c1) + c2)]) + co
        kl = sum((math.exp(s) ** 2 + m**2 - 1) / 2 - s for m, s in zip(mean, log_sd, strict=True))
        for a, b in zip(x, back, strict=True):
            total -= -((a - b) ** 2) / (2 * gamma**2) - math.log(gamma * math.sqrt(2 * math.pi))
        total += kl
    return total / len(z)


CASES = pytest.mark.parametrize(
    ("build", "make", "by_hand"),
    [
        (plain, lambda: SquaredError(WEIGHT), squared_error_by_hand),
        (with_skips, GaussianLikelihood, likelihood_by_hand),
    ],
    ids=["squared-error", "likelihood"],
)


def prepared(build, make):
    """Network and loss with weights of no special value: biases and gamma begin at 0 and 1."""
    vae = build(UNITS, LAYERS, HIDDEN, torch.Generator().manual_seed(0)).double()
    loss = make().double()
    learned = [*vae.parameters(), *loss.parameters()]
    with torch.no_grad():
        for index, each in enumerate(learned):
            each += 0.3 * normal(*each.shape, seed=index)
    return vae, loss, learned


def evaluated(vae, loss, z):
    return loss(z, vae(z, torch.Generator().manual_seed(9)))


@CASES
def test_value(build, make, by_hand):
    vae, loss, learned = prepared(build, make)
    z = normal(SAMPLES, UNITS, seed=50)
    expected = by_hand([each.detach().numpy() for each in learned], z.numpy(), normal(SAMPLES, UNITS, seed=9).numpy())
    assert evaluated(vae, loss, z).item() == pytest.approx(expected, rel=1e-12)  # rounding of some dozen sums


@CASES
def test_gradient(build, make, by_hand):
    """Central differences of the loops: h^2 of their third derivatives, 1e-8 relative to the largest."""
    vae, loss, learned = prepared(build, make)
    z, noise = normal(SAMPLES, UNITS, seed=50), normal(SAMPLES, UNITS, seed=9).numpy()
    found = torch.autograd.grad(evaluated(vae, loss, z), learned)
    weights = [each.detach().numpy().copy() for each in learned]
    for weight, gradient in zip(weights, found, strict=True):
        flat, expected = weight.reshape(-1), np.empty(weight.size)
        for index, value in enumerate(flat.copy()):
            ends = []
            for step in (1e-5, -1e-5):
                flat[index] = value + step
                ends.append(by_hand(weights, z.numpy(), noise))
            flat[index], expected[index] = value, (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(gradient.reshape(-1), expected, rtol=1e-6, atol=1e-7)


def test_divergence_is_nothing_at_the_standard_normal_and_half_the_square_of_a_shift():
    zeros = torch.zeros(1, 3, dtype=torch.float64)
    assert divergence(zeros, zeros).item() == 0
    assert divergence(zeros + 2, zeros).item() == pytest.approx(3 * 2**2 / 2)


def test_the_best_gamma_is_the_root_of_the_mean_squared_error():
    z = normal(50, 3, seed=1)
    vae, loss = with_skips(3, 1, 4, torch.Generator().manual_seed(0)).double(), GaussianLikelihood().double()
    passage = vae(z, torch.Generator().manual_seed(2))
    with torch.no_grad():
        loss.log_gamma.copy_((passage.back - z).square().mean().sqrt().log())
    (slope,) = torch.autograd.grad(loss(z, passage), [loss.log_gamma])
    assert slope.item() == pytest.approx(0, abs=1e-12)


def test_weights_begin_glorot_uniform_and_biases_at_zero():
    """The variance of the uniform law to its limit is limit^2 / 3; four standard errors, sqrt(4/5 / n) of it each."""
    for vae, heads in ((plain(16, 2, 64, torch.Generator()), 64), (with_skips(16, 3, 64, torch.Generator()), 80)):
        assert [vae.mean.in_features, vae.mean.out_features] == [heads, 16]
        for layer in (each for each in vae.modules() if isinstance(each, torch.nn.Linear)):
            limit, n = math.sqrt(6 / (layer.in_features + layer.out_features)), layer.weight.numel()
            assert layer.weight.abs().max() <= limit
            assert layer.weight.square().mean().item() == pytest.approx(limit**2 / 3, rel=4 * math.sqrt(0.8 / n))
            assert not layer.bias.any()


@pytest.mark.parametrize(
    ("build", "layers", "expected"),
    [
        # d -> 1024 -> 1024 -> d and a second head, and back; d = 16
        (plain, 2, 2 * (17 * 1024 + 1025 * 1024 + 1025 * 16) + 1025 * 16),
        # one layer more, and the input beside the last: 1024 + 16 into the heads
        (with_skips, 3, 2 * (17 * 1024 + 2 * 1025 * 1024 + 1041 * 16) + 1041 * 16),
    ],
    ids=["plain", "with-skips"],
)
def test_sizes_of_the_published_networks(build, layers, expected):
    vae = build(16, layers, 1024, torch.Generator())
    assert sum(each.numel() for each in vae.parameters()) == expected


def test_the_heads_of_the_plain_network_are_bounded_and_those_of_the_other_are_free():
    for build, bounded in ((plain, True), (with_skips, False)):
        vae = build(UNITS, LAYERS, HIDDEN, torch.Generator().manual_seed(0))
        assert bool((vae.encode(torch.full((1, UNITS), 1e4))[1].abs() <= 5).all()) == bounded
