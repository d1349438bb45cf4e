"""Nearest-neighbour entropies and divergences of independent programs, and their laws on Gaussian samples."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from gausslab.estimators.entropy import knn_entropy
from gausslab.estimators.log_distances import all_log_distances
from gausslab.estimators.two_sample import divergence_readings, knn_divergence

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "neighbours.json").read_text())
EXACT = 1e-9
NOISE = 1e-8  # programs that add noise of 1e-10 (npeet) or 1e-8 (JIDT) to distances of .1 and more
SEVERAL = (1, 3, 5, 10)


@pytest.fixture
def samples(golden):
    name, array, _ = golden
    return torch.from_numpy(array), REFERENCE["datasets"][name]


@pytest.fixture(scope="module")
def reference():
    array = np.random.default_rng(1).standard_normal((300, 4))
    np.testing.assert_allclose(array[0], REFERENCE["ref_first_row"], rtol=1e-14)
    return torch.from_numpy(array)


@pytest.mark.parametrize("norm", ["euclidean", "max"])
def test_entropy(samples, norm):
    x, expected = samples
    found = knn_entropy(x, SEVERAL, norm)
    for k, value in expected["entropy"]["formula"][norm].items():
        assert found[int(k)].value == pytest.approx(value, rel=EXACT)


def test_entropy_of_other_programs(samples):
    x, expected = samples
    euclidean, largest = knn_entropy(x, range(1, 11)), knn_entropy(x, SEVERAL, "max")
    for norm, found in (("euclidean", euclidean), ("max", largest)):
        too_large = x.shape[1] * math.log(2) if norm == "euclidean" else 0.0  # a ball's volume for one of diameter 1
        for k, value in expected["entropy"]["infomeasure"][norm].items():
            assert found[int(k)].value == pytest.approx(value, rel=EXACT)
        for k, value in expected["entropy"]["entropy_estimators"][norm].items():
            assert found[int(k)].value + too_large == pytest.approx(value, rel=EXACT)
    for k, value in enumerate(expected["entropy"]["FNN"], 1):
        assert euclidean[k].value == pytest.approx(value, rel=EXACT)
    assert euclidean[1].value == pytest.approx(expected["entropy"]["JIDT"], rel=NOISE)
    for program in ("npeet", "npeet_plus"):
        for k, value in expected["entropy"][program].items():
            assert largest[int(k)].value == pytest.approx(value, rel=NOISE)


def test_divergence(samples, reference):
    x, expected = samples
    if "divergence" not in expected:
        pytest.skip("of another number of units than the reference")
    peers = expected["divergence"]
    for norm, values in (
        ("euclidean", peers["formula"]["euclidean"]),
        ("max", peers["formula"]["max"]),
        ("euclidean", peers["universal_divergence"]),
        ("max", peers["npeet"]),
    ):
        for k, value in values.items():
            assert knn_divergence(x, reference, int(k), norm).value == pytest.approx(value, rel=EXACT)


def test_divergence_of_fnn(samples, reference):
    # FNN takes ln(m / n) where there are n - 1 others
    x, expected = samples
    if "divergence" not in expected:
        pytest.skip("of another number of units than the reference")
    missing, back = (math.log(n / (n - 1)) for n in (200, 300))
    for k in range(1, 11):
        there, again = knn_divergence(x, reference, k).value, knn_divergence(reference, x, k).value
        one_way, both_ways = (expected["divergence"][kind][k - 1] for kind in ("FNN", "FNN_both_ways"))
        assert there - missing == pytest.approx(one_way, rel=EXACT)
        assert there + again - missing - back == pytest.approx(both_ways, rel=EXACT)


FEW = {peer["d"]: peer for peer in REFERENCE["null_laws"] if peer["n"] == 1000}


def within(values, peer, statistic, k):
    """Three standard errors of the difference, with the peer's sd for both.

    The sd of the six replicates at n = 10,000 is known to a third only: at least that at n = 1000 over root 10.
    """
    mean, sd = peer[statistic][str(k)]
    sd = max(sd, FEW[peer["d"]][statistic][str(k)][1] / math.sqrt(peer["n"] / 1000))
    error = sd * math.sqrt(1 / peer["replicates"] + 1 / len(values))
    return np.mean(values) == pytest.approx(mean, abs=3 * error)


@pytest.mark.parametrize("peer", REFERENCE["null_laws"], ids=lambda peer: f"n={peer['n']}-d={peer['d']}")
def test_laws_on_gaussian_samples(peer):
    n, units = peer["n"], peer["d"]
    generator = np.random.default_rng([n, units])
    drawn = [torch.from_numpy(generator.standard_normal((n, units))) for _ in range(12_000 // n)]
    terms = [all_log_distances(x, SEVERAL) for x in drawn]
    gaussian = units / 2 * math.log(2 * math.pi)
    radii = np.array([float(x.square().sum(1).mean()) / 2 for x in drawn])
    for k in SEVERAL:
        entropies = np.array([each[k].entropy for each in terms])
        assert within(entropies - gaussian - units / 2, peer, "entropy", k)
        assert within(gaussian + radii - entropies, peer, "one", k)


@pytest.mark.parametrize("peer", REFERENCE["null_laws"], ids=lambda peer: f"n={peer['n']}-d={peer['d']}")
def test_laws_of_the_divergence_of_gaussian_samples(peer):
    generator = np.random.default_rng([peer["n"], peer["d"], 2])
    shape = (2, peer["n"], peer["d"])
    pairs = [torch.from_numpy(generator.standard_normal(shape)) for _ in range(max(1, 5000 // peer["n"]))]
    readings = [divergence_readings(*pair, SEVERAL, "euclidean") for pair in pairs]
    for k in SEVERAL:
        assert within([each[k].value for each in readings], peer, "two", k)


def test_several_k_are_each_by_itself():
    x, y = (torch.from_numpy(np.random.default_rng(seed).standard_normal((60, 12))) for seed in (0, 1))
    together = divergence_readings(x, y, SEVERAL, "euclidean")
    for k in SEVERAL:
        alone = knn_divergence(x, y, k)
        assert together[k].value == pytest.approx(alone.value, rel=1e-12)
        assert math.sqrt(together[k].variance) == pytest.approx(alone.standard_error, rel=1e-12)
