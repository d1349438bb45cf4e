"""The kernel distance against loops, torchmetrics and exact moments; its error bar by its coverage."""

import warnings
from math import comb

import numpy as np
import pytest
import torch
from torch import nn

from gausslab.errors import EstimatorError
from gausslab.quality import kernel_distance as package_function
from gausslab.quality.kernel import kernel_distance

REPLICATES = 400


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def kernel(x, y):
    return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3


def looped(first, second):
    """The definition, written out."""
    first, second = first.tolist(), second.tolist()
    within = [
        np.mean([kernel(x, y) for i, x in enumerate(z) for j, y in enumerate(z) if i != j]) for z in (first, second)
    ]
    return sum(within) - 2 * np.mean([kernel(x, y) for x in first for y in second])


def jackknifed(first, second):
    """Its jackknife, sample by sample."""
    variance = 0.0
    for own, other in ((first, second), (second, first)):
        values = [looped(torch.cat([own[:i], own[i + 1 :]]), other) for i in range(len(own))]
        variance += (len(own) - 1) * np.var(values)
    return variance


def test_loops():
    x, y = normal(7, 3), normal(5, 3, seed=1) + 1
    # the same sums in another order, of values of about 10
    assert kernel_distance(x, y).value == pytest.approx(looped(x, y), rel=1e-11)
    assert package_function is kernel_distance


def test_the_error_far_from_equal_is_the_jackknifes():
    """Where the part of pairs is negligible: two laws of one feature, 4 apart, spread little."""
    x, y = 0.01 * normal(20, 1) + 2, 0.01 * normal(15, 1, seed=1) - 2
    found = kernel_distance(x, y)
    # the part that is taken off is a thousandth at a spread of a hundredth
    assert found.standard_error**2 == pytest.approx(jackknifed(x, y), rel=1e-3)


def test_tiles_do_not_matter(monkeypatch):
    x, y = normal(50, 3), normal(41, 3, seed=1)
    whole = kernel_distance(x, y)
    monkeypatch.setattr("gausslab.quality.kernel.TILE", 7)
    # sums in another order, of values a thousand times the distance
    assert kernel_distance(x, y) == pytest.approx(whole, rel=1e-9)


def test_symmetric():
    x, y = normal(30, 3), normal(20, 3, seed=1)
    assert kernel_distance(x, y) == pytest.approx(kernel_distance(y, x), rel=1e-10)


def test_against_torchmetrics():
    x, y = normal(40, 3, 2, 2), 1.2 * normal(40, 3, 2, 2, seed=1) + 0.3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what is not installed
        from torchmetrics.image.kid import KernelInceptionDistance

        module = KernelInceptionDistance(feature=nn.Flatten(), normalize=True, subsets=1, subset_size=40)
        module.set_dtype(torch.float64)
        module.update(x, real=True)
        module.update(y, real=False)
        with torch.random.fork_rng(devices=[]):
            expected = module.compute()[0].item()
    # its result is float32
    assert kernel_distance(x.flatten(1), y.flatten(1)).value == pytest.approx(expected, rel=1e-6)


def exact(shift, scale):
    """Of N(0, 1) and N(shift, scale^2), from their moments: the kernel is a sum of comb(3, k) x^k y^k."""
    zero = (0, 1, 0)
    other = (shift, shift**2 + scale**2, shift**3 + 3 * shift * scale**2)
    return sum(comb(3, k) * (zero[k - 1] - other[k - 1]) ** 2 for k in (1, 2, 3))


def replicated(n, m, features, shift=0.0, scale=1.0):
    """Values and errors over samples of two laws."""
    found = [
        kernel_distance(normal(n, features, seed=i), shift + scale * normal(m, features, seed=REPLICATES + i))
        for i in range(REPLICATES)
    ]
    return np.array(found).T


@pytest.mark.parametrize(("n", "m"), [(80, 80), (150, 60)])
@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.15, 1.0), (1.0, 0.7)], ids=["equal", "near", "far"])
def test_unbiased_and_covered(n, m, shift, scale):
    values, errors = replicated(n, m, 1, shift, scale)
    truth = exact(shift, scale)
    assert abs(values.mean() - truth) < 4 * values.std() / REPLICATES**0.5
    # .95 less four binomial errors of .011; skewness costs far laws some, and near ones are on the safe side
    assert np.mean(np.abs(values - truth) < 2 * errors) > 0.9


def test_the_error_of_laws_far_apart():
    values, errors = replicated(150, 60, 1, 1.0, 0.7)
    # sixth moments: the variance of 400 values is known to a fifth
    assert np.mean(errors**2) == pytest.approx(values.var(), rel=0.4)


def test_the_error_of_equal_laws():
    """Of 64 features, as of a small network; the jackknife alone would be twice the variance."""
    values, errors = replicated(60, 60, 64)
    # a fifth too large, as documented; the variance of 400 values is known to .07
    assert 0.9 < np.mean(errors**2) / values.var() < 1.5
    assert abs(values.mean()) < 4 * values.std() / REPLICATES**0.5
    assert np.mean(np.abs(values) < 2 * errors) > 0.92


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (torch.zeros(3, 2), torch.zeros(9, 2), "expected at least 4 samples of either set, got 3 and 9"),
        (torch.zeros(9, 2), torch.zeros(9, 3), "got 2 features and 3, expected equal"),
        (torch.full((9, 2), float("nan")), torch.zeros(9, 2), "expected finite features, got NaN or infinity"),
    ],
)
def test_what_cannot_be(first, second, message):
    with pytest.raises(EstimatorError, match=f"kernel_distance: {message}"):
        kernel_distance(first, second)


def test_constant_features_have_no_distance_and_no_error():
    assert kernel_distance(torch.ones(9, 2), torch.ones(8, 2)) == pytest.approx((0, 0), abs=1e-6)  # root of rounding
