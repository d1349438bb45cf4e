"""The nulls against what is known of Gaussian codes in closed form."""

import math

import numpy as np
import pytest
from made_clusters import clusters, equal_distances
from scipy import stats

from gausslab.adversarial.changes import radius_change
from gausslab.adversarial.heads import LinearHead
from gausslab.adversarial.mixtures import shared_mixture
from gausslab.adversarial.nulls import MinimalStep, ObservedStep, by_quantile, null_a, null_b, observed_step
from gausslab.adversarial.ranks import auroc
from gausslab.adversarial.subspace import radius
from gausslab.errors import ConfigError, EstimatorError

TO = MinimalStep(overshoot=0.0)


def _two_classes(units: int) -> LinearHead:
    return LinearHead(weight=np.array([[1.0], [-1.0]]) * np.eye(1, units), bias=np.zeros(2))


def _ten_classes(units: int) -> LinearHead:
    return LinearHead(weight=np.random.default_rng(7).standard_normal((10, units)), bias=np.zeros(10))


@pytest.mark.parametrize("units", [4, 64])
def test_two_classes_take_one_degree_of_freedom(units):
    """Radii after the step are chi(d - 1); AUROC of two independent halves against P(chi_(d-1) < chi_d)."""
    moved = null_a(_two_classes(units), units, 4000, np.random.default_rng(0), TO)
    before, after = radius(moved.before), radius(moved.after)
    assert stats.kstest(after, stats.chi(units - 1).cdf).pvalue > 1e-3
    expected = stats.f.cdf(units / (units - 1), units - 1, units)
    error = 1 / math.sqrt(6 * 2000)  # of an AUROC near 1/2 from 2000 against 2000
    assert auroc(-before[:2000], -after[2000:]) == pytest.approx(expected, abs=4 * error)
    assert expected == pytest.approx(0.5 + 0.2 / math.sqrt(units), abs=0.02)


def test_acceptance_1_null_a_moves_every_code_inwards_and_yet_cannot_be_told_from_clean_codes():
    """z ~ N(0, I), d = 256, ten classes: the paired fall is in every code, the AUROC of -r about 1/2.

    A code's share along the normal is at most that of two classes, so that the AUROC lies between 1/2 and .5125; four
    standard errors of the AUROC, by pairs, beside that.
    """
    moved = null_a(_ten_classes(256), 256, 2000, np.random.default_rng(1), TO)
    found = radius_change(radius(moved.before), radius(moved.after), np.random.default_rng(2), draws=200)
    assert found.share_lower.value == 1
    assert found.mean_difference.high < 0
    assert 0.5 - 4 * found.auroc_error < found.auroc < 0.5125 + 4 * found.auroc_error
    assert "lower in 100% of 2000; AUROC of -r 0.50" in found.line


def test_lost_radius_is_the_distance_along_the_normal():
    """Without biases r^2 falls by the square of the distance, whatever the class."""
    head, codes = _ten_classes(8), np.random.default_rng(3).standard_normal((200, 8))
    moved = TO(codes, head)
    lost = radius(codes) ** 2 - radius(moved.after) ** 2
    assert lost == pytest.approx(head.boundary(codes).distances ** 2, abs=1e-10)
    assert moved.changes == pytest.approx(radius(moved.after) - radius(codes))


def test_overshoot_crosses_the_boundary():
    head, codes = _ten_classes(8), np.random.default_rng(4).standard_normal((50, 8))
    moved = MinimalStep(overshoot=0.05)(codes, head)
    assert (head(moved.after).argmax(1) != head(codes).argmax(1)).all()
    assert radius(moved.after - codes) == pytest.approx(1.05 * head.boundary(codes).distances)


def test_observed_lengths_are_taken_by_quantile_of_distance():
    head, generator = _ten_classes(8), np.random.default_rng(5)
    clean = generator.standard_normal((100, 8))
    attacked = clean + 0.3 * generator.standard_normal((100, 8))
    step = observed_step(clean, attacked, head)
    moved = null_a(head, 8, 100, generator, step)
    lengths, distances = radius(moved.after - moved.before), head.boundary(moved.before).distances
    assert np.sort(lengths) == pytest.approx(np.sort(radius(attacked - clean)), rel=1e-9)
    assert lengths[distances.argsort()] == pytest.approx(step.lengths[step.distances.argsort()], rel=1e-9)


def test_every_code_makes_its_own_step_when_it_is_the_attacked_one():
    head, codes = _ten_classes(8), np.random.default_rng(6).standard_normal((30, 8))
    exact = TO(codes, head)
    again = observed_step(codes, exact.after, head)(codes, head)
    assert again.after == pytest.approx(exact.after, abs=1e-12)


def test_by_quantile_spreads_few_lengths_over_many_codes():
    found = by_quantile(np.arange(6.0), np.array([2.0, 1.0]), np.array([20.0, 10.0]))
    assert found.tolist() == [10, 10, 10, 20, 20, 20]


def test_null_b_starts_from_codes_of_their_own_class():
    world = clusters(equal_distances(), 1500, 0)
    mixture = shared_mixture(world.codes, world.labels).standardised()
    moved = null_b(world.head, mixture, 1000, np.random.default_rng(7))
    right = (world.head(world.codes).argmax(1) == world.labels).mean()
    assert len(moved.before) / 1000 == pytest.approx(right, abs=4 * math.sqrt(right * (1 - right) / 1000) + 0.02)
    real = MinimalStep()(world.codes[world.attacked], world.head).changes
    error = math.hypot(real.std() / math.sqrt(len(real)), moved.changes.std() / math.sqrt(len(moved.changes)))
    assert moved.changes.mean() == pytest.approx(real.mean(), abs=4 * error), "the clusters are such a mixture"


def test_codes_without_a_boundary_are_left_out_and_counted():
    head = LinearHead(weight=np.ones((2, 3)), bias=np.zeros(2))
    moved = null_a(head, 3, 5, np.random.default_rng(8))
    assert (len(moved.before), moved.unreachable) == (0, 5)
    step = ObservedStep(distances=np.ones(2), lengths=np.ones(2))
    assert step(np.zeros((4, 3)), head).unreachable == 4


def test_wrong_steps_are_refused(unchecked):
    with pytest.raises(ConfigError, match="overshoot must be a finite number of at least 0, got -1"):
        MinimalStep(overshoot=-1)
    with pytest.raises(EstimatorError, match="finite lengths of at least 0"):
        ObservedStep(distances=np.ones(1), lengths=np.array([-1.0]))


def test_labels_of_another_network_are_noticed():
    world = clusters(equal_distances(), 500, 1)
    mixture = shared_mixture(world.codes, world.labels + 100)
    with pytest.raises(EstimatorError, match="own class, got none: other labels"):
        null_b(world.head, mixture, 50, np.random.default_rng(0))
