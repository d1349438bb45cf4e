"""Every number that an independent program computed for a statistic of the same name."""

import json
import math
from pathlib import Path

import pytest

from gausslab.estimators import measure
from gausslab.estimators.entropy import plain_null
from gausslab.estimators.moments import moment_biases

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
    assert sum(moment_biases(peer["n"], units)) == pytest.approx(peer["moment_kl_mean_exact"], rel=1e-9)
