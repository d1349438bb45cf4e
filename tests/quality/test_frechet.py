"""The Frechet distance against closed forms, scipy's matrix square root and torchmetrics; moments against NumPy."""

import warnings

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import nn

from gausslab.errors import EstimatorError
from gausslab.quality import FeatureStatistics, frechet_distance


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def covariance(features, seed, rank=None):
    factor = normal(features, features if rank is None else rank, seed=seed)
    return factor @ factor.T


def statistics(covariance, mean=None):
    return FeatureStatistics(n=100, mean=torch.zeros(len(covariance)).double() if mean is None else mean,
                             covariance=covariance)  # fmt: skip


def by_square_root(first, second):
    root = sqrtm(first.covariance.numpy() @ second.covariance.numpy())
    shift = ((first.mean - second.mean) ** 2).sum().item()
    return shift + np.trace(first.covariance.numpy() + second.covariance.numpy() - 2 * root.real)


# The distance


def test_shift_alone():
    shared, shift = covariance(5, 0), normal(5)
    found = frechet_distance(statistics(shared), statistics(shared, shift))
    assert found == pytest.approx(shift.square().sum().item(), rel=1e-12)


def test_diagonal():
    one, other = normal(6).abs(), normal(6, seed=1).abs()
    found = frechet_distance(statistics(torch.diag(one)), statistics(torch.diag(other)))
    assert found == pytest.approx((one.sqrt() - other.sqrt()).square().sum().item(), rel=1e-12)


def test_commuting():
    """Of equal eigenvectors: as diagonal ones."""
    basis = torch.linalg.qr(normal(7, 7)).Q
    one, other = normal(7, seed=1).abs(), normal(7, seed=2).abs()
    found = frechet_distance(*(statistics(basis @ torch.diag(each) @ basis.T) for each in (one, other)))
    assert found == pytest.approx((one.sqrt() - other.sqrt()).square().sum().item(), rel=1e-11)


@pytest.mark.parametrize("seed", range(5))
def test_not_commuting(seed):
    first = statistics(covariance(8, seed), normal(8, seed=seed))
    second = statistics(covariance(8, 10 + seed), normal(8, seed=20 + seed))
    # scipy's root of the product, which has no symmetry, is good to about 1e-9
    assert frechet_distance(first, second) == pytest.approx(by_square_root(first, second), rel=1e-8)


def test_two_rank_one_covariances():
    """Of uu' and vv', closed form: |u|^2 + |v|^2 - 2 |u.v|; square roots of eigenvalues near 0 would err by 1e-8."""
    u, v = normal(50), normal(50, seed=1)
    found = frechet_distance(statistics(torch.outer(u, u)), statistics(torch.outer(v, v)))
    assert found == pytest.approx((u @ u + v @ v - 2 * (u @ v).abs()).item(), rel=1e-12)


def test_lacking_rank():
    """The root of the product of the small Gram matrices is that of the covariances: fewer samples than features."""
    x, y = normal(10, 40), 0.5 * normal(12, 40, seed=1)
    x, y = x - x.mean(0), y - y.mean(0)
    cross = np.linalg.svd((x @ y.T).numpy() / np.sqrt(9 * 11), compute_uv=False).sum()
    expected = x.square().sum().item() / 9 + y.square().sum().item() / 11 - 2 * cross
    assert frechet_distance(FeatureStatistics.of(x), FeatureStatistics.of(y)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rank", [None, 3], ids=["full", "lacking"])
def test_identical_is_zero_and_never_negative(rank):
    one = statistics(covariance(60, 0, rank))
    # rounding: 60 features of 2e-16 times the trace
    assert 0 <= frechet_distance(one, one) < 1e-13 * one.covariance.trace()


def test_constant_features_differ_by_their_means_alone():
    one, other = torch.ones(5, 3), torch.full((4, 3), 3.0)
    assert frechet_distance(FeatureStatistics.of(one), FeatureStatistics.of(other)) == 12


def test_symmetric_and_scaled_by_the_square():
    first, second = (statistics(covariance(6, seed), normal(6, seed=seed)) for seed in (0, 1))
    found = frechet_distance(first, second)
    assert frechet_distance(second, first) == pytest.approx(found, rel=1e-12)
    doubled = [statistics(4 * each.covariance, 2 * each.mean) for each in (first, second)]
    assert frechet_distance(*doubled) == pytest.approx(4 * found, rel=1e-12)


def test_against_torchmetrics():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what is not installed
        from torchmetrics.image.fid import FrechetInceptionDistance

        module = FrechetInceptionDistance(feature=nn.Flatten(), normalize=True, input_img_size=(3, 2, 2))
        module.set_dtype(torch.float64)
        x, y = normal(60, 3, 2, 2), 1.3 * normal(70, 3, 2, 2, seed=1) + 0.2
        module.update(x, real=True)
        module.update(y, real=False)
        expected = module.compute().item()
    found = frechet_distance(*(FeatureStatistics.of(each.flatten(1)) for each in (x, y)))
    assert found == pytest.approx(expected, rel=1e-9)  # eigenvalues of a matrix without symmetry, all far from 0


def test_sampling_only_adds():
    """Of one law, it falls with n as 1/n."""
    means = [
        np.mean([frechet_distance(*(FeatureStatistics.of(normal(n, 20, seed=2 * i + k)) for k in (0, 1)))
                 for i in range(10)])
        for n in (200, 800)
    ]  # fmt: skip
    assert means[0] / means[1] == pytest.approx(4, rel=0.2)  # the means of ten have relative errors below 5%


@pytest.mark.usefixtures("unchecked")
def test_other_features_are_refused():
    with pytest.raises(EstimatorError, match="frechet_distance: got 3 features and 4, expected equal"):
        frechet_distance(statistics(covariance(3, 0)), statistics(covariance(4, 0)))


# The statistics


def test_moments_are_numpys():
    x = normal(30, 4)
    found = FeatureStatistics.of(x)
    assert found.n == 30
    np.testing.assert_allclose(found.mean, x.numpy().mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(x.numpy(), rowvar=False), rtol=1e-12)


@pytest.mark.parametrize("sizes", [(1, 29), (10, 0, 20), (1,) * 30])
def test_streamed_and_merged_lose_no_digits(sizes):
    """A mean of a million would cost sums of squares twelve of sixteen digits."""
    x = normal(30, 4) + 1e6
    expected = np.cov(x.numpy(), rowvar=False)
    # a mean of 1e6 is rounded by 1e-10, a deviation of 1 from it likewise
    streamed = FeatureStatistics.streamed(x.split(sizes))
    np.testing.assert_allclose(streamed.covariance, expected, atol=1e-9)
    merged = FeatureStatistics.of(x[:10]).merged(FeatureStatistics.of(x[10:]))
    np.testing.assert_allclose(merged.covariance, expected, atol=1e-9)
    assert merged.n == streamed.n == 30
    np.testing.assert_allclose(merged.mean, x.numpy().mean(0), rtol=1e-15)


def test_single_precision_features_have_exact_statistics():
    x = normal(30, 4).float()
    assert torch.equal(FeatureStatistics.of(x).covariance, FeatureStatistics.of(x.double()).covariance)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (torch.zeros(0, 3), "expected at least 2 samples, got 0"),
        (torch.zeros(1, 3), "expected at least 2 samples, got 1"),
        (torch.tensor([[0.0], [float("nan")]]), "expected finite features, got NaN or infinity"),
        (torch.tensor([[0.0], [float("inf")]]), "expected finite features, got NaN or infinity"),
        (torch.zeros(2, 2049), "at most 2048 features have their covariance kept, got 2049"),
    ],
)
def test_what_cannot_be(features, message):
    with pytest.raises(EstimatorError, match=f"feature statistics: {message}"):
        FeatureStatistics.of(features)
