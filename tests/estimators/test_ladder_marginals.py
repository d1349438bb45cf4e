"""One-dimensional densities: quadrature, derivatives by differences, and scipy's laws are the references."""

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.integrate import quad

from gausslab.estimators.ladder.marginals import Marginals, chosen_marginals, fit_marginals, fit_normal
from gausslab.estimators.ladder.piecewise import Piecewise, exponential_integrals, fit_piecewise, probabilities
from gausslab.seeding import numpy_generator

SD = {"normal": stats.norm(), "uniform": stats.uniform(-(3**0.5), 2 * 3**0.5), "laplace": stats.laplace(0, 0.5**0.5)}
LAWS = {**SD, "t3": stats.t(3), "exponential": stats.expon(-1), "beta": stats.beta(0.5, 0.5)}
EVERY = pytest.mark.parametrize("law", sorted(LAWS))


def drawn(law, samples, units=3):
    values = LAWS[law].rvs((units, samples), random_state=numpy_generator(0, law))
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float64))


NODES, WEIGHTS = np.polynomial.legendre.leggauss(60)
NODES, WEIGHTS = torch.from_numpy((NODES + 1) / 2), torch.from_numpy(WEIGHTS / 2)


def integrals(fitted, factor=torch.ones_like):
    """Integrals of the densities times a factor: below the knots, between them piece by piece, above them."""
    low, width = fitted.knots[:, :-1, None], fitted.knots.diff(dim=1).unsqueeze(2)
    inside = ((low + width * NODES).flatten(1), (width * WEIGHTS).flatten(1))
    stretched = (12 * NODES).expm1() * fitted.tail_scale.unsqueeze(2)  # tails by an exponential substitution
    steps = 12 * WEIGHTS * (12 * NODES).exp() * fitted.tail_scale.unsqueeze(2)
    below = (fitted.knots[:, :1] - stretched[:, 0], steps[:, 0])
    above = (fitted.knots[:, -1:] + stretched[:, 1], steps[:, 1])
    return [(fitted.log_densities(y).exp() * factor(y) * weights).sum(1) for y, weights in (below, inside, above)]


@EVERY
@pytest.mark.parametrize("samples", [12, 300, 3000])
def test_densities_integrate_to_one(law, samples):
    fitted = fit_piecewise(drawn(law, samples))
    below, inside, above = integrals(fitted)
    torch.testing.assert_close(below + inside + above, torch.ones(3, dtype=torch.float64), rtol=1e-9, atol=0)
    torch.testing.assert_close(torch.stack([below, above], 1), fitted.tail_mass, rtol=1e-6, atol=0)


@EVERY
def test_cumulative_and_scores_are_integral_and_derivative(law):
    fitted = fit_piecewise(drawn(law, 400))
    edges = fitted.knots[:, [0, -1]]
    places = torch.linspace(-0.15, 1.15, 41, dtype=torch.float64)
    y = edges[:, :1] + (edges[:, 1:] - edges[:, :1]) * places
    step = 1e-6 * (edges[:, 1:] - edges[:, :1])
    kink = (y.unsqueeze(2) - fitted.knots.unsqueeze(1)).abs().amin(2) < 2 * step
    slope = (fitted.cumulative(y + step) - fitted.cumulative(y - step)) / (2 * step)
    torch.testing.assert_close(slope[~kink], fitted.log_densities(y).exp()[~kink], rtol=1e-5, atol=1e-7)
    fall = (fitted.log_densities(y - step) - fitted.log_densities(y + step)) / (2 * step)
    torch.testing.assert_close(fitted.scores(y)[~kink], fall[~kink], rtol=1e-5, atol=1e-6)
    assert (fitted.cumulative(y).diff(dim=1) >= 0).all()


def hats(knots):
    """The knots' hat functions, each as a function of values."""
    return [lambda y, hat=hat: torch.from_numpy(np.interp(y, knots, hat)) for hat in np.eye(len(knots))]


def test_heights_are_the_likeliest():
    y = drawn("laplace", 2000, 1)
    fitted = fit_piecewise(y)
    inside = y[(y >= fitted.knots[:, :1]) & (y <= fitted.knots[:, -1:])]
    for hat in hats(fitted.knots[0].numpy()):
        expected = integrals(fitted, hat)[1] / integrals(fitted)[1]
        # where the likelihood is highest the hats' means are those of the samples, to one pseudo-sample in 2000
        assert float(hat(inside).mean()) == pytest.approx(float(expected), abs=1 / 2000)


@pytest.mark.parametrize("power", [0, 1, 2])
def test_integrals_of_exponentials(power):
    for delta in (-40.0, -3.0, -0.03, -0.019, -1e-5, 0.0, 1e-9, 0.0199, 0.0201, 2.0, 30.0):
        found = exponential_integrals(torch.tensor([[delta]], dtype=torch.float64))[power]
        expected = quad(lambda s, delta=delta: s**power * np.exp(delta * s), 0, 1, epsabs=0, epsrel=1e-13)[0]
        assert float(found) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("samples", [6, 12, 100, 1000, 20_000])
def test_levels_are_symmetric_ascending_and_hold_the_middle(samples):
    levels = probabilities(samples)
    assert levels == sorted(set(levels))
    assert [1 - level for level in reversed(levels)] == pytest.approx(levels)
    assert 0.5 in levels


@pytest.mark.parametrize(("law", "most"), [("uniform", 0.004), ("laplace", 0.004), ("normal", 0.003)])
def test_what_a_fit_to_4000_samples_loses(law, most):
    """The loss KL(p || q) is about parameters / 2n = 14 / 8000 nats; a uniform law's edges are two samples' gaps."""
    fitted, one = fit_piecewise(drawn(law, 4000, 8)), LAWS[law]
    y = one.rvs((8, 20_000), random_state=numpy_generator(1, law))
    loss = one.logpdf(y) - fitted.log_densities(torch.from_numpy(y)).numpy()
    assert 0 < loss.mean() < most


def test_repeated_values_make_a_finite_spike():
    y = drawn("normal", 500, 2).clamp_min(0)  # half of the samples are exactly 0
    y[1, :400] = 0
    fitted = fit_piecewise(y)
    assert torch.isfinite(fitted.log_densities(y)).all()
    assert (fitted.log_densities(torch.zeros(2, 1, dtype=torch.float64)) > 3).all()


def test_no_value_is_impossible():
    fitted = fit_piecewise(drawn("uniform", 1000))
    far = torch.tensor([[-1e6, 1e6]] * 3, dtype=torch.float64)
    assert (fitted.log_densities(far) > -120).all()


def test_gaussian_units_stay_gaussian_and_others_do_not():
    y = torch.cat([drawn("normal", 1000, 20), drawn("uniform", 1000, 4)])
    kinds = {type(part.densities): part.units.tolist() for part in fit_marginals(y.T.contiguous()).parts}
    assert set(range(20, 24)) <= set(kinds[Piecewise])
    assert len(kinds[Piecewise]) < 4 + 5  # a chi-squared of 11 degrees of freedom exceeds 2 x 11 with odds of .025


def test_parts_are_put_together_in_the_order_of_the_units():
    y = torch.cat([drawn("uniform", 500, 1), drawn("normal", 500, 2), drawn("uniform", 500, 1)])
    free = torch.tensor([False, False, True, True])
    found = chosen_marginals(y, free)
    normal, piecewise = fit_normal(y), fit_piecewise(y)
    assert isinstance(found, Marginals)
    torch.testing.assert_close(found.log_densities(y)[:3], normal.log_densities(y)[:3])
    torch.testing.assert_close(found.log_densities(y)[3], piecewise.log_densities(y)[3])
    torch.testing.assert_close(found.log_density(y.T.contiguous()), found.log_densities(y).sum(0))
    torch.testing.assert_close(found.scores(y)[0], normal.scores(y)[0])
    torch.testing.assert_close(found.cumulative(y)[3], piecewise.cumulative(y)[3])


def test_normal_is_scipys():
    y = drawn("laplace", 50)
    fitted = fit_normal(y)
    for unit, row in enumerate(y.numpy()):
        law = stats.norm(*stats.norm.fit(row))
        np.testing.assert_allclose(fitted.log_densities(y)[unit], law.logpdf(row), rtol=1e-12)
        np.testing.assert_allclose(fitted.cumulative(y)[unit], law.cdf(row), rtol=1e-9)
        np.testing.assert_allclose(fitted.scores(y)[unit], (row - row.mean()) / row.var(), rtol=1e-9)
