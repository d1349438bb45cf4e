"""Doornik-Hansen's parts against scipy, and that its null law does not depend on the covariance."""

import numpy as np
import pytest
import torch
from scipy import linalg, stats

from gausslab.estimators.doornik_hansen import DoornikHansen, decorrelated, kurtosis_z, skewness_z

MIXING = np.array([[3.0, 0, 0], [2.5, 1, 0], [-4, 0.3, 0.5]])


def test_units_are_rotated_by_the_symmetric_root():
    x = np.random.default_rng(0).standard_normal((80, 3)) @ MIXING.T + [0, 9, -2]
    standard = (x - x.mean(0)) / x.std(0)
    expected = standard @ linalg.inv(linalg.sqrtm(np.corrcoef(x.T)))
    np.testing.assert_allclose(decorrelated(torch.from_numpy(x), "test").numpy(), expected, rtol=0, atol=1e-10)


def test_skewness_is_transformed_as_in_scipy():
    x = np.random.default_rng(1).gamma(3.0, size=(50, 4))
    found = skewness_z(torch.from_numpy(stats.skew(x)), 50)
    np.testing.assert_allclose(found.numpy(), stats.skewtest(x).statistic, rtol=1e-10)


def test_transformed_moments_are_standard_normal():
    y = torch.randn(100, 4000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = (y - y.mean(0)) / y.std(0, correction=0)
    skewness, kurtosis = (y**3).mean(0), (y**4).mean(0)
    for z in (skewness_z(skewness, 100), kurtosis_z(skewness, kurtosis, 100)):
        assert abs(z.mean()) < 0.07  # four standard errors: it is an approximation
        assert z.std() == pytest.approx(1, abs=0.05)


def test_scale_and_order_of_units_do_not_matter():
    x = torch.from_numpy(np.random.default_rng(2).laplace(size=(120, 3)) @ MIXING.T)
    scales = torch.tensor([1e-3, 1.0, 50.0], dtype=torch.float64)
    value = DoornikHansen().readings(x)["statistic"].value
    assert DoornikHansen().readings(x * scales + 7)["statistic"].value == pytest.approx(value, rel=1e-9)
    assert DoornikHansen().readings(x[:, [2, 0, 1]])["statistic"].value == pytest.approx(value, rel=1e-9)


def test_the_null_law_is_the_same_for_correlated_units():
    generator = np.random.default_rng(3)
    plain, mixed = (
        [
            DoornikHansen().readings(torch.from_numpy(generator.standard_normal((40, 3)) @ factor))["statistic"].value
            for _ in range(300)
        ]
        for factor in (np.eye(3), MIXING.T)
    )
    assert stats.ks_2samp(plain, mixed).pvalue > 1e-3
