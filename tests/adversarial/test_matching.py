"""Matching against a brute-force search, and what the order may change."""

import numpy as np
import pytest

from gausslab.adversarial.heads import Decisions
from gausslab.adversarial.matching import caliper_of, match, matched_aurocs
from gausslab.adversarial.ranks import aurocs
from gausslab.errors import EstimatorError


def _decided(seed: int, n: int, classes: int = 3) -> Decisions:
    generator = np.random.default_rng(seed)
    margins = generator.gamma(2.0, size=n)
    return Decisions(predictions=generator.integers(classes, size=n), margins=margins, max_softmax=np.full(n, 0.5))


def _of(predictions: list[int], margins: list[float]) -> Decisions:
    n = len(predictions)
    return Decisions(predictions=np.array(predictions), margins=np.array(margins), max_softmax=np.full(n, 0.5))


def _by_search(clean: Decisions, adversarial: Decisions, caliper: float, seed: int) -> dict[int, int]:
    """Every example in the same random order takes the nearest free point of its class, by looking at all."""
    free, found = set(range(len(clean.margins))), {}
    for row in np.random.default_rng(seed).permutation(len(adversarial.margins)):
        near = [
            (abs(clean.margins[k] - adversarial.margins[row]), clean.margins[k], k)
            for k in free
            if clean.predictions[k] == adversarial.predictions[row]
        ]
        best = min(near, default=(np.inf, 0.0, -1))
        if best[0] <= caliper:
            found[int(row)] = best[2]
            free.remove(best[2])
    return found


@pytest.mark.parametrize("seed", range(3))
def test_controls_are_those_of_an_exhaustive_search(seed):
    clean, adversarial = _decided(seed, 60), _decided(seed + 10, 50)
    found = match(clean, adversarial, 0.3, np.random.default_rng(seed))
    expected = _by_search(clean, adversarial, 0.3, seed)
    assert dict(zip(found.adversarial.tolist(), found.clean.tolist(), strict=True)) == expected
    assert found.pairs + found.unmatched == 50
    assert len(set(found.clean.tolist())) == found.pairs


def test_unmatched_examples_are_counted_by_why():
    clean = _of([0, 0, 1], [0.1, 5.0, 0.1])
    adversarial = _of([0, 0, 1, 2], [0.1, 0.1, 3.0, 0.1])
    found = match(clean, adversarial, 0.2, np.random.default_rng(0))
    assert (found.pairs, found.beyond, found.used_up) == (1, 2, 1)
    assert "1 pairs within 0.2 of margin" in found.line
    assert "3 unmatched, 2 of them without a clean point that near" in found.line


def test_balance_is_the_mean_difference():
    clean, adversarial = _of([0, 0], [1.0, 2.0]), _of([0, 0], [1.1, 2.2])
    found = match(clean, adversarial, 0.5, np.random.default_rng(0))
    assert found.imbalance == pytest.approx(0.15)
    assert found.spread == pytest.approx(0.5)
    assert caliper_of(clean) == pytest.approx(0.1)


def test_without_any_pair():
    found = match(_of([0], [1.0]), _of([1], [1.0]), 1.0, np.random.default_rng(0))
    assert (found.pairs, found.unmatched) == (0, 1)
    assert np.isnan(found.imbalance)


def test_matched_auroc_is_that_of_the_pairs():
    clean, adversarial = _decided(1, 80), _decided(2, 40)
    generator = np.random.default_rng(0)
    one, two = generator.standard_normal((80, 2)), generator.standard_normal((40, 2))
    pairs = match(clean, adversarial, 0.5, np.random.default_rng(1))
    ids = np.arange(80), np.arange(40)
    found = matched_aurocs(pairs, one, two, ids)
    expected = aurocs(one[pairs.clean], two[pairs.adversarial], (pairs.clean, pairs.adversarial))
    assert found.areas == pytest.approx(expected.areas)
    assert found.covariance == pytest.approx(expected.covariance)


def test_the_confounding_by_margin_is_taken_away():
    """Radius = margin + noise, adversarial margins low: .5 after matching, within four standard errors."""
    generator = np.random.default_rng(5)
    clean = _decided(6, 1500)
    adversarial = Decisions(
        predictions=generator.integers(3, size=300), margins=generator.uniform(0, 1, 300), max_softmax=np.full(300, 0.5)
    )
    radii = [points.margins + 0.5 * generator.standard_normal(len(points.margins)) for points in (clean, adversarial)]
    scores = [-each[:, None] for each in radii]
    pairs = match(clean, adversarial, caliper_of(clean, 0.05), generator)
    found = matched_aurocs(pairs, *scores)
    assert aurocs(*scores).areas[0] > 0.75
    assert abs(found.areas[0] - 0.5) < 4 * found.standard_errors[0]


def test_a_caliper_must_be_positive():
    with pytest.raises(EstimatorError, match=r"caliper must be above 0, got 0\.0"):
        match(_of([0], [1.0]), _of([0], [1.0]), 0.0, np.random.default_rng(0))
