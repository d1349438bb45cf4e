"""The reservoir is a fair sample, whatever the batches and the parts; what it keeps is what was offered."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.errors import EstimatorError
from gausslab.estimators import measure
from gausslab.metrics import ReservoirMetric


def indices(samples):
    return torch.arange(samples, dtype=torch.float64).unsqueeze(1)


def kept(metric):
    return metric.compute().flatten().long().tolist()


def test_a_short_stream_is_kept_whole():
    metric = ReservoirMetric(1, limit=50)
    for batch in indices(30).split(7):
        metric.update(batch)
    assert sorted(kept(metric)) == list(range(30))


def test_every_sample_is_as_likely_to_be_kept_in_one_stream_and_in_merged_ones():
    whole, merged = np.zeros(40), np.zeros(40)
    for seed in range(200):
        one = ReservoirMetric(1, limit=10, seed=seed)
        for batch in indices(40).split(9):
            one.update(batch)
        first, second = (ReservoirMetric(1, limit=10, seed=seed + half) for half in (10_000, 20_000))
        first.update(indices(40)[:6])
        second.update(indices(40)[6:])
        first.merge_state(second)
        for counts, metric in ((whole, one), (merged, first)):
            chosen = kept(metric)
            assert len(set(chosen)) == 10
            counts[chosen] += 1
    # each is kept in 50 of 200 on average; hypergeometric rows make the statistic smaller than chi-squared's
    for counts in (whole, merged):
        spread = ((counts - 50) ** 2 / (200 * 0.25 * 0.75)).sum() * 39 / 40
        assert stats.chi2.cdf(spread, 39) == pytest.approx(0.5, abs=0.499)


def test_weights_are_chances_of_the_first_place():
    weights = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)
    first = np.zeros(3)
    for seed in range(400):
        metric = ReservoirMetric(1, limit=1, seed=seed)
        metric.update(indices(3), weights)
        first[kept(metric)] += 1
    assert stats.chisquare(first, 400 * weights.numpy() / 8).pvalue > 1e-3


def test_merging_is_keeping_the_lowest_keys_of_all():
    parts = [ReservoirMetric(1, limit=8, seed=seed) for seed in range(3)]
    for part, samples in zip(parts, indices(90).split(30), strict=True):
        part.update(samples)
    rows = torch.cat([part.kept for part in parts])
    expected = rows[rows[:, 0].argsort()[:8], 1].long().tolist()
    parts[1].merge_state(parts[2])
    parts[0].merge_state(parts[1])
    assert kept(parts[0]) == expected


def test_forward_and_reset_do_not_draw_the_same_keys_again():
    metric = ReservoirMetric(1, limit=20)
    for batch in indices(100).split(10):
        metric(batch)
    chosen = kept(metric)
    assert len({index // 10 for index in chosen}) > 4 and len({index % 10 for index in chosen}) > 4
    metric.reset()
    metric.update(indices(100))
    assert sorted(kept(metric)) != sorted(chosen)


def test_the_same_run_keeps_the_same_samples():
    runs = []
    for _ in range(2):
        torch.manual_seed(len(runs))
        metric = ReservoirMetric(1, limit=5, seed=3)
        for batch in indices(60).split(20):
            metric.update(batch)
        runs.append(kept(metric))
    assert runs[0] == runs[1]


def test_parts_with_the_same_seed_are_refused():
    first, second = ReservoirMetric(1, limit=5), ReservoirMetric(1, limit=5)
    first.update(indices(20))
    second.update(indices(20) + 20)
    with pytest.raises(EstimatorError, match="drew the same keys; expected each to have a seed of its own"):
        first.merge_state(second)


def test_it_hands_its_samples_to_measure():
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((500, 3)))
    metric = ReservoirMetric(3, limit=100)
    metric.update(x)
    found = metric.measure(["radial_ks", "knn_entropy"], k=3)
    assert set(found["n_samples"]) == {100}
    expected = measure(metric.compute(), ["radial_ks", "knn_entropy"], k=3)
    assert found.equals(expected)


@pytest.mark.parametrize("bad", [[1.0, 0.0, 1.0], [1.0, math.nan, 1.0], [1.0, 1.0]])
def test_weights_that_cannot_be_used(bad):
    with pytest.raises(EstimatorError, match=rf"expected 3 positive weights, got shape \({len(bad)},\)"):
        ReservoirMetric(1).update(indices(3), torch.tensor(bad))
