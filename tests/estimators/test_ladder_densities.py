"""Densities of many units: that they are densities, and that each family finds what it is made for."""

import math
import sys

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.decomposition import FastICA
from sklearn.mixture import GaussianMixture as SklearnMixture

from gausslab.errors import ConfigError
from gausslab.estimators.ladder import DEFAULT_RUNGS, rung
from gausslab.estimators.ladder.base import Affine, Density, Rung, best, standard_log_density, while_better
from gausslab.estimators.ladder.clusters import clustered
from gausslab.estimators.ladder.elliptical import robust_scatter
from gausslab.estimators.ladder.likelihood import polished
from gausslab.estimators.ladder.marginals import shaped_where
from gausslab.estimators.ladder.mixture import Alike, alike, fitted, shaped
from gausslab.estimators.ladder.scatter import scatter
from gausslab.estimators.ladder.search import least_gaussian_directions
from gausslab.laws import get, rotation
from gausslab.seeding import numpy_generator

EVERY = pytest.mark.parametrize("name", sorted(DEFAULT_RUNGS))
MIXING = np.array([[1.5, 0.0], [0.9, 0.6]])


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float64))


def drawn(law, samples, units, seed=0):
    return tensor(get(law).draw(numpy_generator(seed, law), samples, units))


def crescent(samples, seed=0):
    """A bent Gaussian: its units are uncorrelated and it has no independent directions."""
    x = numpy_generator(seed, "crescent").standard_normal((samples, 2))
    return tensor(np.column_stack([x[:, 0], 0.5 * x[:, 1] + (x[:, 0] ** 2 - 1) / math.sqrt(2.5)]))


def on_a_grid(density, lines=1001):
    """Integral over the plane, by the trapezoidal rule on a sinh-spaced grid to 100 standard deviations."""
    t = torch.linspace(-5.3, 5.3, lines, dtype=torch.float64)
    places, weights = t.sinh(), t.cosh() * (t[1] - t[0])
    points = torch.cartesian_prod(places, places)
    values = torch.cat([density.log_density(part) for part in points.split(100_000)]).exp()
    return float((values * torch.cartesian_prod(weights, weights).prod(1)).sum())


@EVERY
@pytest.mark.parametrize("law", ["mixed", "crescent"])
def test_every_rung_fits_a_density(name, law):
    x = tensor(np.random.default_rng(1).laplace(size=(600, 2)) @ MIXING) if law == "mixed" else crescent(600)
    found = rung(name).fit(x[:500], x[500:])
    assert isinstance(found, Density)
    # steps of the density at knots make the rule good to a grid step (1 % of a standard deviation) times their height
    assert on_a_grid(found) == pytest.approx(1, abs=0.01)


@EVERY
def test_every_rung_has_a_name_and_needs_more_samples_for_more_units(name):
    assert isinstance(rung(name), Rung)
    assert rung(name).name == name
    assert rung(name).needs(2) <= rung(name).needs(64)


@EVERY
@pytest.mark.parametrize("units", [1, 3])
def test_the_fewest_samples_suffice(name, units):
    fewest = rung(name).needs(units)
    x = drawn("laplace", fewest + 4, units)
    assert torch.isfinite(rung(name).fit(x[:fewest], x[fewest:]).log_density(x)).all()


@EVERY
def test_flat_and_dependent_units_have_finite_densities(name):
    x = drawn("laplace", 300, 4)
    x[:, 1], x[:, 2] = x[:, 0] * 2, 0.5
    assert torch.isfinite(rung(name).fit(x[:250], x[250:]).log_density(x)).all()


def test_unknown_rung():
    with pytest.raises(ConfigError, match=r"unknown rung 'gausian'; did you mean 'gaussian'\?"):
        rung("gausian")


def test_gaussian_is_scipys_and_shrinks_where_that_is_better():
    x = drawn("correlated", 5000, 3) * 2 + 1
    found = rung("gaussian").fit(x[:4000], x[4000:])
    expected = stats.multivariate_normal(x[:4000].mean(0), np.cov(x[:4000].T, bias=True)).logpdf(x)
    np.testing.assert_allclose(found.log_density(x), expected, rtol=0.05, atol=0.05)  # .01 of shrinkage may win
    few = drawn("gaussian", 300, 40)
    plain, truth = Affine(*_moments(few[:50])), standard_log_density(few[50:]).mean()
    shrunk = rung("gaussian").fit(few[:50], few[50:100]).log_density(few[100:]).mean()
    whole = (standard_log_density(plain(few[100:])) + plain.log_determinant).mean()
    assert truth - shrunk < 3 < truth - whole  # 80 parameters of 50 samples cost about .8; 860 more would cost tens


def test_a_covariance_of_few_directions_costs_little():
    """One shared direction of 64 units: 2 x 64 + 1 numbers of 400 samples, not 64 x 65 / 2 of them."""
    x, truth = drawn("correlated", 3000, 64), get("correlated").kl(64)
    ratios = rung("gaussian").fit(x[:400], x[400:500]).log_density(x[500:]) - standard_log_density(x[500:])
    assert truth - 0.8 < float(ratios.mean()) + 2 * float(ratios.std()) / 50


def _moments(x):
    whiten = scatter(x).whitening(0.0)
    return whiten.mean, whiten.matrix, whiten.log_determinant


def test_scatter_is_numpys_and_its_maps_whiten():
    x = drawn("clusters", 400, 5) @ tensor(np.diag([1, 2, 3, 4, 5.0]))
    found, weights = scatter(x), torch.rand(400, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2
    for shrinkage in (0.0, 0.3, 1.0):
        covariance = np.cov(x.T, bias=True)
        shrunk = (1 - shrinkage) * covariance + shrinkage * np.diag(np.diag(covariance))
        whiten = found.whitening(shrinkage)
        np.testing.assert_allclose(whiten.matrix @ tensor(shrunk) @ whiten.matrix.T, np.eye(5), atol=1e-10)
        assert whiten.log_determinant == pytest.approx(-np.linalg.slogdet(shrunk)[1] / 2, rel=1e-10)
        assert float(torch.linalg.slogdet(whiten.matrix)[1]) == pytest.approx(whiten.log_determinant, rel=1e-10)
    for rank in (1, 2):
        values, axes = np.linalg.eigh(np.corrcoef(x.T))
        values[:-rank] = values[:-rank].mean()
        spiked = np.diag(x.numpy().std(0)) @ axes @ np.diag(values) @ axes.T @ np.diag(x.numpy().std(0))
        whiten = found.spiked(rank)
        np.testing.assert_allclose(whiten.matrix @ tensor(spiked) @ whiten.matrix.T, np.eye(5), atol=1e-10)
        assert whiten.log_determinant == pytest.approx(-np.linalg.slogdet(spiked)[1] / 2, rel=1e-10)
    mean = np.average(x, axis=0, weights=weights)
    np.testing.assert_allclose(scatter(x, weights).mean, mean, rtol=1e-12)


def test_robust_scatter_is_where_the_likelihood_of_t5_rests():
    x = drawn("t5-elliptical", 800, 2) @ tensor(MIXING)
    found = robust_scatter(x)
    whiten = found.whitening(0.0)
    shape = torch.linalg.inv(whiten.matrix.T @ whiten.matrix)

    def likelihood(mean, shape):
        return stats.multivariate_t(mean, shape, 5).logpdf(x).mean()

    highest = likelihood(found.mean.numpy(), shape.numpy())
    for change in np.random.default_rng(0).standard_normal((20, 2, 2)) * 0.03:
        moved = (np.eye(2) + change) @ shape.numpy() @ (np.eye(2) + change).T
        assert likelihood(found.mean.numpy() + change[0], moved) < highest


@pytest.mark.parametrize(("law", "units", "samples"), [("cube-rotated", 12, 3000), ("laplace-rotated", 12, 3000)])
def test_the_search_finds_every_axis_of_a_rotated_law(law, units, samples):
    whiten = scatter(drawn(law, samples, units)).whitening(0.0)
    found = least_gaussian_directions(whiten(drawn(law, samples, units)))
    np.testing.assert_allclose(found @ found.T, np.eye(units), atol=1e-5)
    overlaps = (found @ whiten.matrix @ tensor(rotation(units)).T).abs()
    overlaps = overlaps / overlaps.norm(dim=1, keepdim=True)
    # a direction's error is about sqrt(1.4 d / n) for the cube: .07; the Laplace's heavier tails double it
    assert (overlaps.amax(1) > 0.98).all()
    assert len(set(overlaps.argmax(1).tolist())) == units


def interference(matrix):
    """How far a matrix is from a scaled permutation: mean of what stands beside each row's largest entry."""
    shares = np.abs(matrix) / np.abs(matrix).max(axis=1, keepdims=True)
    return (shares.sum(1) - 1).mean()


@pytest.mark.parametrize("law", ["cube-rotated", "laplace-rotated"])
def test_components_are_unmixed_better_than_by_fast_ica(law):
    x = drawn(law, 4000, 6)
    found = rung("independent_components").fit(x[:3500], x[3500:]).map.matrix.numpy()
    peer = FastICA(whiten="unit-variance", random_state=0, tol=1e-6, max_iter=1000).fit(x[:3500].numpy()).components_
    assert interference(found @ rotation(6).T) < interference(peer @ rotation(6).T)


def test_polishing_ends_where_the_relative_gradient_vanishes():
    z = drawn("laplace", 20_000, 4).T.contiguous()
    start = torch.linalg.qr(torch.eye(4, dtype=torch.float64) + 0.2)[0]
    mixing = polished(z, start, torch.ones(4, dtype=torch.bool))
    y = mixing @ z
    scores = shaped_where(y, torch.ones(4, dtype=torch.bool)).scores(y)
    # the scores are steps, so a Newton step cannot do better than their noise: sqrt(E psi^2 / n) = .011
    assert (scores @ y.T / 20_000 - torch.eye(4, dtype=torch.float64)).abs().max() < 0.03
    unmixed = mixing / mixing.diagonal().unsqueeze(1)
    assert (unmixed - torch.eye(4, dtype=torch.float64)).abs().max() < 0.04


def test_components_that_are_held_gaussian_are_not_mixed_anew():
    z = drawn("laplace", 2000, 4).T.contiguous()
    held = torch.zeros(4, dtype=torch.bool)
    start = tensor(rotation(4))
    torch.testing.assert_close(polished(z, start, held), start)


def three_clusters(samples, units=2, seed=0):
    generator = numpy_generator(seed, "three clusters")
    centres = np.zeros((3, units))
    centres[:, :2] = [[0, 4], [3, -2], [-3, -2]]
    return tensor(generator.standard_normal((samples, units)) + centres[generator.integers(3, size=samples)])


def test_clusters_that_lie_apart_are_told_apart():
    x = three_clusters(300, 5)
    parts = clustered(x, 3)
    expected = torch.cdist(x[:, :2], tensor([[0, 4], [3, -2], [-3, -2]])).argmin(1)
    pairs = parts.argmax(1).unsqueeze(0) == parts.argmax(1).unsqueeze(1)
    assert (pairs == (expected.unsqueeze(0) == expected.unsqueeze(1))).float().mean() > 0.97
    assert (parts.sum(1) == 1).all()


@pytest.mark.parametrize(("kind", "covariance"), [(alike, "tied"), (shaped, "full")])
def test_mixtures_are_as_likely_as_scikit_learns(kind, covariance):
    x = three_clusters(1500)
    whiten = scatter(x).whitening(0.0)
    z = whiten(x)
    mixture = fitted(z, clustered(x, 3), kind)
    peer = SklearnMixture(3, covariance_type=covariance, random_state=0, tol=1e-6, max_iter=500).fit(z)
    ours = float(torch.logsumexp(mixture.log_parts(z), 1).mean())
    assert ours == pytest.approx(peer.score(z), abs=2e-3)  # ends at gains of 3e-4; shrinkage by 3 of 500 samples


def test_alike_clusters_are_one_gaussian_each():
    z = drawn("gaussian", 50, 3)
    whiten = Affine(torch.ones(3, dtype=torch.float64), tensor(np.diag([1, 2, 3.0])), math.log(6))
    means = drawn("gaussian", 2, 3, seed=1)
    mixture = Alike(whiten, torch.tensor([0.3, 0.7], dtype=torch.float64).log(), means)
    for index, weight in enumerate((0.3, 0.7)):
        centre = 1 + means[index].numpy() / np.array([1, 2, 3])
        expected = stats.multivariate_normal(centre, np.diag([1, 1 / 4, 1 / 9])).logpdf(z) + math.log(weight)
        np.testing.assert_allclose(mixture.log_parts(z)[:, index], expected, rtol=1e-12)


def test_the_best_of_equals_is_the_first_and_growth_ends_when_idle():
    class Constant:
        def __init__(self, height):
            self.height = height

        def log_density(self, x):
            fits.append(self.height)
            return torch.full((len(x),), self.height, dtype=torch.float64)

    fits = []
    x = drawn("gaussian", 5, 2)
    first, second = Constant(1.0), Constant(1.0)
    assert best([first, second, Constant(0.0)], x) is first
    fits.clear()
    grown = while_better(map(Constant, [1.0, 2.0, 1.5, 3.0, 2.0, 1.0, 9.0]), x, 2)
    assert grown.height == 3.0
    assert fits == [1.0, 2.0, 1.5, 3.0, 2.0, 1.0]


def test_a_flow_is_a_density_and_leaves_global_randomness_alone():
    pytest.importorskip("zuko")
    x, before = crescent(400), torch.get_rng_state()
    found = rung("flow").fit(x[:300], x[300:])
    assert torch.equal(torch.get_rng_state(), before)
    assert on_a_grid(found, 301) == pytest.approx(1, abs=0.01)
    assert found.log_density(x).mean() > rung("gaussian").fit(x[:300], x[300:]).log_density(x).mean()


def test_a_flow_without_zuko(monkeypatch):
    monkeypatch.setitem(sys.modules, "zuko", None)
    x = drawn("gaussian", 300, 2)
    with pytest.raises(ConfigError, match="rung 'flow' needs zuko, which is not installed"):
        rung("flow").fit(x[:250], x[250:])
