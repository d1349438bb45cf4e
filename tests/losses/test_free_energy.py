"""The matricial free energy: against loops, integrals over Marchenko and Pastur's law, and where descent on it ends."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import roots_genlaguerre

from gausslab.errors import EstimatorError
from gausslab.losses import free_loss, gaussian_free_loss

SHAPES = pytest.mark.parametrize("shape", [(12, 4), (4, 12), (6, 6), (3, 2)], ids=str)


def normal(samples, units, seed=0):
    return torch.randn(samples, units, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(size, seed=9):
    return torch.linalg.qr(normal(size, size, seed)).Q


def looped(z):
    """The definition written out, by the eigenvalues of the smaller Gram matrix."""
    samples, units = z.shape
    values = np.linalg.eigvalsh(z.T @ z if units <= samples else z @ z.T)
    m, larger = len(values), max(samples, units)
    pairs = sum(math.log(abs(a - b)) for i, a in enumerate(values) for j, b in enumerate(values) if i != j)
    return sum(a / m - (larger / m - 1) * math.log(a) for a in values) / m - pairs / (m * (m - 1))


def limit(samples, units):
    """The energy of Marchenko and Pastur's law for this shape, whose x is an eigenvalue over the larger side.

    With x = 1 + c + 2 sqrt(c) cos(a) its density is 2 / pi sin(a)^2 / x da.
    """
    m, larger = min(samples, units), max(samples, units)
    ratio = m / larger

    def at(a):
        return 1 + ratio + 2 * math.sqrt(ratio) * math.cos(a)

    def density(a):
        return 2 / math.pi * math.sin(a) ** 2 / at(a)

    def mean(f, *points):
        return quad(lambda a: f(at(a)) * density(a), 0, math.pi, points=points or None, limit=200)[0]

    # the potential of the law inside its support is smooth, so that few points do
    nodes, weights = np.polynomial.legendre.leggauss(24)
    angles = (nodes + 1) * math.pi / 2
    potentials = [mean(lambda y, a=a: math.log(abs(at(a) - y)), a) for a in angles]
    repulsion = sum(w * math.pi / 2 * density(a) * p for w, a, p in zip(weights, angles, potentials, strict=True))
    logs = math.log(larger) + mean(math.log)
    return mean(lambda x: x) / ratio - (1 / ratio - 1) * logs - math.log(larger) - repulsion


@SHAPES
def test_against_loops(shape):
    z = 0.3 + normal(*shape)
    assert free_loss(z).item() == pytest.approx(looped(z.numpy()), rel=1e-11)


def test_the_papers_value_of_a_gaussian_batch():
    # -34.69 for 256 samples of 32 units; the spread of one batch is .006
    values = torch.stack([free_loss(normal(256, 32, seed)) for seed in range(20)])
    assert values.mean().item() == pytest.approx(-34.69, abs=0.005 + 4 * 0.006 / math.sqrt(20))


@pytest.mark.parametrize(("samples", "units"), [(40, 10), (10, 40), (20, 20), (3, 2)])
def test_the_mean_over_gaussian_batches(samples, units):
    values = torch.stack([free_loss(normal(samples, units, seed)) for seed in range(400)])
    error = 4 * values.std().item() / 20
    assert gaussian_free_loss(samples, units) == pytest.approx(values.mean().item(), abs=error)


@pytest.mark.parametrize("ratio", [1, 2, 8])
def test_its_limit_is_the_energy_of_marchenko_and_pastur(ratio):
    # an eigenvalue does not repel itself: of the double integral the sum lacks 1 / m of the mean logarithm of a
    # spacing, itself 1 / m of the range but for a constant: (ln m + O(1)) / m
    for m in (30, 300, 30_000):
        assert gaussian_free_loss(ratio * m, m) == pytest.approx(limit(ratio * m, m), abs=(math.log(m) + 1) / m)


def test_one_large_batch_has_the_limits_energy():
    # the spread of a batch is 1e-4, of no account beside ln(m) / m
    z = normal(900, 300)
    assert free_loss(z).item() == pytest.approx(limit(900, 300), abs=(math.log(300) + 1) / 300)


@SHAPES
def test_gradients(shape):
    assert torch.autograd.gradcheck(free_loss, normal(*shape).requires_grad_())


@SHAPES
def test_neither_axes_nor_order_matter(shape):
    z = 0.3 + normal(*shape)
    samples, units = shape
    for other in (z @ rotation(units), z[torch.randperm(samples)], rotation(samples) @ z, z.T, -z):
        assert free_loss(other).item() == pytest.approx(free_loss(z).item(), rel=1e-11)


@SHAPES
def test_the_best_scale_has_mean_square_one(shape):
    z = normal(*shape)
    z = z / z.square().mean().sqrt()
    scale = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(free_loss(scale * z), scale)
    assert abs(slope.item()) < 1e-10
    assert free_loss(z) < min(free_loss(0.9 * z), free_loss(1.1 * z))


def descended(z):
    """Free codes after descent."""
    z = z.clone().requires_grad_()
    exact = {"tolerance_grad": 1e-12, "tolerance_change": 1e-14, "line_search_fn": "strong_wolfe"}
    optimiser = torch.optim.LBFGS([z], max_iter=300, **exact)

    def closure():
        optimiser.zero_grad()
        value = free_loss(z)
        value.backward()
        return value

    optimiser.step(closure)
    return z.detach()


@pytest.mark.parametrize("shape", [(48, 12), (12, 48)], ids=str)
def test_descent_ends_at_marchenko_and_pasturs_law(shape):
    start = 0.2 + 0.5 * normal(*shape) @ torch.diag(torch.linspace(0.3, 3, shape[1], dtype=torch.float64))
    end = descended(start)
    before, after = (torch.linalg.svdvals(z).square().flip(0).numpy() for z in (start, end))
    # setting the gradient to 0 gives Stieltjes' equations for the zeros of a Laguerre polynomial, scaled
    zeros = roots_genlaguerre(12, 36 * 11 / 12 - 1)[0] * 12 / 11
    np.testing.assert_allclose(after, zeros, rtol=1e-6)  # at a minimum, known to the root of a value's rounding
    assert largest_distance(before / 48, ratio=1 / 4) > 0.2
    assert largest_distance(after / 48, ratio=1 / 4) < 1 / 12  # a step of an empirical cdf of 12
    spread = torch.stack([free_loss(normal(*shape, seed)) for seed in range(50)]).std().item()
    assert free_loss(end) < gaussian_free_loss(*shape) - 2 * spread  # spaced more evenly than a Gaussian's


def largest_distance(x, ratio):
    """Kolmogorov's, of sorted values from Marchenko and Pastur's law."""
    low, high = (1 - math.sqrt(ratio)) ** 2, (1 + math.sqrt(ratio)) ** 2

    def density(y):
        return math.sqrt(max((high - y) * (y - low), 0)) / (2 * math.pi * ratio * y)

    levels = np.array([quad(density, low, min(max(y, low), high))[0] for y in x])
    steps = np.arange(len(x) + 1) / len(x)
    return max(np.abs(levels - steps[:-1]).max(), np.abs(levels - steps[1:]).max())


def test_it_sees_covariance_and_nothing_beyond():
    batches = torch.stack([free_loss(normal(300, 16, seed)) for seed in range(50)])
    mean, sd = gaussian_free_loss(300, 16), batches.std().item()
    cubes = [torch.rand(300, 16, generator=torch.Generator().manual_seed(s), dtype=torch.float64) for s in range(20)]
    rotated = torch.stack([free_loss((cube - 0.5) * math.sqrt(12) @ rotation(16)) for cube in cubes])
    assert abs(rotated.mean().item() - mean) < 2 * sd  # within what one Gaussian batch varies by
    correlated = normal(300, 16)
    correlated[:, 1::2] = 0.5 * correlated[:, ::2] + math.sqrt(0.75) * correlated[:, 1::2]
    assert free_loss(correlated).item() > mean + 20 * sd


def test_repeated_and_vanishing_eigenvalues_stay_finite():
    white = rotation(12)[:, :5] * math.sqrt(12)
    centred = normal(6, 9) - normal(6, 9).mean(0)
    zeros = torch.zeros(6, 3, dtype=torch.float64)
    for z in (white, centred, zeros, torch.cat([normal(3, 8), normal(3, 8)])):
        z.requires_grad_()
        value = free_loss(z)
        value.backward()
        assert torch.isfinite(value) and torch.isfinite(z.grad).all()
    assert free_loss(white) > gaussian_free_loss(12, 5) + 5
    assert (zeros.grad == 0).all()


def test_what_centring_takes_away_has_no_pull():
    z = (normal(6, 9) - normal(6, 9).mean(0)).requires_grad_()
    (gradient,) = torch.autograd.grad(free_loss(z), z)
    assert gradient.sum(0).abs().max() < 1e-6  # along the lost direction, of samples that all move alike


def test_single_and_half_precision():
    z = normal(64, 64)
    # log gaps: float32 errs by eps times the largest eigenvalue in every gap, of which the smallest are 1e-4 of it
    assert free_loss(z.float()).item() == pytest.approx(free_loss(z).item(), abs=1e-3)
    half = z.to(torch.bfloat16).requires_grad_()
    value = free_loss(half)
    value.backward()
    assert value.dtype == torch.float32 and half.grad.dtype == torch.bfloat16


def test_a_batch_that_is_not_finite_gives_nan():
    z = normal(8, 3)
    z[0, 0] = math.inf
    assert free_loss(z).isnan()


def test_what_cannot_be():
    for shape in ((1, 3), (3, 1)):
        with pytest.raises(
            EstimatorError, match=f"free_loss: expected at least 2 samples and 2 units, got {shape[0]} x {shape[1]}"
        ):
            free_loss(normal(*shape))
    with pytest.raises(EstimatorError, match="gaussian_free_loss: expected at least 2 samples and 2 units, got 1 x 3"):
        gaussian_free_loss(1, 3)
