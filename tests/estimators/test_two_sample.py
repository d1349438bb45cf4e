"""The divergence of two samples: against the definition, known divergences, copies, error bars and permutations."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators import measure
from gausslab.estimators.two_sample import TwoSampleKnnKL, divergence_reading, knn_divergence


def normal(samples, units, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((samples, units)))


def by_definition(x, y, k, norm):
    metric = {"euclidean": "euclidean", "max": "chebyshev"}[norm]
    own, other = cdist(x, x, metric), cdist(x, y, metric)
    np.fill_diagonal(own, np.inf)
    ratio = np.sort(other, axis=1)[:, k - 1] / np.sort(own, axis=1)[:, k - 1]
    return x.shape[1] * np.log(ratio).mean() + math.log(len(y) / (len(x) - 1))


@pytest.mark.parametrize("norm", ["euclidean", "max"])
@pytest.mark.parametrize("units", [1, 5, 20])
@pytest.mark.parametrize(("samples", "references", "k"), [(50, 90, 1), (90, 50, 4)])
def test_against_the_definition(samples, references, k, units, norm):
    x, y = normal(samples, units), 1.5 * normal(references, units, 1)
    assert knn_divergence(x, y, k, norm).value == pytest.approx(by_definition(x, y, k, norm), rel=1e-10)


def test_three_points_and_two_by_hand():
    # own distances 1, 1, 3; to the reference 2, 1, 2
    x, y = torch.tensor([[0.0], [1.0], [4.0]]), torch.tensor([[2.0], [-7.0], [40.0]])
    assert knn_divergence(x, y, 1).value == pytest.approx((2 * math.log(2) - math.log(3)) / 3 + math.log(3 / 2))


@pytest.mark.parametrize("units", [1, 2, 3])
def test_known_divergence_with_samples_of_different_size(units):
    # mean .8 in every unit: .32 nats each; biases at these n are below .02 nats, the error bar is .03 to .05
    found = knn_divergence(normal(3000, units) + 0.8, normal(5000, units, 1))
    assert found.value == pytest.approx(0.32 * units, abs=3 * found.standard_error + 0.02)


def test_deleting_one_by_one_gives_the_variance():
    x, y, k = normal(30, 3), normal(45, 3, 1) + 0.2, 2
    variance = 0.0
    for without in (
        [by_definition(np.delete(x.numpy(), i, 0), y.numpy(), k, "euclidean") for i in range(30)],
        [by_definition(x.numpy(), np.delete(y.numpy(), j, 0), k, "euclidean") for j in range(45)],
    ):
        variance += (len(without) - 1) * np.var(without)
    assert divergence_reading(x, y, k, "euclidean").variance == pytest.approx(variance, rel=1e-10)


@pytest.mark.parametrize("units", [2, 16])
def test_standard_errors_are_not_too_small(units):
    # the jackknife of neighbours is conservative; the spread over 60 pairs is known to 9 %, 3 sd below 1
    pairs = [(normal(80, units, 2 * seed), normal(120, units, 2 * seed + 1) + 0.2) for seed in range(60)]
    found = [knn_divergence(*pair) for pair in pairs]
    ratio = np.mean([each.standard_error for each in found]) / np.std([each.value for each in found])
    assert 0.73 < ratio < 1.8


def test_copies_are_refused_dropped_or_jittered():
    x, y = normal(60, 3), normal(80, 3, 1)
    doubled, shared = torch.cat([x, x[:4]]), torch.cat([y, y[:2], x[:5]])
    with pytest.raises(EstimatorError, match="4 of 64 samples and 7 of 87 reference samples repeat an earlier one"):
        knn_divergence(doubled, shared)
    assert knn_divergence(doubled, shared, duplicates="drop") == knn_divergence(x, y)
    assert math.isfinite(knn_divergence(doubled, shared, 1, duplicates="jitter").value)


def test_samples_that_cannot_be_used():
    x, y = normal(20, 3), normal(20, 3, 1)
    with pytest.raises(EstimatorError, match="expected as many units as the reference's 2, got 3"):
        TwoSampleKnnKL(reference=y[:, :2])(x)
    with pytest.raises(EstimatorError, match="knn_divergence: reference: expected at least 7 samples, got 6"):
        knn_divergence(x, y[:6])
    with pytest.raises(EstimatorError, match="knn_divergence: expected at least 7 samples, got 6"):
        knn_divergence(torch.cat([x[:6], x[:6]]), y, duplicates="drop")
    y[3, 1] = math.nan
    with pytest.raises(EstimatorError, match="reference: expected finite values"):
        knn_divergence(x, y)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"k": 0}, "k must be at least 1, got 0"),
        ({"norm": "l2"}, "unknown norm='l2'; choices: euclidean, max"),
        ({"duplicates": "dropp"}, "unknown duplicates='dropp'; did you mean 'drop'"),
    ],
)
def test_options_are_rejected(wrong, message):
    with pytest.raises(ConfigError, match=f"knn_divergence: {message}"):
        knn_divergence(normal(20, 3), normal(20, 3, 1), **wrong)
    with pytest.raises(ConfigError, match=f"two_sample_knn_kl: {message}"):
        TwoSampleKnnKL(reference=normal(20, 3), **wrong)


def test_few_permutations_are_rejected():
    with pytest.raises(ConfigError, match="two_sample_knn_kl: permutations must be at least 39, got 20"):
        TwoSampleKnnKL(reference=normal(20, 3), permutations=20)


def test_the_estimator_in_a_table():
    x, y = normal(80, 3) + 1.5, normal(120, 3, 1)
    row = measure(x, TwoSampleKnnKL(reference=y)).iloc[0]
    assert row["estimator"] == "two_sample_knn_kl"
    assert row["value"] == knn_divergence(x, y).value
    assert row["p_value"] == 2 / 120
    assert abs(row["null_mean"]) < 0.2
    assert 0 < row["standard_error"] < 0.5


def test_permutations_have_their_size():
    # 5 % of 30 is 1.5, sd 1.2; 3 sd
    pairs = [(normal(20, 1, 2 * seed), normal(30, 1, 2 * seed + 1)) for seed in range(30)]
    p_values = [TwoSampleKnnKL(reference=y, permutations=39)(x)[0].p_value for x, y in pairs]
    assert sum(p <= 0.05 for p in p_values) <= 5
