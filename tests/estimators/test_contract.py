"""What every estimator of the registry promises."""

import math
import re
from dataclasses import FrozenInstanceError

import pytest
import torch

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators import (
    ESTIMATORS,
    Estimate,
    TwoSampleKnnKL,
    bhep,
    extreme_projections,
    knn_divergence,
    knn_entropy,
    spectrum,
)

EVERY = pytest.mark.parametrize("name", sorted(ESTIMATORS))
SAMPLES, UNITS = 120, 10  # more units than the k-d tree takes


@pytest.fixture
def x():
    return torch.randn(SAMPLES, UNITS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def values(estimates):
    return torch.tensor([estimate.value for estimate in estimates], dtype=torch.float64)


@EVERY
def test_names_itself_and_is_frozen(name):
    estimator = ESTIMATORS[name]()
    assert estimator.name == name
    assert estimator.null in ("simple", "composite")
    assert estimator == ESTIMATORS[name]()
    with pytest.raises((FrozenInstanceError, AttributeError)):
        estimator.min_samples = 0


@EVERY
def test_returns_estimates_with_their_null(name, x):
    estimates = ESTIMATORS[name]()(x)
    assert all(isinstance(estimate, Estimate) for estimate in estimates)
    assert len({(estimate.statistic, estimate.unit) for estimate in estimates}) == len(estimates)
    if name != "kl_decomposition":
        assert "statistic" in {estimate.statistic for estimate in estimates}
    for estimate in estimates:
        assert math.isfinite(estimate.value)
        assert math.isfinite(estimate.null_mean)
        assert estimate.null_sd > 0
        assert 0 < estimate.p_value <= 1
        assert abs(estimate.value - estimate.null_mean) < 6 * estimate.null_sd  # x is Gaussian
        assert estimate.unit == "all" or 0 <= int(estimate.unit) < UNITS
        assert not estimate.standard_error <= 0  # positive or NaN


@EVERY
def test_order_of_samples_does_not_matter(name, x):
    shuffled = x[torch.randperm(SAMPLES, generator=torch.Generator().manual_seed(2))]
    estimator = ESTIMATORS[name]()
    torch.testing.assert_close(values(estimator(shuffled)), values(estimator(x)), rtol=1e-10, atol=1e-10)


@EVERY
def test_single_precision_input_is_computed_in_double(name, x):
    single = x.float()
    estimator = ESTIMATORS[name]()
    torch.testing.assert_close(values(estimator(single)), values(estimator(single.double())), rtol=0, atol=0)
    torch.testing.assert_close(values(estimator(single)), values(estimator(x)), rtol=1e-5, atol=1e-5)


@EVERY
def test_same_samples_same_bits_and_no_global_randomness(name, x):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, second = ESTIMATORS[name]()(x), ESTIMATORS[name]()(x)
    assert repr(first) == repr(second)
    assert torch.equal(torch.get_rng_state(), before)


@EVERY
def test_input_is_left_alone(name, x):
    copy = x.clone()
    ESTIMATORS[name]()(x)
    assert torch.equal(x, copy)


@EVERY
def test_too_few_samples(name, x):
    estimator = ESTIMATORS[name]()
    few = estimator.min_samples - 1
    with pytest.raises(EstimatorError, match=f"{name}: expected at least {few + 1} samples, got {few}"):
        estimator(x[:few])


@EVERY
def test_the_fewest_samples_suffice(name):
    estimator = ESTIMATORS[name]()
    narrow = torch.randn(estimator.min_samples, 2, generator=torch.Generator().manual_seed(3))
    assert torch.isfinite(values(estimator(narrow))).all()


@EVERY
def test_one_unit(name, x):
    assert torch.isfinite(values(ESTIMATORS[name]()(x[:, :1]))).all()


@EVERY
def test_constant_units(name, x):
    x[:, 3] = 2.0
    with pytest.raises(EstimatorError, match=f"{name}: expected units that vary, got 1 constant of 10: 3"):
        ESTIMATORS[name]()(x)


@EVERY
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite(name, x, bad):
    x[5, 2] = bad
    with pytest.raises(
        EstimatorError, match=f"{name}: expected finite values, got NaN or infinity in 1 of 120 samples"
    ):
        ESTIMATORS[name]()(x)


@pytest.mark.parametrize("name", ["kl_decomposition", "moment_kl", "knn_kl"])
def test_no_more_samples_than_units(name, x):
    with pytest.raises(EstimatorError, match=f"{name}: whitening needs more samples than units, got 10 samples of 10"):
        ESTIMATORS[name]()(x[:10])


@pytest.mark.parametrize("name", ["kl_decomposition", "moment_kl", "knn_kl"])
def test_units_that_depend_on_others(name, x):
    x[:, 9] = x[:, 0] - 2 * x[:, 1]
    with pytest.raises(EstimatorError, match=f"{name}: expected linearly independent units"):
        ESTIMATORS[name]()(x)


@pytest.mark.parametrize("name", ["kl_decomposition", "knn_entropy", "knn_kl"])
def test_duplicates_are_refused_dropped_or_jittered_but_never_silent(name, x):
    doubled = torch.cat([x, x[:7]])
    with pytest.raises(EstimatorError, match=f"{name}: 7 of 127 samples repeat an earlier one"):
        ESTIMATORS[name]()(doubled)
    assert repr(ESTIMATORS[name](duplicates="drop")(doubled)) == repr(ESTIMATORS[name]()(x))
    assert torch.isfinite(values(ESTIMATORS[name](k=1, duplicates="jitter")(doubled))).all()


@pytest.mark.parametrize("name", ["kl_decomposition", "knn_entropy", "knn_kl"])
def test_parameters_are_rejected_when_built(name):
    with pytest.raises(ConfigError, match=f"{name}: k must be at least 1, got 0"):
        ESTIMATORS[name](k=0)
    with pytest.raises(ConfigError, match=f"{name}: unknown duplicates='dropp'; did you mean 'drop'?"):
        ESTIMATORS[name](duplicates="dropp")


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("shape", [(30,), (2, 30, 3), ()], ids=str)
@EVERY
def test_another_shape_than_samples_x_units_is_a_line(name, shape):
    with pytest.raises(EstimatorError, match=rf"{name}: expected samples x units, got shape {re.escape(str(shape))}"):
        ESTIMATORS[name]()(torch.zeros(shape))


FUNCTIONS = {
    "knn_entropy": knn_entropy,
    "knn_divergence": lambda x: knn_divergence(x, x),
    "bhep": lambda x: bhep(x, 1.0),
    "projection_pursuit": extreme_projections,
    "spectrum": spectrum,
    "two_sample_knn_kl": lambda x: TwoSampleKnnKL(reference=x)(torch.randn(30, 3)),
}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("shape", [(30,), (2, 30, 3)], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_one_code_refuse_it_too(name, shape):
    with pytest.raises(EstimatorError, match=rf"{name}.*: expected samples x units, got shape {re.escape(str(shape))}"):
        FUNCTIONS[name](torch.randn(shape))
