"""Entropy of single units by spacings, and the negentropy built on it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import digamma

from gausslab.errors import EstimatorError
from gausslab.estimators import ESTIMATORS
from gausslab.estimators.single_units import GAUSSIAN_ENTROPY, unit_null, unit_parts
from gausslab.estimators.spacings import REACH, log_spacings


def normal(samples, units, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((samples, units)))


def by_name(estimates):
    return {(estimate.statistic, estimate.unit): estimate for estimate in estimates}


@pytest.mark.parametrize("samples", [7, 11, 40])
def test_log_spacings_are_those_of_a_loop(samples):
    x = normal(samples, 3)
    expected = np.empty((samples, 3))
    for unit, column in enumerate(x.numpy().T):
        order = np.argsort(column)
        for rank, index in enumerate(order):
            low, high = max(rank - REACH, 0), min(rank + REACH, samples - 1)
            spacing = column[order[high]] - column[order[low]]
            expected[index, unit] = math.log(spacing) - digamma(high - low) + digamma(samples + 1)
    np.testing.assert_allclose(log_spacings(x).numpy(), expected, rtol=1e-12)


def test_the_entropy_is_vasiceks_but_for_the_correction_of_the_gaps():
    # scipy's differential_entropy repeats the first and last sample beyond the ends; its terms are ln(n / 2m * spacing)
    x = normal(300, 1)
    gaps = np.minimum(np.arange(300) + REACH, 299) - np.maximum(np.arange(300) - REACH, 0)
    correction = digamma(301) - digamma(gaps).mean() - math.log(300 / (2 * REACH))
    vasicek = stats.differential_entropy(x.numpy()[:, 0], window_length=REACH, method="vasicek")
    assert float(log_spacings(x).mean()) == pytest.approx(vasicek + correction, rel=1e-12)


def test_inner_spacings_of_a_uniform_unit_are_unbiased():
    # entropy 0; the mean of 400 inner terms of independent samples, and 4 standard errors of it
    x = torch.from_numpy(np.random.default_rng(0).random((200, 400)))
    middle = x.argsort(dim=0)[100]
    terms = log_spacings(x)[middle, torch.arange(400)].numpy()
    assert terms.mean() == pytest.approx(0, abs=4 * terms.std() / 20)


LAWS = {  # frozen law, bias less the null's allowed at n = 2000 in nats: twice what spacings.py states
    "uniform": (stats.uniform(), 0.003),
    "laplace": (stats.laplace(), 0.003),
    "t5": (stats.t(5), 0.003),
    "exponential": (stats.expon(), 0.003),
}


@pytest.mark.parametrize("law", sorted(LAWS))
def test_negentropy_of_known_laws(law):
    one, bias = LAWS[law]
    truth = GAUSSIAN_ENTROPY - float(one.entropy()) + math.log(one.std())
    generator = np.random.default_rng(1)
    x = torch.from_numpy(one.rvs((2000, 200), random_state=generator))
    values = unit_parts(x, "test").values.numpy()
    null = unit_parts(normal(2000, 200, 2), "test").values.numpy()
    error = math.hypot(values.std(), null.std()) / math.sqrt(200)
    assert values.mean() - null.mean() == pytest.approx(truth, abs=bias + 3 * error)


def test_unit_errors_are_the_spread_of_the_units():
    # 400 independent units; the spread is then known to 3.5 % (1 sd), more for heavy tails
    for law, accuracy in ((stats.norm(), 0.15), (stats.uniform(), 0.15), (stats.laplace(), 0.2)):
        x = torch.from_numpy(law.rvs((500, 400), random_state=np.random.default_rng(3)))
        readings = unit_parts(x, "test").readings()
        errors = [unit_null(500).standard_error(reading.variance) for reading in readings]
        assert np.mean(errors) / np.std([reading.value for reading in readings]) == pytest.approx(1, abs=accuracy)


def test_rows_of_the_negentropy():
    x = normal(400, 4)
    x[:, 2] = x[:, 2].exp()  # lognormal: the largest negentropy of the four
    rows = by_name(ESTIMATORS["negentropy"]()(x))
    units = [rows["statistic", str(unit)] for unit in range(4)]
    assert max(units, key=lambda row: row.value).unit == "2"
    truth = math.log((math.e - 1) * math.e) / 2  # ln of the spread; the entropy is that of the normal, mean 0
    assert units[2].value == pytest.approx(truth, abs=4 * units[2].standard_error)
    assert (units[2].p_value, rows["marginal", "all"].p_value, rows["joint", "all"].p_value) == (
        2 / 9996,
        2 / 200,
        2 / 200,
    )
    assert {row.quantity for row in rows.values()} == {"nats"} and {row.null for row in rows.values()} == {"composite"}
    # the nulls' means, of 99 x 4 and of 1999 units, are known to .0005 each
    assert math.fsum(row.value for row in units) == pytest.approx(rows["marginal", "all"].value, abs=4 * 4 * 0.0007)


def test_negentropy_shares_its_numbers_with_the_decomposition():
    x = normal(200, 5).sinh()
    rows = by_name(ESTIMATORS["negentropy"]()(x))
    parts = by_name(ESTIMATORS["kl_decomposition"]()(x))
    for name, part in (("marginal", "marginal_negentropy"), ("joint", "beyond_second_order")):
        assert rows[name, "all"] == replace(parts[part, "all"], statistic=name)


def test_negentropy_ignores_scale_and_location_of_units_and_the_joint_one_any_affine_map():
    x = normal(150, 4).exp()
    first, second = (by_name(ESTIMATORS["negentropy"]()(each)) for each in (x, 5 + 3 * x))
    assert all(first[key].value == pytest.approx(second[key].value, rel=1e-9) for key in first)
    mixed = by_name(ESTIMATORS["negentropy"]()(x @ (torch.eye(4, dtype=torch.float64) + 0.2 * normal(4, 4, 1))))
    assert mixed["joint", "all"].value == pytest.approx(first["joint", "all"].value, rel=1e-9)
    assert mixed["marginal", "all"].value != pytest.approx(first["marginal", "all"].value, rel=1e-3)


@pytest.mark.parametrize("name", ["kl_decomposition", "negentropy"])
def test_atoms_are_refused_or_jittered_and_what_needs_no_margins_is_left(name):
    x = normal(300, 4)
    x[:, 1] = x[:, 1].relu()  # half of its samples are 0, but no two samples are equal
    with pytest.raises(EstimatorError, match=rf"{name}: 1 of 4 units repeat a value .* negentropy is infinite: 1; exp"):
        ESTIMATORS[name]()(x)
    assert all(math.isfinite(row.value) for row in ESTIMATORS[name](duplicates="jitter")(x))
    assert all(math.isfinite(row.value) for row in ESTIMATORS["knn_kl"]()(x))


@pytest.mark.parametrize("name", ["kl_decomposition", "negentropy"])
def test_single_precision_ties_are_no_atoms(name):
    x = (normal(300, 3) * 64).round() / 64  # some 80 values within a standard deviation and a half
    assert len(x.unique()) < 350
    assert all(math.isfinite(row.value) for row in ESTIMATORS[name]()(x))
