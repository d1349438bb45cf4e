"""Known divergences against independent computations: scipy's densities, and plain averages of log ratios."""

import math

import numpy as np
import pytest
from scipy import stats

from gausslab.errors import ConfigError
from gausslab.laws import HALF_LOG_2_PI_E, LAWS, get, relative_shell, rotation, thin_shell
from gausslab.seeding import numpy_generator

EVERY = pytest.mark.parametrize("name", sorted(LAWS))
SAMPLES = 40_000


def averaged(log_density, x):
    """Mean log ratio of a density to N(0, I) over samples, and its standard error."""
    ratios = log_density(x) - stats.norm.logpdf(x).sum(1)
    return ratios.mean(), ratios.std() / math.sqrt(len(x))


def unit_density(law):
    return lambda x: law.logpdf(x * law.std() + law.mean()).sum(1) + x.shape[1] * math.log(law.std())


def turned(log_density):
    return lambda x: log_density(x @ rotation(x.shape[1]).T)


def t_density(x):
    return stats.multivariate_t(shape=np.eye(x.shape[1]) * 3 / 5, df=5).logpdf(x)


def cluster_density(x):
    mean = 2 / math.sqrt(x.shape[1])
    scale = math.sqrt(1 + mean**2)
    each = [stats.norm.logpdf(x * scale + side * mean).sum(1) for side in (-1, 1)]
    return np.logaddexp(*each) - math.log(2) + x.shape[1] * math.log(scale)


def bimodal_density(x):
    first = [stats.norm.logpdf(x[:, 0] * math.sqrt(5) + side * 2) for side in (-1, 1)]
    return np.logaddexp(*first) - math.log(2) + math.log(5) / 2 + stats.norm.logpdf(x[:, 1:]).sum(1)


def shell_density(x):
    units = x.shape[1]
    chi, radii = stats.chi(units), np.linalg.norm(x, axis=1)
    scale = math.sqrt(units / (chi.mean() ** 2 + chi.var() / 4))
    before = chi.mean() + (radii / scale - chi.mean()) * 2
    return chi.logpdf(before) + math.log(2 / scale) - chi.logpdf(radii) + stats.norm.logpdf(x).sum(1)


def correlated_density(x):
    units = x.shape[1]
    return stats.multivariate_normal(cov=0.7 * np.eye(units) + 0.3 * np.ones((units, units))).logpdf(x)


DENSITIES = {
    "gaussian": unit_density(stats.norm()),
    "correlated": correlated_density,
    "t10": unit_density(stats.t(10)),
    "t5": unit_density(stats.t(5)),
    "t5-elliptical": t_density,
    "cube": unit_density(stats.uniform()),
    "cube-rotated": turned(unit_density(stats.uniform(-1e-9, 1 + 2e-9))),
    "laplace": unit_density(stats.laplace()),
    "laplace-rotated": turned(unit_density(stats.laplace())),
    "clusters": cluster_density,
    "bimodal-direction": turned(bimodal_density),
    "thin-shell": shell_density,
}


@EVERY
@pytest.mark.parametrize("units", [1, 2, 8])
def test_the_divergence_is_the_mean_log_ratio_of_the_densities(name, units):
    x = get(name).draw(numpy_generator(1, name), SAMPLES, units)
    value, error = averaged(DENSITIES[name], x)
    assert get(name).kl(units) == pytest.approx(value, abs=4 * error + 1e-6)


@EVERY
def test_units_have_mean_0_and_variance_1(name):
    x = get(name).draw(numpy_generator(2, name), SAMPLES, 6)
    spread = np.sqrt(((x**2 - 1) ** 2).mean(0) / SAMPLES)
    assert (np.abs(x.mean(0)) < 5 / math.sqrt(SAMPLES)).all()
    assert (np.abs(x.var(0) - 1) < 5 * spread + 1e-9).all()


@EVERY
def test_negentropy_is_the_divergence_less_that_of_the_moments(name):
    x = get(name).draw(numpy_generator(3, name), SAMPLES, 6)
    centred = x - x.mean(0)
    _, log_determinant = np.linalg.slogdet(np.corrcoef(x.T))
    fourth = ((np.linalg.norm(centred, axis=1) ** 2 - 6) ** 2).mean()
    tolerance = 5 * math.sqrt(fourth / SAMPLES)
    assert get(name).kl(6) - get(name).negentropy(6) == pytest.approx(-log_determinant / 2, abs=tolerance)
    assert get(name).negentropy(6) >= 0


@pytest.mark.parametrize("name", sorted(LAWS))
def test_a_single_units_negentropy_is_that_of_the_law_in_one_dimension(name):
    if name in ("gaussian", "correlated", "t10", "t5", "t5-elliptical", "cube", "laplace"):
        assert get(name).marginal_negentropy(7) == pytest.approx(7 * get(name).negentropy(1), abs=1e-9)
        assert get(name).marginal_negentropy(7) + get(name).dependence(7) == pytest.approx(get(name).negentropy(7))
    elif name == "clusters":  # two clusters one per unit's standard deviation apart, by quadrature on a grid
        y = np.linspace(-12, 12, 200_001)
        mean = 2 / math.sqrt(7)
        density = (stats.norm.pdf(y - mean) + stats.norm.pdf(y + mean)) / 2
        entropy = -np.trapezoid(density * np.log(density), y)
        gaussian = math.log(2 * math.pi * math.e * (1 + mean**2)) / 2
        assert get(name).marginal_negentropy(7) == pytest.approx(7 * (gaussian - entropy), abs=1e-8)
    else:
        assert get(name).marginal_negentropy(7) is None
        assert get(name).dependence(7) is None


def test_rotated_laws_are_turned_by_the_same_rotation_each_time():
    assert np.array_equal(rotation(5), rotation(5))
    np.testing.assert_allclose(rotation(5) @ rotation(5).T, np.eye(5), atol=1e-12)
    plain = get("cube").draw(numpy_generator(0, "x"), 10, 5)
    np.testing.assert_allclose(get("cube-rotated").draw(numpy_generator(0, "x"), 10, 5), plain @ rotation(5))


@pytest.mark.parametrize("units", [2, 8, 32])
@pytest.mark.parametrize("width", [0.02, 0.1])
def test_a_relative_shells_entropy_is_the_mean_surprise_of_its_density(units, width):
    """The density in polar coordinates, by scipy; and E r^2 = d, on which the divergence rests."""
    law = relative_shell("shell", width)
    x = law.draw(numpy_generator(4, f"{units}"), SAMPLES, units)
    radii, scale = np.linalg.norm(x, axis=1), math.sqrt(units / (1 + width**2))
    of_radius = stats.norm(scale, scale * width)
    area = math.log(2) + units / 2 * math.log(math.pi) - math.lgamma(units / 2)
    surprise = -of_radius.logpdf(radii) + (units - 1) * np.log(radii) + area
    assert law.entropy(units) == pytest.approx(surprise.mean(), abs=4 * surprise.std() / math.sqrt(SAMPLES))
    assert law.kl(units) == pytest.approx(units * HALF_LOG_2_PI_E - law.entropy(units), abs=1e-12)
    assert stats.kstest(radii, of_radius.cdf).pvalue > 1e-4
    squares = radii**2
    assert squares.mean() == pytest.approx(units, abs=4 * squares.std() / math.sqrt(SAMPLES))


@pytest.mark.parametrize("width", [0.05, 0.1])
def test_a_relative_shells_divergence_is_that_of_its_radius(width):
    """Directions are uniform in both laws: KL is the integral over the radius, here by the trapezoidal rule."""
    for units in (2, 64):
        scale = math.sqrt(units / (1 + width**2))
        r = scale * (1 + width * np.linspace(-9, 9, 40_001))
        log_density = stats.norm(scale, scale * width).logpdf(r)
        expected = np.trapezoid(np.exp(log_density) * (log_density - stats.chi(units).logpdf(r)), r)
        assert relative_shell("shell", width).kl(units) == pytest.approx(expected, abs=1e-8)


def test_a_shells_spread_can_be_chosen_and_that_of_a_gaussian_is_none():
    assert thin_shell("shell", 1.0).kl(8) == pytest.approx(0, abs=1e-9)
    assert thin_shell("shell", 0.1).kl(8) > thin_shell("shell", 0.2).kl(8) > get("thin-shell").kl(8)
    radii = np.linalg.norm(thin_shell("shell", 0.2).draw(numpy_generator(0, "x"), SAMPLES, 32), axis=1)
    ratio = radii.std() / stats.chi(32).std()
    assert ratio == pytest.approx(0.2, rel=0.02)  # 5 standard errors of a standard deviation are 1.8 %; the scale .1 %


def test_shells_that_make_no_sense():
    with pytest.raises(ConfigError, match=r"width must be a number above 0 and at most 0\.1, got 0\.2"):
        relative_shell("shell", 0.2)
    with pytest.raises(ConfigError, match=r"spread must be a number above 0, got 0\.0"):
        thin_shell("shell", 0.0)


def test_unknown_law():
    with pytest.raises(ConfigError, match=r"unknown law 'cub'; did you mean 'cube'\?"):
        get("cub")
