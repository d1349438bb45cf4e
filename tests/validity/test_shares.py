"""Shares against scipy's binomial test, and the beta-binomial p by quadrature over the Beta law."""

import numpy as np
import pytest
from scipy import stats

from gausslab.validity.shares import Beta, at_least_p, beta_binomial_p, binomial_p, clopper_pearson

COUNTS = [(0, 60), (1, 60), (7, 60), (60, 60), (50, 1000), (71, 1000), (3, 10)]


def test_limits_are_those_of_scipy():
    found = clopper_pearson(*np.array(COUNTS).T)
    for low, high, (count, total) in zip(*found, COUNTS, strict=True):
        expected = stats.binomtest(count, total).proportion_ci(0.95)
        assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("count", "total"), COUNTS)
def test_binomial_p_is_that_of_scipy(count, total):
    for share in (0.05, 0.95):
        assert binomial_p(count, total, share) == pytest.approx(stats.binomtest(count, total, share).pvalue, rel=1e-6)
    greater = stats.binomtest(count, total, 0.025, alternative="greater").pvalue
    assert at_least_p(count, total, 0.025) == pytest.approx(greater, rel=1e-9)


@pytest.mark.parametrize("count", [0, 3, 9, 20])
def test_beta_binomial_p_is_the_mean_over_the_shares(count):
    total, share = 60, Beta(10, 190)
    points, weights = np.polynomial.legendre.leggauss(400)  # on [0, 0.3], which holds all but 1e-12 of the law
    sizes, weights = (points + 1) * 0.15, weights * 0.15
    mixed = stats.beta.pdf(sizes, *share) * weights @ stats.binom.pmf(np.arange(total + 1), total, sizes[:, None])
    expected = mixed[mixed <= mixed[count] * (1 + 1e-7)].sum()
    assert beta_binomial_p(count, total, share) == pytest.approx(expected, rel=1e-6)


def test_a_share_that_is_nearly_fixed_is_binomial():
    assert beta_binomial_p(71, 1000, Beta(5e6, 95e6)) == pytest.approx(binomial_p(71, 1000, 0.05), rel=1e-2)
