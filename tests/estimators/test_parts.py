"""The decomposition, the moment part and the divergence: closed forms, additivity, bias, error bars, size."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.errors import EstimatorError
from gausslab.estimators import ESTIMATORS
from gausslab.estimators.calibration import NullLaw
from gausslab.estimators.decomposition import decomposition_readings, whitened_null
from gausslab.estimators.entropy import plain_null, plain_readings
from gausslab.estimators.moments import moment_biases, moment_estimate, moment_parts, moment_readings, whitened

LEAST = pytest.approx(1 / 75, abs=1 / 299)  # 2 / 200 with the shipped 199 replicates, 2 / 120 with 119 drawn ones


def normal(samples, units, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((samples, units)))


def by_name(estimates):
    return {estimate.statistic: estimate for estimate in estimates}


@pytest.mark.parametrize("units", [1, 3, 20])
def test_parts_add_up_to_the_total(units):
    x = 1 + normal(150, units) @ (torch.eye(units, dtype=torch.float64) + 0.3 * normal(units, units, 1))
    parts = by_name(ESTIMATORS["kl_decomposition"]()(x))
    whole = parts.pop("total")
    beyond = parts.pop("beyond_second_order")
    assert set(parts) == {"mean_scale", "correlation", "marginal_negentropy", "dependence"}
    assert whole.value == pytest.approx(math.fsum(part.value for part in parts.values()), rel=1e-14)
    assert beyond.value == pytest.approx(parts["marginal_negentropy"].value + parts["dependence"].value, rel=1e-14)
    assert {whole.quantity} == {part.quantity for part in parts.values()} == {"nats"}


@pytest.mark.parametrize(("law", "kurtosis"), [("uniform", -1.2), ("normal", 0.0), ("laplace", 3.0)])
def test_what_the_debiasing_leaves_of_units_that_are_not_gaussian(law, kurtosis):
    """d k / 4n nats in mean_scale, as the docstrings say, to 4 standard errors and terms of 1/n^2: 1,000 codes."""
    samples, units, codes = 100, 8, 1000
    x = stats_law(law).rvs((codes, samples, units), random_state=0)
    x = x / stats_law(law).std()
    variance = x.var(1)
    left = (variance + x.mean(1) ** 2 - 1 - np.log(variance)).sum(1) / 2 - moment_biases(samples, units)[0]
    slack = 4 * left.std() / codes**0.5 + 20 * units / (4 * samples**2)
    assert left.mean() == pytest.approx(units * kurtosis / (4 * samples), abs=slack)


def stats_law(name):
    """A law of SciPy's with mean 0."""
    return {"uniform": stats.uniform(-1, 2), "normal": stats.norm(), "laplace": stats.laplace()}[name]


def test_one_unit_has_no_correlation():
    correlation = by_name(ESTIMATORS["kl_decomposition"]()(normal(80, 1)))["correlation"]
    assert (correlation.value, correlation.null_mean, correlation.null_sd, correlation.p_value) == (0, 0, 0, 1)


@pytest.mark.parametrize("x", [normal(80, 1), 2 + normal(80, 1).exp()], ids=["gaussian", "lognormal"])
def test_one_unit_depends_on_nothing(x):
    parts = by_name(ESTIMATORS["kl_decomposition"]()(x))
    nothing = parts["dependence"]
    assert (nothing.value, nothing.null_mean, nothing.null_sd, nothing.null_replicates) == (0, 0, 0, 0)
    assert math.isnan(nothing.standard_error) and math.isnan(nothing.p_value)
    same = replace(parts["marginal_negentropy"], statistic="beyond_second_order")
    assert parts["beyond_second_order"] == same
    whole = math.fsum(parts[name].value for name in ("mean_scale", "correlation", "marginal_negentropy"))
    assert parts["total"].value == pytest.approx(whole, rel=1e-14)
    joint, marginal = (by_name(ESTIMATORS["negentropy"]()(x))[name] for name in ("joint", "marginal"))
    assert replace(joint, statistic="marginal") == marginal
    assert marginal.value == pytest.approx(parts["marginal_negentropy"].value, rel=1e-12)


def test_the_total_of_one_unit():
    # Laplace(0, 1): variance 2, so (2 - 1 - ln 2) / 2 of mean and scale, and .0724 of shape
    truth = (1 - math.log(2)) / 2 + (1 + math.log(math.pi)) / 2 - 1
    laplace = [torch.from_numpy(np.random.default_rng(seed).laplace(0, 1, (400, 1))) for seed in range(100)]
    totals = [by_name(ESTIMATORS["kl_decomposition"]()(x))["total"] for x in laplace]
    values = [total.value for total in totals]
    assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / 10 + 0.007)  # bias as in `spacings`
    # the spread over 100 codes is known to 7 % or, heavy-tailed, rather less
    assert np.mean([total.standard_error for total in totals]) == pytest.approx(np.std(values), rel=0.3)


def test_the_total_of_one_gaussian_unit_and_its_p():
    totals = [by_name(ESTIMATORS["kl_decomposition"]()(normal(100, 1, seed)))["total"] for seed in range(200)]
    assert abs(np.mean([total.value for total in totals])) < 4 * totals[0].null_sd / math.sqrt(200)
    # 5 % of 200 codes is 10, sd 3.1; a law of 1999 replicates adds sd .005 * 200 = 1; 3 sd of both
    assert abs(sum(total.p_value <= 0.05 for total in totals) - 10) <= 3 * math.hypot(3.1, 1)


def test_whitened_has_exact_moments():
    z = whitened(3 + normal(100, 12) @ normal(12, 12, 1), "test")
    torch.testing.assert_close(z.mean(0), torch.zeros(12, dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(z.T @ z / 100, torch.eye(12, dtype=torch.float64), rtol=0, atol=1e-11)


def test_beyond_second_order_ignores_affine_maps_and_moments_see_only_them():
    x = normal(150, 10).exp()
    y = 2 + x @ (torch.eye(10, dtype=torch.float64) + 0.2 * normal(10, 10, 1))
    first, second = (by_name(ESTIMATORS["kl_decomposition"]()(each)) for each in (x, y))
    assert first["beyond_second_order"].value == pytest.approx(second["beyond_second_order"].value, rel=1e-9)
    scaled = by_name(ESTIMATORS["kl_decomposition"]()(5 * x))
    assert scaled["correlation"].value == pytest.approx(first["correlation"].value, rel=1e-12)


def test_decomposition_moment_kl_and_knn_kl_agree():
    x = 0.4 + normal(200, 9) @ (torch.eye(9, dtype=torch.float64) + 0.2 * normal(9, 9, 1))
    parts = by_name(ESTIMATORS["kl_decomposition"]()(x))
    moments, knn = by_name(ESTIMATORS["moment_kl"]()(x)), by_name(ESTIMATORS["knn_kl"]()(x))
    assert parts["mean_scale"].value + parts["correlation"].value == pytest.approx(moments["debiased"].value, rel=1e-10)
    assert parts["beyond_second_order"].value == pytest.approx(knn["excess"].value, rel=1e-12)
    assert knn["excess"].value == pytest.approx(knn["whitened"].value - knn["whitened"].null_mean, rel=1e-12)


PARTS = ("mean_scale", "correlation")


@pytest.mark.parametrize("units", [1, 3, 12])
def test_moment_kl_has_the_parts_of_the_decomposition(units):
    x = 0.4 + normal(150, units) @ (torch.eye(units, dtype=torch.float64) + 0.1 * normal(units, units, 1))
    parts, moments = (by_name(ESTIMATORS[name]()(x)) for name in ("kl_decomposition", "moment_kl"))
    assert [moments[name] for name in PARTS] == [replace(parts[name], n_samples=None) for name in PARTS]
    assert all(moments[name].null_mean == 0 and moments[name].quantity == "nats" for name in PARTS)
    assert sum(moments[name].value for name in PARTS) == pytest.approx(moments["debiased"].value, rel=1e-10)


def test_samples_that_repeat_have_moment_parts():
    x = normal(200, 3)
    x[:150] = x[:150].sign()  # atoms at the corners of a cube
    with pytest.raises(EstimatorError, match="repeat an earlier one"):
        ESTIMATORS["kl_decomposition"]()(x)
    moments = by_name(ESTIMATORS["moment_kl"]()(x))
    expected = moment_parts(x, whitened(x, "test"))
    for name, bias in zip(PARTS, moment_biases(200, 3), strict=True):
        assert moments[name].value == pytest.approx(getattr(expected, name) - bias, rel=1e-12)
        assert moments[name].standard_error > 0 and 0 < moments[name].p_value <= 1


def test_known_divergences():
    # mean .5 a unit: 8 * .125 nats; correlation .6 in four pairs: -2 ln(1 - .36) nats; error bars of n = 4000
    x = normal(4000, 8) + 0.5
    assert by_name(ESTIMATORS["moment_kl"]()(x))["debiased"].value == pytest.approx(1.0, abs=0.1)
    pairs = normal(4000, 8, 1)
    pairs[:, 1::2] = 0.6 * pairs[:, ::2] + 0.8 * pairs[:, 1::2]
    correlation = moment_parts(pairs, whitened(pairs, "test")).correlation - moment_biases(4000, 8)[1]
    assert correlation == pytest.approx(-2 * math.log(1 - 0.36), abs=0.1)


def test_the_moment_bias_is_the_published_one():
    # 2.14 nats for a perfect Gaussian at n = 2000, d = 128
    assert sum(moment_biases(2000, 128)) == pytest.approx(2.14, abs=0.01)


@pytest.mark.parametrize("units", [1, 6, 25])
def test_the_moment_bias_is_exact_for_any_gaussian(units):
    mixing = torch.eye(units, dtype=torch.float64) + 0.2 * normal(units, units, 99)
    covariance = mixing.T @ mixing
    truth = (covariance.trace() - units - torch.logdet(covariance)).item() / 2
    values = [moment_readings(normal(60, units, seed) @ mixing, "test")["moment_kl"].value for seed in range(400)]
    error = np.std(values) / 20
    assert np.mean(values) - sum(moment_biases(60, units)) == pytest.approx(truth, abs=4 * error)


LAWS = {
    "gaussian": lambda generator, shape: generator.standard_normal(shape),
    "uniform": lambda generator, shape: generator.uniform(-math.sqrt(3), math.sqrt(3), shape),
    "laplace": lambda generator, shape: generator.laplace(0, math.sqrt(0.5), shape),
}


# the spread over 100 codes is known to 7 % (1 sd), the null's over 119 to 6.5 %; 3 of both; away from the Gaussian
# the excess that is subtracted is not the law's own
@pytest.mark.parametrize(("law", "accuracy"), [("gaussian", 0.3), ("uniform", 0.4), ("laplace", 0.4)])
@pytest.mark.parametrize("units", [4, 12])
def test_standard_errors_are_the_spread_of_the_estimates(law, accuracy, units):
    drawn = [torch.from_numpy(LAWS[law](np.random.default_rng(7000 + seed), (200, units))) for seed in range(100)]
    for null, readings in (
        (plain_null(200, units, 5), [plain_readings(x, 5) for x in drawn]),
        (whitened_null(200, units, 5), [decomposition_readings(x, 5, "test") for x in drawn]),
    ):
        for name in set(null) - {"mean_scale", "correlation"}:
            spread = np.std([each[name].value for each in readings])
            errors = [null[name].standard_error(each[name].variance) for each in readings]
            assert np.mean(errors) / spread == pytest.approx(1, abs=accuracy), name


@pytest.mark.parametrize("mean", [0.0, 0.4])
def test_standard_errors_of_the_moment_parts(mean):
    # at the null they are at least the null's spread, so up to a fifth too large; away from it the delta method's
    null, biases = whitened_null(300, 4, 5), moment_biases(300, 4)
    readings = [decomposition_readings(mean + normal(300, 4, seed), 5, "test") for seed in range(200)]
    for name, bias in zip(("mean_scale", "correlation"), biases, strict=True):
        rows = [moment_estimate(null[name], each[name], name, bias) for each in readings]
        ratio = np.mean([row.standard_error for row in rows]) / np.std([row.value for row in rows])
        assert 0.85 < ratio < 1.3, name


def test_p_values_have_their_size():
    # 5 % of 120 codes is 6, sd 2.4; the law is one of 119 replicates, which adds sd .02 * 120 = 2.4; 3 sd of both
    laws = {**plain_null(100, 9, 5), **whitened_null(100, 9, 5)}
    drawn = [normal(100, 9, 1000 + seed) for seed in range(120)]
    readings = [{**plain_readings(x, 5), **decomposition_readings(x, 5, "test")} for x in drawn]
    for name, law in laws.items():
        rejected = sum(law.p_value(each[name].value) <= 0.05 for each in readings)
        assert rejected <= 6 + 3 * math.hypot(2.4, 2.4), name


def test_standard_errors_keep_a_quarter_of_the_variance():
    law = NullLaw(np.array([-1e-3, 1e-3]), variance=1.0)
    assert law.standard_error(0.5) == pytest.approx(math.sqrt(0.125))


def test_independent_units_have_no_dependence_and_copies_a_negative_one():
    # units of variance 1: two Laplace (.0724 nats each) and one Gaussian; n = 1000, 4 standard errors
    generator = np.random.default_rng(0)
    x = torch.from_numpy(generator.laplace(0, math.sqrt(0.5), (1000, 3)))
    x[:, 2] = normal(1000, 1)[:, 0]
    parts = by_name(ESTIMATORS["kl_decomposition"]()(x))
    for name, truth in (("marginal_negentropy", 2 * 0.0724), ("dependence", 0.0)):
        assert parts[name].value == pytest.approx(truth, abs=4 * parts[name].standard_error), name
    # the third a copy of the first but for a little noise: its negentropy is there twice, jointly once
    x[:, 2] = x[:, 0] + 0.05 * x[:, 2]
    copied = by_name(ESTIMATORS["kl_decomposition"]()(x))
    assert copied["dependence"].value == pytest.approx(-0.0724, abs=4 * copied["dependence"].standard_error)
    assert copied["dependence"].null == "composite" and copied["dependence"].p_value == LEAST


def test_units_that_are_uncorrelated_and_depend_on_each_other():
    # y is x with a sign of its own, and some noise: an X-shaped cloud with nearly Gaussian margins
    x = normal(800, 2)
    x[:, 1] = x[:, 0] * normal(800, 1, 1)[:, 0].sign() + 0.3 * x[:, 1]
    parts = by_name(ESTIMATORS["kl_decomposition"]()(x))
    assert abs(parts["correlation"].value) < 0.02
    assert parts["dependence"].value > 0.3 and parts["dependence"].p_value == LEAST


def test_a_non_gaussian_code_is_found():
    x = torch.from_numpy(np.random.default_rng(0).laplace(0, math.sqrt(0.5), (400, 6)))
    parts = by_name(ESTIMATORS["kl_decomposition"]()(x))
    # a Laplace unit of variance 1 has negentropy .0724 nats
    assert parts["beyond_second_order"].value == pytest.approx(6 * 0.0724, abs=4 * parts["total"].standard_error)
    assert parts["beyond_second_order"].p_value == LEAST
    assert parts["total"].standard_error > 0
