"""The two laws that are not fitted, against scipy's and their moments."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.densities import LatentCodes, fit

SAMPLES = 40_000


def drawn(name):
    """From codes that look nothing like it."""
    codes = LatentCodes(7 + 3 * torch.rand(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    return fit(name, codes, 0).sample(SAMPLES, torch.Generator().manual_seed(1)).numpy()


@pytest.mark.parametrize(("name", "law"), [("isotropic", stats.norm()), ("laplace", stats.laplace())])
def test_every_unit_follows_its_law_and_no_other_unit(name, law):
    x = drawn(name)
    for unit in x.T:
        # 1.95 / sqrt(n) is exceeded once in a thousand times
        assert stats.kstest(unit, law.cdf).statistic < 1.95 / math.sqrt(SAMPLES)
    mean, variance, _, excess = law.stats("mvsk")
    error = 4 * math.sqrt(variance / SAMPLES)
    np.testing.assert_allclose(x.mean(0), mean, atol=error)
    np.testing.assert_allclose(x.var(0), variance, atol=4 * variance * math.sqrt((excess + 2) / SAMPLES))
    np.testing.assert_allclose(np.corrcoef(x.T), np.eye(3), atol=4 / math.sqrt(SAMPLES))


def test_the_laplace_law_has_mean_absolute_value_1():
    # |x| is exponential: its standard deviation is 1
    np.testing.assert_allclose(np.abs(drawn("laplace")).mean(0), 1, atol=4 / math.sqrt(SAMPLES))


def test_isotropic_draws_are_the_generators_own():
    density = fit("isotropic", LatentCodes(torch.zeros(1, 6)), 0)
    own = torch.randn(9, 6, generator=torch.Generator().manual_seed(3))
    assert torch.equal(density.sample(9, torch.Generator().manual_seed(3)), own)
