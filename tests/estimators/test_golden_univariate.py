"""Every number that an independent program computed for a test of one unit; for the radii see the end."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.estimators import empirical, measure, sliced_epps_pulley
from gausslab.estimators.characteristic import epps_pulley_statistic, trapezoid

DATASETS = json.loads((Path(__file__).parents[1] / "reference" / "univariate.json").read_text())["datasets"]
EXACT, P = 1e-9, 1e-6
SINGLE = 2e-6  # lejepa takes squares of differences of numbers of size 1 in float32
ROUNDED = 1e-15  # R prints 15 digits, and takes 1 - F where p is small
FLOORS = {"anderson_darling": 3.7e-24, "cramer_von_mises": 7.37e-10}  # R answers these for every smaller p
PEERS = [
    ("shapiro_wilk", "scipy"),
    ("shapiro_wilk", "R"),
    ("anderson_darling", "statsmodels"),
    ("anderson_darling", "R"),
    ("anderson_darling", "scipy"),
    ("cramer_von_mises", "R"),
    ("lilliefors", "R"),
    ("lilliefors", "statsmodels approx"),
    ("dagostino_k2", "scipy"),
    ("dagostino_k2", "statsmodels"),
    ("jarque_bera", "scipy"),
    ("jarque_bera", "statsmodels"),
    ("jarque_bera", "R"),
]


def rows(x, name, **options):
    table = measure(x[:, :4], name, **options)
    return table[table["statistic"] == "statistic"].itertuples()


@pytest.mark.parametrize(("name", "program"), PEERS)
def test_statistic_and_literature_p(golden, name, program):
    dataset, x, _ = golden
    for row, peer in zip(rows(x, name, p_values="asymptotic"), DATASETS[dataset][name][program], strict=True):
        assert row.value == pytest.approx(peer["stat"], rel=EXACT)
        has_formula = "p" in peer and not (name == "lilliefors" and peer["p"] > 0.1)  # beyond, programs' own tables
        if has_formula and peer["p"] > FLOORS.get(name, 0):
            assert row.p_value == pytest.approx(peer["p"], rel=P, abs=ROUNDED)


@pytest.mark.parametrize("name", ["anderson_darling", "cramer_von_mises", "lilliefors"])
@pytest.mark.parametrize("dataset", ["normal", "t3"])
def test_monte_carlo_p_is_that_of_scipys_goodness_of_fit(name, dataset, arrays):
    peers = DATASETS[dataset][name]["scipy goodness_of_fit"]
    for row, peer in zip(rows(arrays(dataset), name, p_values="monte_carlo"), peers, strict=True):
        if peer:
            assert row.value == pytest.approx(peer["stat"], rel=EXACT)
            error = 3 * math.sqrt(peer["p"] * (1 - peer["p"]) * (1 / 5000 + 1 / 20_000)) + 2 / 5000
            assert row.p_value == pytest.approx(peer["p"], abs=error)


def test_epps_pulley_with_estimated_mean_and_variance(golden):
    dataset, x, _ = golden
    for row, peer in zip(rows(x, "epps_pulley"), DATASETS[dataset]["epps_pulley"]["BHEP composite"], strict=True):
        assert row.value == pytest.approx(math.sqrt(2 * math.pi) * peer["stat"], rel=EXACT)


@pytest.mark.parametrize(("program", "accuracy"), [("simple", EXACT), ("lejepa simple", 2e-5)])
def test_epps_pulley_against_the_standard_normal(golden, program, accuracy):
    dataset, x, _ = golden
    found = epps_pulley_statistic(torch.from_numpy(x[:, :4])).tolist()
    peers = [peer["stat"] for peer in DATASETS[dataset]["epps_pulley"][program]]
    if not (program == "lejepa simple" and dataset == "affine"):  # 41 points are too few for values about 100
        assert found == pytest.approx(peers, rel=accuracy)


def test_epps_pulley_on_the_points_that_sigreg_trains_with(golden):
    dataset, x, _ = golden
    columns = torch.from_numpy(x[:, :4])
    peers = [peer["stat"] for peer in DATASETS[dataset]["epps_pulley"]["lejepa 17 points"]]
    for unit, peer in enumerate(peers):
        found = sliced_epps_pulley(columns, torch.eye(4)[:, [unit]], trapezoid()).item()
        assert found == pytest.approx(peer, rel=SINGLE)


def test_radii(golden):
    dataset, x, _ = golden
    levels = np.sort(stats.chi(x.shape[1]).cdf(np.linalg.norm(x, axis=1)))[:, None]
    for distance in (empirical.kolmogorov, empirical.cramer_von_mises):
        peer = DATASETS[dataset]["radial"][distance.__name__]
        assert distance(levels)[0] == pytest.approx(peer["stat"], rel=EXACT)
