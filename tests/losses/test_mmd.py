"""Kernel distances from N(0, I): against loops, integrals, other programs' numbers, and their gradients."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from estimators.conftest import RECIPES
from scipy.integrate import quad

from gausslab.errors import ConfigError, EstimatorError
from gausslab.losses import GaussianKernel, InverseMultiquadratic, biased_mmd, mmd, two_sample_mmd

BHEP = json.loads((Path(__file__).parents[1] / "reference" / "multivariate.json").read_text())["datasets"]
SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
KERNELS = pytest.mark.parametrize("kernel", [GaussianKernel(), InverseMultiquadratic()], ids=["gauss", "imq"])


def normal(samples, units, seed=0):
    return torch.randn(samples, units, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def looped(kernel, a, b):
    """The kernel of two samples, written out."""
    square, width = ((a - b) ** 2).sum(), [2 * len(a) * scale for scale in SCALES]
    if isinstance(kernel, GaussianKernel):
        return sum(math.exp(-square / c) for c in width)
    return sum(c / (c + square) for c in width)


@KERNELS
def test_two_samples_against_loops(kernel):
    z, y = normal(6, 3).numpy() + 0.5, normal(5, 3, 1).numpy()
    own = sum(looped(kernel, a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j) / 30
    others = sum(looped(kernel, a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j) / 20
    across = sum(looped(kernel, a, b) for a in z for b in y) / 30
    found = two_sample_mmd(torch.from_numpy(z), torch.from_numpy(y), kernel)
    assert found.item() == pytest.approx(own + others - 2 * across, rel=1e-12)


@KERNELS
def test_a_batch_and_itself(kernel):
    # unbiased: minus 2 / n (k(0) - mean off the diagonal); k(0) is the number of scales
    z = normal(9, 4)
    off = np.mean([looped(kernel, a, b) for i, a in enumerate(z.numpy()) for j, b in enumerate(z.numpy()) if i != j])
    assert two_sample_mmd(z, z, kernel).item() == pytest.approx(-2 / 9 * (7 - off), rel=1e-12)


@KERNELS
def test_the_means_are_those_of_many_normal_samples(kernel):
    y = normal(400_000, 3)
    x = torch.tensor([[0.3, -2.0, 1.0]], dtype=torch.float64)
    draws = kernel.of_distance((y - x).square().sum(1), 3)
    found = kernel.mean_beside(x.square().sum(1), 3).item()
    assert found == pytest.approx(draws.mean().item(), abs=4 * draws.std().item() / math.sqrt(len(y)))
    pairs = kernel.of_distance((y[::2] - y[1::2]).square().sum(1), 3)
    error = 4 * pairs.std().item() / math.sqrt(len(pairs))
    assert kernel.mean_between(3) == pytest.approx(pairs.mean().item(), abs=error)


@pytest.mark.parametrize(("units", "accuracy"), [(1, 1e-4), (2, 1e-5), (8, 1e-10), (128, 1e-12), (512, 1e-12)])
@pytest.mark.parametrize("radius", [0.0, 1.0, 5.0])
def test_the_quadrature_of_inverse_multiquadratics(units, accuracy, radius):
    # c / (c + q) = int exp(-u - u q / c) du, and the mean of exp(-g |x - Y|^2) is known
    def integrand(u, width, square):
        rate = u / width
        return math.exp(-u - rate * square / (1 + 2 * rate) - units / 2 * math.log1p(2 * rate))

    square = radius**2 * units
    for scale in (0.1, 1.0, 10.0):
        arguments = (2 * units * scale, square)
        exact = quad(integrand, 0, 1, arguments, epsabs=0, epsrel=1e-12, limit=200)[0]
        exact += quad(integrand, 1, math.inf, arguments, epsabs=1e-13, limit=200)[0]
        given = torch.tensor([square], dtype=torch.float64)
        found = InverseMultiquadratic(scales=(scale,)).mean_beside(given, units).item()
        assert found == pytest.approx(exact, rel=accuracy)
        # two normal samples differ by one of twice the variance
        between = quad(lambda u, c=arguments[0]: math.exp(-u - units / 2 * math.log1p(4 * u / c)), 0, 60, limit=200)[0]
        assert InverseMultiquadratic(scales=(scale,)).mean_between(units) == pytest.approx(between, rel=accuracy + 1e-7)


@pytest.mark.parametrize("beta", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("name", ["normal", "laplace", "t3", "uniform", "shift_scale"])
def test_one_gaussian_kernel_is_the_bhep_statistic(name, beta):
    x = torch.from_numpy(RECIPES[name]())
    # exp(-beta^2 |x - y|^2 / 2): the width 2 d s is 2 / beta^2
    kernel = GaussianKernel(scales=(1 / (x.shape[1] * beta**2),))
    expected = BHEP[name]["bhep"]["simple_over_n"][str(beta)]
    assert biased_mmd(x, kernel).item() == pytest.approx(expected, rel=1e-5)  # the other program computes in float32


@KERNELS
def test_unbiased_at_the_normal_law_and_positive_beside_it(kernel):
    values = torch.stack([mmd(normal(20, 5, seed), kernel) for seed in range(400)])
    assert abs(values.mean()) < 4 * values.std() / 20
    assert mmd(normal(200, 5) + 1, kernel) > 10 * values.std()
    assert (torch.stack([biased_mmd(normal(20, 5, seed), kernel) for seed in range(20)]) > 0).all()


@KERNELS
def test_without_noise_it_is_the_mean_of_the_two_sample_form(kernel):
    z = normal(30, 4) * 0.7
    noisy = torch.stack([two_sample_mmd(z, normal(30, 4, 1 + seed), kernel) for seed in range(300)])
    error = 4 * noisy.std().item() / math.sqrt(300)
    assert mmd(z, kernel).item() == pytest.approx(noisy.mean().item(), abs=error)


@KERNELS
def test_gradients(kernel):
    z, y = normal(7, 3).requires_grad_(), normal(6, 3, 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: mmd(z, kernel), z)
    assert torch.autograd.gradcheck(lambda z: biased_mmd(z, kernel), z)
    assert torch.autograd.gradcheck(lambda z, y: two_sample_mmd(z, y, kernel), (z, y))


@KERNELS
def test_single_precision_and_far_samples_stay_finite(kernel):
    z = normal(50, 64).float()
    z[0] *= 1000
    z.requires_grad_()
    value = mmd(z, kernel)
    value.backward()
    assert torch.isfinite(z.grad).all()
    assert value.item() == pytest.approx(mmd(z.detach().double(), kernel).item(), abs=1e-4)


def test_training_with_it_finds_mean_and_scale():
    x = normal(200, 2)
    shift, scale = (torch.full((2,), start, dtype=torch.float64, requires_grad=True) for start in (2.0, 0.3))
    optimiser = torch.optim.Adam([shift, scale], lr=0.2)
    for _ in range(50):
        optimiser.zero_grad()
        mmd(x * scale + shift).backward()
        optimiser.step()
    z = (x * scale + shift).detach()
    # three standard errors of mean and standard deviation of 200 samples
    assert z.mean(0).abs().max() < 0.2
    assert (z.std(0) - 1).abs().max() < 0.15


def test_what_cannot_be():
    with pytest.raises(EstimatorError, match="mmd: expected at least 2 samples, got 1"):
        mmd(normal(1, 3))
    for scales in ((), (0.0, 1.0)):
        with pytest.raises(ConfigError, match="scales must be one or more positive numbers"):
            GaussianKernel(scales=scales)
