"""One Gaussian and mixtures of them, against NumPy and scipy."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.densities import LatentCodes, fit, sampler
from gausslab.errors import EstimatorError
from gausslab.seeding import numpy_generator

MIXING = np.array([[2, 0, 0], [0.8, 1, 0], [-0.5, 0.3, 0.7]])
SHIFT = np.array([1, -2, 100])
SAMPLES = 40_000


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float64))


def correlated(samples, seed=0):
    return numpy_generator(seed, "correlated").standard_normal((samples, 3)) @ MIXING.T + SHIFT


def clustered(samples, seed=0):
    """Four well separated clusters of different weights and shapes."""
    generator = numpy_generator(seed, "clustered")
    centres = np.array([[0, 6, 0], [6, 0, 0], [0, 0, 6], [-6, -6, -6]])
    kinds = generator.choice(4, samples, p=[0.4, 0.3, 0.2, 0.1])
    noise = generator.standard_normal((samples, 3))
    return centres[kinds] + np.where(kinds[:, None] % 2 == 0, noise, noise @ MIXING.T)


def drawn(density, count=SAMPLES):
    return density.sample(count, torch.Generator().manual_seed(1)).numpy()


def assert_moments(x, mean, covariance):
    """Within five standard errors, those of the products from the samples themselves: 12 numbers are compared."""
    centred = x - mean
    products = centred[:, :, None] * centred[:, None, :]
    assert (np.abs(centred.mean(0)) < 5 * x.std(0) / math.sqrt(len(x))).all()
    assert (np.abs(products.mean(0) - covariance) < 5 * products.std(0) / math.sqrt(len(x))).all()


def test_a_gaussian_has_the_moments_of_the_codes():
    x = correlated(300)
    density = fit("mvg", LatentCodes(tensor(x)), 0)
    np.testing.assert_allclose(density.mean, x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(density.covariance, np.cov(x.T), rtol=1e-9)
    assert_moments(drawn(density), x.mean(0), np.cov(x.T))


def test_a_gaussian_is_gaussian():
    """Squared Mahalanobis distances follow chi-squared(3); 1.95 / sqrt(n) is exceeded once in a thousand times."""
    density = fit("mvg", LatentCodes(tensor(correlated(300))), 0)
    centred = drawn(density) - density.mean.numpy()
    distances = np.einsum("ni,ij,nj->n", centred, np.linalg.inv(density.covariance), centred)
    assert stats.kstest(distances, stats.chi2(3).cdf).statistic < 1.95 / math.sqrt(SAMPLES)


def test_dependent_units_stay_dependent():
    x = correlated(50)
    x[:, 2] = x[:, 0] - 2 * x[:, 1]
    found = drawn(fit("mvg", LatentCodes(tensor(x)), 0))
    # the zero eigenvalue is known to 1e-16 times the largest, its root to 1e-8
    np.testing.assert_allclose(found[:, 2], found[:, 0] - 2 * found[:, 1], atol=1e-6)


@pytest.fixture(scope="module")
def mixture():
    return fit("gmm", LatentCodes(tensor(clustered(600))), 0, components=4)


def moments(mixture):
    r"""$\sum w m$ and $\sum w (S + m m^T) - \bar m \bar m^T$."""
    weights, means = mixture.weights.numpy(), mixture.means.numpy()
    mean = weights @ means
    second = sum(w * (s + np.outer(m, m)) for w, m, s in zip(weights, means, mixture.covariances.numpy(), strict=True))
    return mean, second - np.outer(mean, mean)


def log_density(mixture, x):
    parts = [
        math.log(w) + stats.multivariate_normal(m, s).logpdf(x)
        for w, m, s in zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    ]
    return np.logaddexp.reduce(parts)


def test_samples_of_a_mixture_have_its_moments(mixture):
    assert_moments(drawn(mixture), *moments(mixture))


def test_samples_of_a_mixture_follow_its_clusters_and_come_in_no_order(mixture):
    x, others = drawn(mixture), clustered(SAMPLES, seed=2)
    # the codes are 600, so a component's share is known to sqrt(.25 / 600) = .02: four of these
    centres = mixture.means.numpy()
    nearest, expected = (np.argmin(((y[:, None] - centres) ** 2).sum(2), 1) for y in (x, others))
    np.testing.assert_allclose(np.bincount(nearest) / SAMPLES, np.bincount(expected) / SAMPLES, atol=0.08)
    halves = np.bincount(nearest[: SAMPLES // 2], minlength=4), np.bincount(nearest[SAMPLES // 2 :], minlength=4)
    assert (np.abs(halves[0] - halves[1]) < 4 * np.sqrt(halves[0] + halves[1])).all()


def test_a_mixture_is_likelier_than_one_gaussian_on_clusters_it_has_not_seen(mixture):
    others = clustered(2000, seed=3)
    one = fit("mvg", LatentCodes(tensor(clustered(600))), 0)
    gain = log_density(mixture, others) - stats.multivariate_normal(one.mean, one.covariance).logpdf(others)
    assert gain.mean() > 5 * gain.std() / math.sqrt(len(gain))
    # the truth: each cluster has its own density, known here; 39 numbers of 600 samples cost 39 / 1200 = .03 nats
    centres = [[0, 6, 0], [6, 0, 0], [0, 0, 6], [-6, -6, -6]]
    shapes = [np.eye(3), MIXING @ MIXING.T] * 2
    parts = zip((0.4, 0.3, 0.2, 0.1), centres, shapes, strict=True)
    truth = np.logaddexp.reduce([math.log(w) + stats.multivariate_normal(m, s).logpdf(others) for w, m, s in parts])
    assert (truth - log_density(mixture, others)).mean() < 0.1


def test_one_component_is_the_population_covariance_and_the_regularisation():
    x = correlated(300)
    found = fit("gmm", LatentCodes(tensor(x)), 0, components=1, regularisation=0.5)
    np.testing.assert_allclose(found.means[0], x.mean(0), rtol=1e-9)
    np.testing.assert_allclose(found.covariances[0], np.cov(x.T, bias=True) + 0.5 * np.eye(3), rtol=1e-9)
    assert found.weights.tolist() == pytest.approx([1.0])


def test_units_that_never_vary_get_the_variance_of_the_regularisation():
    x = clustered(400)
    x[:, 1] = 3.0
    found = drawn(fit("gmm", LatentCodes(tensor(x)), 0, components=2))[:, 1]
    assert found.mean() == pytest.approx(3, abs=1e-4)
    assert found.std() == pytest.approx(1e-3, rel=4 / math.sqrt(2 * SAMPLES))


def test_whether_it_converged_is_told_without_a_warning(mixture):
    assert mixture.converged
    cut = fit("gmm", LatentCodes(tensor(correlated(300))), 0, components=5, iterations=1)
    assert (cut.converged, cut.iterations) == (False, 1)


def test_a_coarser_tolerance_stops_sooner():
    codes = LatentCodes(tensor(correlated(300)))
    fine, coarse = (fit("gmm", codes, 0, components=3, tolerance=tolerance) for tolerance in (1e-6, 0.1))
    assert coarse.converged
    assert coarse.iterations < fine.iterations


def test_defaults_are_the_published_ones():
    found = sampler("gmm")
    assert (found.components, found.tolerance, found.iterations, found.regularisation) == (10, 1e-3, 2000, 1e-6)


def test_fewer_distinct_codes_than_components_give_no_warning_either():
    x = tensor(np.repeat(clustered(3), 20, axis=0))
    found = fit("gmm", LatentCodes(x), 0, components=5)
    assert torch.isfinite(found.sample(50, torch.Generator())).all()


def test_fewer_codes_than_components():
    with pytest.raises(EstimatorError, match=r"^gmm: expected at least 10 samples, got 8$"):
        fit("gmm", LatentCodes(tensor(correlated(8))), 0)


def test_a_fit_that_breaks_down_is_told_in_one_line():
    x = correlated(60) * 1e9
    x[:, 2] = x[:, 0]
    with pytest.raises(EstimatorError, match=r"^gmm: scikit-learn cannot fit it \(ValueError: .*\)$"):
        fit("gmm", LatentCodes(tensor(x)), 0, components=2, regularisation=0.0)
