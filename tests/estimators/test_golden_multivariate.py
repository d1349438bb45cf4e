"""Every number that an independent program computed for a test of whole codes."""

import json
import math
from pathlib import Path

import pytest
import torch
from scipy import stats

from gausslab.estimators import measure
from gausslab.estimators.characteristic import epps_pulley_statistic, trapezoid
from gausslab.estimators.energy import Energy
from gausslab.estimators.henze_zirkler import HenzeZirkler, bhep, smoothing
from gausslab.estimators.mardia import kurtosis_moments
from gausslab.estimators.moments import whitened
from gausslab.estimators.sliced import random_directions, sliced_epps_pulley

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "multivariate.json").read_text())["datasets"]
EXACT, P = 1e-9, 1e-6
MNT = 2e-9  # R mnt's own rounding where the others agree to 1e-12
SERIES = 2e-8  # R mnt's energy statistic is a series of its own, which stops there
R_ROUNDED = 1e-15  # it takes 1 - F where p is small
SINGLE = 1e-6  # lejepa's sums of terms of size 1 in float32


@pytest.fixture
def code(golden):
    """Name, array and the values that independent programs gave for it."""
    name, x, _ = golden
    return name, x, REFERENCE[name]


def rows(x, name, **options):
    return measure(x, name, p_values="asymptotic", **options).set_index("statistic")


def agrees(row, peer, statistic=EXACT):
    assert row["value"] == pytest.approx(peer["stat"], rel=statistic)
    assert row["p_value"] == pytest.approx(peer["p"], rel=P)


def test_mardia_skewness(code):
    _, x, expected = code
    found, formula = rows(x, "mardia_skewness"), expected["mardia"]["formula"]
    assert found["value"]["statistic"] == pytest.approx(formula["b1p"], rel=EXACT)
    assert found["value"]["statistic"] == pytest.approx(expected["mardia"]["mnt"]["skewness"], rel=MNT)
    assert found["p_value"]["statistic"] == pytest.approx(formula["skew_p_small"], rel=P)
    agrees(found.loc["chi_squared"], {"stat": formula["skew_stat"], "p": formula["skew_p"]})
    agrees(found.loc["chi_squared"], expected["mardia"]["MVN"]["skewness"])
    agrees(found.loc["chi_squared_small"], {"stat": formula["skew_stat_small"], "p": formula["skew_p_small"]})


def test_mardia_kurtosis(code):
    _, x, expected = code
    found, formula = rows(x, "mardia_kurtosis"), expected["mardia"]["formula"]
    assert found["value"]["statistic"] == pytest.approx(formula["b2p"], rel=EXACT)
    assert found["value"]["statistic"] == pytest.approx(expected["mardia"]["mnt"]["kurtosis"], rel=EXACT)
    agrees(found.loc["z"], {"stat": formula["kurt_stat"], "p": formula["kurt_p"]})
    agrees(found.loc["z"], expected["mardia"]["MVN"]["kurtosis"])
    assert found["value"]["z_exact"] == pytest.approx(formula["kurt_exact_z"], rel=EXACT)
    mean, variance = kurtosis_moments(*x.shape)
    assert mean == pytest.approx(formula["kurt_exact_mean"], rel=EXACT)
    assert variance == pytest.approx(formula["kurt_exact_var"], rel=EXACT)


def test_mardia_with_the_other_covariance(code):
    _, x, expected = code
    ratio = (len(x) - 1) / len(x)
    skewness = rows(x, "mardia_skewness")["value"]["statistic"] * ratio**3
    assert skewness == pytest.approx(expected["mardia"]["psych"]["b1p"], rel=EXACT)
    kurtosis = rows(x, "mardia_kurtosis")["value"]["statistic"] * ratio**2
    assert kurtosis == pytest.approx(expected["mardia"]["psych"]["b2p"], rel=EXACT)


def test_psychs_tests_are_those_of_its_own_b1p_and_b2p(code):
    # chi-squared of the skewness scales with it, its factor k is the same; the kurtosis' z is (b2p - d (d + 2)) / sd
    _, x, expected = code
    peer, ratio, (samples, units) = expected["mardia"]["psych"], (len(x) - 1) / len(x), x.shape
    skewness, kurtosis = (rows(x, f"mardia_{name}")["value"] for name in ("skewness", "kurtosis"))
    freedom, limit = units * (units + 1) * (units + 2) / 6, units * (units + 2)
    z = (kurtosis["statistic"] * ratio**2 - limit) / math.sqrt(8 * limit / samples)
    assert z == pytest.approx(peer["kurtosis"], rel=EXACT)
    assert 2 * stats.norm.sf(abs(z)) == pytest.approx(peer["p_kurtosis"], rel=P, abs=R_ROUNDED)
    for name, value, p_value in (("chi_squared", "skew", "p_skew"), ("chi_squared_small", "small_skew", "p_small")):
        assert skewness[name] * ratio**3 == pytest.approx(peer[value], rel=EXACT)
        assert stats.chi2.sf(skewness[name] * ratio**3, freedom) == pytest.approx(peer[p_value], rel=P, abs=R_ROUNDED)


def test_henze_zirkler(code):
    _, x, expected = code
    row = rows(x, "henze_zirkler").loc["statistic"]
    for program in ("pingouin", "MVN"):
        agrees(row, expected["henze_zirkler"][program])
    assert row["value"] == pytest.approx(expected["henze_zirkler"]["mnt"], rel=EXACT)
    agrees(rows(x, "henze_zirkler", beta=1.0).loc["statistic"], expected["henze_wagner"])


def test_bhep(code):
    _, x, expected = code
    samples = torch.from_numpy(x)
    z, n = whitened(samples, "test"), len(x)
    for beta, value in expected["bhep"]["composite"].items():
        assert bhep(z, float(beta)) == pytest.approx(value, rel=EXACT)
        assert HenzeZirkler(beta=float(beta), p_values="asymptotic")(samples)[0].value == bhep(z, float(beta))
    for beta, value in expected["bhep"]["mnt"].items():
        assert bhep(z, float(beta)) == pytest.approx(value, rel=2e-8)  # terms of size n cancel to 2e-5 in double
    for beta, value in expected["bhep"]["simple_over_n"].items():
        assert bhep(samples, float(beta)) / n == pytest.approx(value, rel=EXACT)
        single = expected["bhep"]["lejepa_simple_over_n"][beta]
        assert bhep(samples, float(beta)) / n == pytest.approx(single, rel=0, abs=SINGLE)
    plain = bhep(samples, smoothing(*x.shape)) / n
    assert plain == pytest.approx(expected["henze_zirkler"]["lejepa_simple_over_n"], rel=0, abs=SINGLE)


def test_doornik_hansen(code):
    _, x, expected = code
    agrees(rows(x, "doornik_hansen").loc["statistic"], expected["doornik_hansen"])


def test_royston(code):
    _, x, expected = code
    agrees(rows(x, "royston").loc["statistic"], expected["royston"])


def test_energy(code):
    _, x, expected = code
    samples = torch.from_numpy(x)
    found = Energy().readings(samples)["statistic"].value
    assert found == pytest.approx(expected["energy"]["R"], rel=EXACT)
    assert found == pytest.approx(expected["energy"]["formula"], rel=2e-9)  # its quadrature stops there
    if "mnt" in expected["energy"]:
        assert found == pytest.approx(expected["energy"]["mnt"], rel=SERIES)
    law = Energy().null_laws(*x.shape)["statistic"]
    upper, peer = law.upper_p(samples.new_tensor([found]).numpy())[0], expected["energy"]["R_p"]
    error = math.sqrt(max(peer * (1 - peer), 1 / law.size) * (1 / law.size + 1 / 1999))
    assert upper == pytest.approx(peer, abs=3 * error)


def test_sliced_epps_pulley(code):
    _, x, expected = code
    samples, values = torch.from_numpy(x), expected["sliced_epps_pulley"]
    directions = random_directions(x.shape[1], 256, torch.Generator().manual_seed(0))
    slices = (samples.float() @ directions).double()  # as the value was made
    assert epps_pulley_statistic(slices).mean().item() == pytest.approx(values["closed_form"], rel=EXACT)
    trained = sliced_epps_pulley(samples, directions, trapezoid()).item()
    assert trained == pytest.approx(values["lejepa"], rel=2e-7)  # float32
    table = measure(x, "sliced_epps_pulley").set_index("statistic")
    assert table["value"]["statistic"] == pytest.approx(values["closed_form"], rel=5e-8)  # slices in float64 here
