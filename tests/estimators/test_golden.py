"""Every number that an independent program computed for a statistic of the same name."""

import json
import math
from pathlib import Path

import pytest
import torch

from gausslab.estimators import measure
from gausslab.estimators.entropy import plain_null
from gausslab.estimators.moments import moment_biases, moment_parts, whitened

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "estimators.json").read_text())
EXACT, P = 1e-9, 1e-6


def statistic(x, name, **options):
    table = measure(x, name, **options)
    return table[table["statistic"] == "statistic"]


@pytest.mark.parametrize("name", ["knn_entropy", "knn_kl"])
def test_nearest_neighbours(golden, name):
    _, x, expected = golden
    for k, value in expected[name].items():
        assert statistic(x, name, k=int(k))["value"].item() == pytest.approx(value, rel=EXACT)


def test_moment_kl(golden):
    _, x, expected = golden
    assert statistic(x, "moment_kl")["value"].item() == pytest.approx(expected["moment_kl"], rel=EXACT)


def test_moment_kl_with_the_other_covariance(golden):
    # S n / (n - 1): the trace grows by the factor, ln det by d times its logarithm
    _, x, expected = golden
    (samples, units), trace = x.shape, float(x.var(0).sum())
    more = trace / (samples - 1) / 2 - units / 2 * math.log(samples / (samples - 1))
    found = statistic(x, "moment_kl")["value"].item() + more
    assert found == pytest.approx(expected["moment_kl_unbiased"], rel=EXACT)


def test_mean_and_scale_are_the_divergence_of_the_units_one_by_one(golden):
    _, x, expected = golden
    samples = torch.from_numpy(x)
    plug_in = moment_parts(samples, whitened(samples, "test")).mean_scale
    assert plug_in == pytest.approx(expected["moment_kl_diagonal"], rel=EXACT)
    table = measure(x, "moment_kl").set_index("statistic")
    bias, _ = moment_biases(*x.shape)
    assert table["value"]["mean_scale"] + bias == pytest.approx(expected["moment_kl_diagonal"], rel=EXACT)


def test_radial_ks(golden):
    _, x, expected = golden
    row = statistic(x, "radial_ks")
    assert row["value"].item() == pytest.approx(expected["radial_ks"]["stat"], rel=EXACT)
    assert row["p_value"].item() == pytest.approx(expected["radial_ks"]["p"], rel=P)


@pytest.mark.parametrize("peer", REFERENCE["null_laws_k5"], ids=lambda peer: f"d={peer['d']}")
def test_null_laws(peer):
    units = peer["d"]
    laws = plain_null(peer["n"], units, 5)
    gaussian = units / 2 * math.log(2 * math.pi * math.e)
    for law, mean, sd in (
        (laws["entropy"], gaussian + peer["entropy_bias"], peer["entropy_sd"]),
        (laws["divergence"], peer["divergence_mean"], peer["divergence_sd"]),
    ):
        error = math.hypot(sd / math.sqrt(peer["replicates"]), law.monte_carlo_error)
        assert law.mean == pytest.approx(mean, abs=3 * error)


@pytest.mark.parametrize("peer", REFERENCE["moment_kl_laws"], ids=lambda peer: f"n={peer['n']}-d={peer['d']}")
def test_the_mean_of_the_moment_kl(peer):
    n, units = peer["n"], peer["d"]
    mean = sum(moment_biases(n, units))
    assert mean == pytest.approx(peer["exact"], rel=EXACT)
    # 2 n KL is nearly chi-squared with d (d + 3) / 2 degrees of freedom
    error = math.sqrt(units * (units + 3)) / (2 * n) / math.sqrt(peer["replicates"])
    assert mean == pytest.approx(peer["mean"], abs=3 * error)
