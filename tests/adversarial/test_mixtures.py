"""Mixtures of classes: the moments of their codes and of their samples."""

import numpy as np
import pytest

from gausslab.adversarial.mixtures import own_mixture, shared_mixture
from gausslab.errors import EstimatorError

LABELS = np.repeat([1, 4, 7], [300, 200, 100])
CODES = np.random.default_rng(0).standard_normal((600, 3)) * [1, 2, 0.5] + np.array([[0, 0, 5]]) * LABELS[:, None] / 5
BOTH = pytest.mark.parametrize("fit", [shared_mixture, own_mixture])


@BOTH
def test_the_mixture_has_the_mean_and_the_variances_of_its_codes(fit):
    """The law of total variance, for the maximum-likelihood covariances."""
    found = fit(CODES, LABELS)
    within = sum(share * np.diag(f @ f.T) for share, f in zip(found.shares, found.factors, strict=True))
    mean = found.shares @ found.means
    assert mean == pytest.approx(CODES.mean(0), rel=1e-9, abs=1e-9)
    assert within + found.shares @ (found.means - mean) ** 2 == pytest.approx(CODES.var(0), rel=1e-9)


def test_covariances_are_numpys():
    own, shared = own_mixture(CODES, LABELS), shared_mixture(CODES, LABELS)
    each = [np.cov(CODES[label == LABELS].T, ddof=0) for label in (1, 4, 7)]
    for factor, expected in zip(own.factors, each, strict=True):
        assert factor @ factor.T == pytest.approx(expected, abs=1e-10)
    assert shared.factors[0] @ shared.factors[0].T == pytest.approx(np.tensordot(shared.shares, each, 1), abs=1e-10)


@BOTH
def test_samples_follow_their_class(fit):
    """20,000 samples: means within four standard errors, shares likewise."""
    found = fit(CODES, LABELS)
    codes, labels = found.sample(20_000, np.random.default_rng(1))
    assert set(labels) == {1, 4, 7}
    for label, mean, factor in zip((1, 4, 7), found.means, found.factors, strict=True):
        own = codes[labels == label]
        assert (np.abs(own.mean(0) - mean) < 4 * np.sqrt(np.diag(factor @ factor.T) / len(own))).all()
        assert np.cov(own.T) == pytest.approx(factor @ factor.T, abs=0.3)  # variances up to 4: four of sqrt(2/3300) * 4


@BOTH
def test_standardised_mixtures_have_standardised_units(fit):
    twice, once = fit(CODES, LABELS).standardised(), fit((CODES - CODES.mean(0)) / CODES.std(0), LABELS)
    assert twice.means == pytest.approx(once.means, abs=1e-9)
    for one, other in zip(twice.factors, once.factors, strict=True):
        assert one @ one.T == pytest.approx(other @ other.T, abs=1e-9)


def test_a_unit_that_never_varies_stays_nought():
    dead = np.column_stack([CODES, np.zeros(600)])
    assert not shared_mixture(dead, LABELS).standardised().sample(5, np.random.default_rng(0))[0][:, 3].any()


def test_a_class_of_one_code_is_refused():
    with pytest.raises(EstimatorError, match="at least 2 codes of each class"):
        own_mixture(CODES[:3], np.array([0, 0, 1]))
