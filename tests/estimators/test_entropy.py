"""The differentiable entropy and the estimator: closed forms, gradients, agreement with each other."""

import math

import numpy as np
import pytest
import torch

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators import ESTIMATORS, kozachenko_leonenko
from gausslab.estimators.calibration import calibrating
from gausslab.estimators.entropy import constant, knn_entropy


def sample(samples=60, units=7, seed=0):
    return torch.randn(samples, units, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_two_points_by_hand():
    # psi(2) - psi(1) = 1, V_2 = pi, both distances are 5
    z = torch.tensor([[0.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
    assert kozachenko_leonenko(z).item() == pytest.approx(1 + math.log(math.pi) + 2 * math.log(5), rel=1e-14)


def test_three_points_on_a_line_by_hand():
    # distances 1, 1, 3; psi(3) - psi(1) = 3/2; V_1 = 2
    z = torch.tensor([[0.0], [1.0], [4.0]], dtype=torch.float64)
    assert kozachenko_leonenko(z).item() == pytest.approx(1.5 + math.log(2) + math.log(3) / 3, rel=1e-14)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_laws_of_scale_order_rotation_and_shift(k):
    z = sample()
    value = kozachenko_leonenko(z, k)
    rotation = torch.linalg.qr(sample(7, 7, 1)).Q
    torch.testing.assert_close(kozachenko_leonenko(3.7 * z, k), value + 7 * math.log(3.7), rtol=1e-13, atol=0)
    torch.testing.assert_close(kozachenko_leonenko(z.flip(0), k), value, rtol=1e-13, atol=0)
    torch.testing.assert_close(kozachenko_leonenko(z @ rotation, k), value, rtol=1e-13, atol=0)
    torch.testing.assert_close(kozachenko_leonenko(z + 1000, k), value, rtol=1e-11, atol=0)


@pytest.mark.parametrize("k", [1, 3])
def test_gradient(k):
    z = sample(12, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda code: kozachenko_leonenko(code, k), (z,))


def test_second_derivative():
    assert torch.autograd.gradgradcheck(kozachenko_leonenko, (sample(8, 3).requires_grad_(),))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_duplicates_keep_value_and_gradient_finite(dtype):
    z = sample(10, 4).to(dtype)
    z[1], z[3] = z[0], z[0]
    z.requires_grad_()
    value = kozachenko_leonenko(z)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(z.grad).all()
    assert (z.grad[0] == 0).all()


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_single_precision_distances_do_not_cancel(offset):
    z = (sample(100, 64) + offset).float()
    torch.testing.assert_close(kozachenko_leonenko(z).double(), kozachenko_leonenko(z.double()), rtol=1e-6, atol=0)


def test_neighbours_that_do_not_exist():
    with pytest.raises(EstimatorError, match=r"expected k between 1 and 9 \(samples - 1\), got 10"):
        kozachenko_leonenko(sample(10, 3), 10)


def test_constant_does_not_overflow():
    assert constant(1000, 2, 1) == pytest.approx(
        math.log(math.pi) + float(np.euler_gamma) + 6.907255195648812, rel=1e-6
    )
    assert math.isfinite(constant(1000, 5000, 1))


@pytest.mark.parametrize("units", [4, 20])
@pytest.mark.parametrize("k", [1, 5])
def test_the_loss_and_the_estimator_are_the_same_number(units, k):
    z = sample(80, units)
    assert ESTIMATORS["knn_entropy"](k=k)(z)[0].value == pytest.approx(kozachenko_leonenko(z, k).item(), rel=1e-12)


def test_entropy_of_a_gaussian_in_one_dimension_is_right():
    # sd of the estimate is about 0.02 here, its bias below 0.01
    value = ESTIMATORS["knn_entropy"]()(sample(4000, 1))[0].value
    assert value == pytest.approx(0.5 * math.log(2 * math.pi * math.e), abs=0.07)


def test_gap_is_the_null_minus_the_statistic_and_positive_for_less_entropy():
    statistic, gap = ESTIMATORS["knn_entropy"]()(0.5 * sample(200, 8))
    assert gap.value == pytest.approx(statistic.null_mean - statistic.value, rel=1e-12)
    assert gap.value == pytest.approx(8 * math.log(2), abs=0.5)
    assert gap.p_value == statistic.p_value == 2 / 120  # as small as 119 replicates allow


def test_max_norm_by_hand():
    # psi(2) - psi(1) = 1, V_2 = 4, both distances are 4; the standard error needs a second neighbour
    assert constant(2, 2, 1, "max") + 2 * math.log(4) == pytest.approx(1 + math.log(4) + 2 * math.log(4), rel=1e-14)
    z = torch.tensor([[0.0, 0.0], [3.0, 4.0], [103.0, 5.0]], dtype=torch.float64)
    expected = 1.5 + math.log(4) + 2 / 3 * (2 * math.log(4) + math.log(100))
    assert knn_entropy(z, 1, "max")[1].value == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("norm", ["euclidean", "max"])
@pytest.mark.parametrize("units", [3, 12])
def test_several_neighbours_are_each_of_their_own(units, norm):
    z = sample(90, units)
    together = knn_entropy(z, (1, 4, 9), norm)
    assert together == {k: knn_entropy(z, k, norm)[k] for k in (1, 4, 9)}
    if norm == "euclidean":
        assert together[4].value == pytest.approx(kozachenko_leonenko(z, 4).item(), rel=1e-12)


def test_entropy_of_known_laws_in_both_norms():
    # N(0, I) of 2 units and the unit square, on which the entropy is 0; biases at n = 4000 are below .03
    square = torch.rand(4000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for norm in ("euclidean", "max"):
        for z, entropy in ((sample(4000, 2), math.log(2 * math.pi * math.e)), (square, 0.0)):
            for k, found in knn_entropy(z, (1, 5), norm).items():
                assert found.value == pytest.approx(entropy, abs=3 * found.standard_error + 0.03), k


@pytest.mark.parametrize("units", [1, 8])
def test_the_jackknife_is_conservative(units):
    # Efron & Stein: too large in the mean; the spread over 150 samples is known to 6 %, 3 sd below 1
    found = [knn_entropy(sample(300, units, seed))[5] for seed in range(150)]
    ratio = np.mean([each.standard_error for each in found]) / np.std([each.value for each in found])
    assert 0.85 < ratio < 1.8


def test_the_estimator_in_the_max_norm_has_a_null_of_its_own():
    z = sample(100, 3)
    with calibrating(39) as asked:
        rows = {norm: ESTIMATORS["knn_entropy"](norm=norm, k=3)(z)[0] for norm in ("euclidean", "max")}
    assert asked == ["knn-plain/k=3/n=100/d=3", "knn-plain/norm=max/k=3/n=100/d=3"]
    for norm, row in rows.items():
        assert row.value == knn_entropy(z, 3, norm)[3].value
        assert abs(row.value - row.null_mean) < 4 * row.null_sd
    assert rows["max"].null_mean != rows["euclidean"].null_mean


def test_options_of_the_entropy_are_rejected():
    with pytest.raises(ConfigError, match="knn_entropy: unknown norm='l1'; choices: euclidean, max"):
        ESTIMATORS["knn_entropy"](norm="l1")
    with pytest.raises(ConfigError, match="knn_entropy: k must be at least 1, got 0"):
        knn_entropy(sample(), (0, 3))
    with pytest.raises(ConfigError, match="unknown norm"):
        knn_entropy(sample(), norm="l1")
    with pytest.raises(ConfigError, match="knn_entropy: unknown duplicates"):
        knn_entropy(sample(), duplicates="keep")
    with pytest.raises(EstimatorError, match="knn_entropy: expected at least 7 samples, got 6"):
        knn_entropy(sample(6, 3))
    with pytest.raises(EstimatorError, match="knn_entropy: 6 of 12 samples repeat an earlier one"):
        knn_entropy(sample(6, 3).repeat(2, 1))
