"""p-values beyond the replicates, against laws whose tail is known."""

import numpy as np
import pytest
from scipy import stats

from gausslab.estimators.null_law import NullLaw
from gausslab.estimators.tails import FLOOR, generalised_pareto, surviving, tail_p_values

LEVELS = np.array([0.5, 0.1, 0.03, 5e-3, 1e-3, 3e-4])


def law_of(distribution, size=50_000, seed=0):
    return NullLaw(np.sort(distribution.rvs(size, random_state=np.random.default_rng(seed))))


@pytest.mark.parametrize("distribution", [stats.expon(), stats.chi2(2), stats.lomax(5), stats.gumbel_r()])
def test_p_is_the_survival_function(distribution):
    # at p = 3e-4 the fit to 1000 exceedances has a relative standard error of some 17 %: 3 of them
    found = tail_p_values(law_of(distribution), distribution.isf(LEVELS))
    np.testing.assert_allclose(found, LEVELS, rtol=0.5)
    np.testing.assert_allclose(found[:3], LEVELS[:3], rtol=0.1)


def test_a_gaussian_tail_is_exponential_in_the_square():
    law = law_of(stats.halfnorm())
    far = stats.halfnorm.isf([1e-6])
    assert 5e-7 < tail_p_values(law, far, power=2)[0] < 5e-6  # the factor 1 / x is not in the model
    assert tail_p_values(law, far, power=1)[0] > 1e-5  # without the power it is made too heavy, never too light


def test_p_falls_and_is_never_zero():
    law = law_of(stats.uniform())  # lighter than all it is meant for
    found = tail_p_values(law, np.linspace(0, 40, 4001))
    assert (np.diff(found) <= 0).all()
    assert found[0] == 1
    assert found[-1] == FLOOR


def test_p_is_continuous_where_the_fit_begins():
    law = law_of(stats.expon())
    start = law.largest(1000)[0]
    below, above = tail_p_values(law, np.array([start, start + 1e-12]))
    assert below == pytest.approx(1001 / 50_001)
    assert above == pytest.approx(1000 / 50_001)


def test_a_thinned_law_gives_the_same():
    law = law_of(stats.expon())
    given = stats.expon.isf(LEVELS)
    thin = law.thinned()
    assert len(thin.values) < len(law.values) / 10
    np.testing.assert_allclose(tail_p_values(thin, given), tail_p_values(law, given), rtol=5e-3)


@pytest.mark.parametrize("shape", [0.0, 0.1, 0.4])
def test_the_fit_recovers_the_law(shape):
    # asymptotic standard error of the shape about 1 / sqrt(n) and of the log scale about sqrt(2 / n): 4 of them
    excesses = np.sort(stats.genpareto.rvs(shape, scale=3.0, size=40_000, random_state=np.random.default_rng(1)))
    found, scale = generalised_pareto(excesses)
    assert found == pytest.approx(shape, abs=4 * 1.5 / 200)
    assert scale == pytest.approx(3.0, rel=4 * 1.7 / 200)
    np.testing.assert_allclose(surviving(excesses, shape, 3.0), stats.genpareto.sf(excesses, shape, scale=3.0))
