"""Measures of isotropy against their definitions, brute force and the Marchenko-Pastur law."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from gausslab.errors import EstimatorError
from gausslab.estimators.isotropy import SUMMARIES, ParticipationRatio, debiased_participation, isotropy_readings
from gausslab.estimators.spectra import MarchenkoPastur, spectrum, spectrum_of


def normal(samples, units, seed=0, scales=1.0):
    x = np.random.default_rng(seed).standard_normal((samples, units)) * scales
    return torch.from_numpy(x)


def rows(x):
    return {row.statistic: row for row in ParticipationRatio()(x)}


def test_spectrum_is_that_of_the_covariance():
    x = normal(50, 6, scales=np.arange(1, 7))
    found = spectrum(x.float())
    covariance = np.cov(x.float().double().numpy().T)
    np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh(covariance)[::-1], rtol=1e-10)
    rebuilt = found.directions * found.eigenvalues @ found.directions.T
    np.testing.assert_allclose(rebuilt, covariance, atol=1e-10)
    assert found.bulk.variance == pytest.approx(np.trace(covariance) / 6)
    assert found.bulk.aspect == pytest.approx(6 / 49)


@pytest.mark.parametrize("aspect", [0.05, 0.5, 1.0, 3.0])
def test_bulk_density_has_the_moments_of_the_law(aspect):
    # mass min(1, 1 / aspect), mean variance, second moment variance^2 (1 + aspect)
    bulk = MarchenkoPastur(aspect=aspect, variance=2.0)
    for power, expected in ((0, min(1, 1 / aspect)), (1, 2.0), (2, 4 * (1 + aspect))):

        def term(angle, power=power):  # the edges' square roots go away in the angle
            middle, half = (bulk.upper + bulk.lower) / 2, (bulk.upper - bulk.lower) / 2
            at = middle + half * math.cos(angle)
            return at**power * float(bulk.density(np.array(at))) * half * math.sin(angle)

        assert quad(term, 0, math.pi, limit=200)[0] == pytest.approx(expected, rel=1e-6)
    assert bulk.density(np.array([bulk.lower * 0.99, bulk.upper * 1.01, 0.0])).tolist() == [0, 0, 0]


def test_eigenvalues_of_an_isotropic_code_fill_the_bulk():
    found = spectrum_of(normal(800, 200, scales=3.0))
    assert found.outside <= 0.02
    quantiles = np.linspace(found.bulk.lower, found.bulk.upper, 2001)
    levels = np.cumsum(found.bulk.density(quantiles)) * (quantiles[1] - quantiles[0])
    empirical = np.searchsorted(found.eigenvalues[::-1], quantiles, side="right") / 200
    assert abs(empirical - levels).max() < 0.02  # eigenvalues repel each other: far closer than 1 / sqrt(200)


def test_directions_beyond_the_bulk_are_counted():
    scales = np.ones(40)
    scales[:3], scales[3] = 3.0, 0.05
    assert spectrum(normal(2000, 40, scales=scales)).outside >= 4 / 40
    assert spectrum(normal(30, 40)).outside <= 2 / 40  # eigenvalues that are 0 for want of samples do not count


def test_spectrum_refuses_what_it_cannot_use():
    with pytest.raises(EstimatorError, match="spectrum: expected at least 2 samples, got 1"):
        spectrum(torch.zeros(1, 3))


def test_closed_forms():
    # k equal eigenvalues among d: participation and effective rank k
    values = np.array([2.0] * 3 + [0.0] * 5)
    assert SUMMARIES["statistic"](values)[0] == pytest.approx(3)
    assert SUMMARIES["effective_rank"](values)[0] == pytest.approx(3)
    assert SUMMARIES["isoscore"](values)[0] == pytest.approx(2 / 7)
    assert SUMMARIES["largest_eigenvalue"](values)[0] == pytest.approx(8 / 3)


def test_isoscore_is_the_one_of_its_paper_step_by_step():
    for seed in range(5):
        values = np.sort(np.random.default_rng(seed).random(7) ** 2)[::-1]
        units = len(values)
        normed = math.sqrt(units) * values / np.linalg.norm(values)
        defect = np.linalg.norm(normed - 1) / math.sqrt(2 * (units - math.sqrt(units)))
        used = (units - defect**2 * (units - math.sqrt(units))) ** 2 / units**2
        assert SUMMARIES["isoscore"](values)[0] == pytest.approx((units * used - 1) / (units - 1), rel=1e-12)


@pytest.mark.parametrize("name", SUMMARIES)
def test_gradients_are_those_of_finite_differences(name):
    values = np.sort(np.random.default_rng(0).random(6))[::-1].copy()
    _, gradient = SUMMARIES[name](values)
    for k, step in enumerate(1e-6 * np.eye(6)):
        difference = (SUMMARIES[name](values + step)[0] - SUMMARIES[name](values - step)[0]) / 2e-6
        assert gradient[k] == pytest.approx(difference, rel=1e-6, abs=1e-8)


def test_debiased_parts_are_means_over_all_distinct_quadruples():
    x = np.random.default_rng(0).gamma(1.5, size=(7, 3))
    squares = fourths = 0.0
    for i, j, k, m in itertools.permutations(range(7), 4):
        first, second = x[i] - x[j], x[k] - x[m]
        squares += (first @ second) ** 2
        fourths += first @ first * (second @ second)
    found = spectrum_of(torch.from_numpy(x))
    debiased = debiased_participation(found.eigenvalues, np.square(x - x.mean(0)).sum(1))
    assert debiased == pytest.approx(fourths / squares, rel=1e-10)


def test_the_debiased_ratio_is_right_where_the_plain_one_is_not():
    # 60 samples of 40 units: the plain ratio is near 1 / (1 / truth + 1 / 60); 4 standard errors of 200 codes
    scales = np.linspace(0.5, 2, 40)
    truth = np.square(scales).sum() ** 2 / (scales**4).sum()
    readings = [isotropy_readings(normal(60, 40, seed, scales)) for seed in range(200)]
    plain, debiased = (np.array([each[name].value for each in readings]) for name in ("statistic", "debiased"))
    assert debiased.mean() == pytest.approx(truth, abs=4 * debiased.std() / 200**0.5 + 0.01 * truth)
    assert plain.mean() < 0.75 * truth


@pytest.mark.parametrize("name", [*SUMMARIES, "debiased"])
def test_standard_errors_are_the_spread_over_codes(name):
    # 400 anisotropic codes: the spread is known to 3.5 %; the null's, over 119 replicates, to 6.5 %; 3 of both, at most
    scales = np.array([3.0, 2.0, 1.5, 1.0, 0.7])
    codes = [normal(300, 5, seed, scales) for seed in range(400)]
    spread = np.std([isotropy_readings(code)[name].value for code in codes])
    errors = [rows(code)[name].standard_error for code in codes[:40]]
    assert np.mean(errors) == pytest.approx(spread, rel=0.2)


def test_scale_mean_and_rotation_do_not_matter():
    x = normal(60, 5, scales=np.arange(1, 6))
    turned = 10 + 0.1 * x @ torch.linalg.qr(normal(5, 5, seed=1)).Q
    for name, reading in isotropy_readings(x).items():
        assert isotropy_readings(turned)[name].value == pytest.approx(reading.value, rel=1e-10)


def test_rows_of_an_isotropic_and_of_a_narrow_code():
    isotropic, narrow = rows(normal(100, 10, seed=1)), rows(normal(100, 10, scales=np.geomspace(1, 30, 10)))
    for name in ("statistic", "debiased", "effective_rank", "isoscore", "largest_eigenvalue"):
        assert isotropic[name].p_value > 0.05
        assert narrow[name].p_value == pytest.approx(2 / 120)  # as small as 119 replicates allow
    assert isotropic["debiased"].null_mean == pytest.approx(10, abs=0.1)
    assert narrow["outside_bulk"].value > 0.5
    assert math.isnan(narrow["outside_bulk"].standard_error)


def test_one_unit_and_few_samples():
    one = rows(normal(20, 1))
    assert {name: row.value for name, row in one.items() if name != "outside_bulk"} == pytest.approx(
        dict.fromkeys([*SUMMARIES, "debiased"], 1.0)
    )
    assert rows(normal(5, 20))["statistic"].value <= 4
    assert "debiased" not in rows(normal(3, 2))
