"""Places of codes against scikit-learn, scipy and projections by least squares."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.covariance import EmpiricalCovariance

from gausslab.adversarial.subspace import chi_line, geometry, radius, rectified_radius, reference, span
from gausslab.errors import EstimatorError


def _codes(seed: int, n: int = 120, d: int = 6, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=n)
    means = 2 * generator.standard_normal((classes, d))
    return means[labels] + generator.standard_normal((n, d)) @ generator.standard_normal((d, d)), labels


CODES, LABELS = _codes(0)
OTHER = _codes(1)[0]
CLEAN = reference(CODES, LABELS)
MEANS = np.stack([CODES[label == LABELS].mean(0) for label in range(3)])


def test_inside_is_what_least_squares_on_the_centred_class_means_gives():
    basis = (MEANS - CODES.mean(0)).T
    projected = (basis @ np.linalg.lstsq(basis, OTHER.T, rcond=None)[0]).T
    inside, outside = CLEAN.inside_outside(OTHER)
    assert inside == pytest.approx(np.linalg.norm(projected, axis=1), rel=1e-9)
    assert outside == pytest.approx(np.linalg.norm(OTHER - projected, axis=1), rel=1e-9)
    assert inside**2 + outside**2 == pytest.approx(radius(OTHER) ** 2, rel=1e-12)


def test_the_subspace_has_one_direction_fewer_than_classes():
    assert CLEAN.directions.shape == (6, 2)
    assert CLEAN.directions.T @ CLEAN.directions == pytest.approx(np.eye(2), abs=1e-12)
    assert span(np.zeros((3, 4))).shape == (4, 0)


def test_with_fewer_units_than_classes_nothing_lies_outside():
    codes, labels = _codes(2, d=2, classes=5)
    assert reference(codes, labels).inside_outside(codes)[1] == pytest.approx(np.zeros(len(codes)), abs=1e-12)


def test_class_distances_are_scipys_with_the_pooled_covariance():
    pooled = EmpiricalCovariance(assume_centered=True).fit(CODES - MEANS[LABELS]).precision_
    expected = cdist(OTHER, MEANS, "mahalanobis", VI=pooled).min(1)
    assert CLEAN.class_mahalanobis(OTHER) == pytest.approx(expected, rel=1e-9)


def test_code_distances_are_scikit_learns():
    expected = EmpiricalCovariance().fit(CODES).mahalanobis(OTHER)
    assert CLEAN.code_mahalanobis(OTHER) ** 2 == pytest.approx(expected, rel=1e-9)


def test_radii_of_float32_codes_are_in_float64():
    codes = OTHER.astype(np.float32)
    assert radius(codes) == pytest.approx([math.sqrt(sum(float(v) ** 2 for v in row)) for row in codes], rel=1e-12)
    expected = [math.sqrt(sum(max(float(v), 0.0) ** 2 for v in row)) for row in codes]
    assert rectified_radius(codes) == pytest.approx(expected, rel=1e-12)


def test_geometry_has_a_column_for_every_number():
    found = geometry(OTHER, CLEAN)
    assert found["radius_inside"] == pytest.approx(CLEAN.inside_outside(OTHER)[0])
    assert {len(values) for values in found.values()} == {len(OTHER)}


@pytest.mark.parametrize("units", [1, 8, 512])
def test_chi_line_is_that_of_the_gamma_function(units):
    mean = math.sqrt(2) * math.exp(math.lgamma((units + 1) / 2) - math.lgamma(units / 2))
    assert chi_line(units) == pytest.approx((mean, math.sqrt(units - mean**2)), rel=1e-8)  # units - mean^2 cancels


def test_radii_of_a_gaussian_code_lie_on_the_chi_line():
    """Acceptance: mean within four standard errors; the ratio of spreads, whose error is 1/sqrt(2n), likewise."""
    radii = radius(np.random.default_rng(3).standard_normal((4000, 32)))
    mean, sd = chi_line(32)
    assert abs(radii.mean() - mean) < 4 * sd / math.sqrt(4000)
    assert abs(radii.std() / sd - 1) < 4 / math.sqrt(2 * 4000)
    assert stats.kstest(radii, stats.chi(32).cdf).pvalue > 1e-3


def test_classes_without_volume_are_refused():
    with pytest.raises(EstimatorError, match="covariance within classes is singular: 120 codes of 6 units"):
        reference(MEANS[LABELS], LABELS)
    with pytest.raises(EstimatorError, match="at least 2 classes, got 1"):
        reference(CODES, np.zeros(120, dtype=int))
