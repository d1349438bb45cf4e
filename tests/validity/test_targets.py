"""What numbers should be, against scipy's entropies, sample moments and plain averages."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.estimators import ESTIMATORS, measure
from gausslab.laws import LAWS, get
from gausslab.seeding import numpy_generator
from gausslab.validity.radii import radial_ratio
from gausslab.validity.targets import Known, known, spectrum

SAMPLES = 20_000


def ratio_of(x):
    """SD of the radii over that of chi(d), and its standard error by the delta method."""
    radii = np.linalg.norm(x, axis=1)
    squares = (radii - radii.mean()) ** 2
    sd, chi = math.sqrt(squares.mean()), stats.chi.std(x.shape[1])
    return sd / chi, squares.std() / math.sqrt(len(x)) / (2 * sd * chi)


@pytest.mark.parametrize("law", sorted(LAWS))
@pytest.mark.parametrize("units", [1, 8, 32])
def test_the_spread_of_radii_is_that_of_samples(law, units):
    value, error = ratio_of(get(law).draw(numpy_generator(1, law), SAMPLES, units))
    assert radial_ratio(law, units) == pytest.approx(value, abs=4 * error)


@pytest.mark.parametrize("law", ["correlated", "clusters", "cube-rotated"])
def test_the_whitened_spread_is_that_of_samples_whitened_by_the_laws_covariance(law):
    x = get(law).draw(numpy_generator(2, law), SAMPLES, 6)
    covariance = np.eye(6) if law == "cube-rotated" else equicorrelated(law, 6)
    value, error = ratio_of(np.linalg.solve(np.linalg.cholesky(covariance), x.T).T)
    assert radial_ratio(law, 6, white=True) == pytest.approx(value, abs=4 * error)


def equicorrelated(law, units):
    shared = {"correlated": 0.3, "clusters": 4 / (4 + units)}[law]
    return (1 - shared) * np.eye(units) + shared


@pytest.mark.parametrize("law", ["correlated", "clusters"])
def test_the_spectrum_is_that_of_the_covariance(law):
    expected = np.linalg.eigvalsh(equicorrelated(law, 6))[::-1]
    np.testing.assert_allclose(spectrum(get(law), 6), expected, rtol=1e-12)
    x = get(law).draw(numpy_generator(3, law), SAMPLES, 6)
    tolerance = 5 * math.sqrt(2 / SAMPLES) * expected[0]  # of a Gaussian's variances; clusters scatter less
    np.testing.assert_allclose(np.cov(x.T), equicorrelated(law, 6), atol=tolerance)


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        ("gaussian", 3 * stats.norm.entropy()),
        ("cube", 3 * math.log(2 * math.sqrt(3))),
        ("laplace-rotated", 3 * stats.laplace(scale=math.sqrt(0.5)).entropy()),
        ("correlated", stats.multivariate_normal(cov=equicorrelated("correlated", 3)).entropy()),
    ],
)
def test_the_entropy_is_that_of_scipy(law, expected):
    assert known("knn_entropy", "statistic", law, 3).truth == pytest.approx(expected, rel=1e-9)


def test_participation_of_correlated_units_by_hand():
    values = np.array([1.9, 0.7, 0.7, 0.7])
    assert known("participation_ratio", "debiased", "correlated", 4) == Known(
        pytest.approx(values.sum() ** 2 / (values**2).sum()), "value"
    )
    assert known("participation_ratio", "largest_eigenvalue", "correlated", 4).truth == pytest.approx(1.9)
    assert known("participation_ratio", "isoscore", "cube", 4) == Known(pytest.approx(1.0), "limit")


def test_what_a_truth_is_of_a_number():
    assert known("moment_kl", "debiased", "correlated", 4).kind == "value"
    assert known("moment_kl", "statistic", "correlated", 4).kind == "limit"
    assert known("kl_decomposition", "total", "correlated", 4).kind == "value"
    assert known("kl_decomposition", "total", "cube", 4).kind == "limit"
    assert known("knn_entropy", "gap", "correlated", 4).kind == "limit"
    assert known("kl_lower_bound", "elliptical", "cube", 4) == Known(pytest.approx(get("cube").kl(4)), "bound")


def test_nobody_knows_the_units_of_a_rotated_law():
    assert known("kl_decomposition", "dependence", "laplace-rotated", 4) is None
    assert known("negentropy", "marginal", "thin-shell", 4) is None


def test_every_interval_of_a_gaussian_code_has_a_target():
    x = torch.randn(40, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    table = measure(x, list(ESTIMATORS))
    table = table[(table["unit"] == "all") & table["standard_error"].notna()]
    unknown = [
        (name, statistic)
        for name, statistic in zip(table["estimator"], table["statistic"], strict=True)
        if not statistic.startswith("winner=") and known(name, statistic, "gaussian", 2) is None
    ]
    assert unknown == []
