"""The search against brute force, what it is for, what it is blind to, and its null."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators.moments import whitened
from gausslab.estimators.projection_pursuit import (
    ProjectionPursuit,
    extreme_kurtoses,
    extreme_projections,
    most_extreme,
    pursuit_null,
    unit_axes,
)
from gausslab.estimators.pursuit import best_angle, climb, extreme_directions, kurtosis_of
from gausslab.laws import get, rotation
from gausslab.seeding import numpy_generator


def drawn(law, samples, units, seed=0):
    return torch.from_numpy(get(law).draw(np.random.default_rng(seed), samples, units))


def by_name(estimates):
    return {estimate.statistic: estimate for estimate in estimates}


@pytest.mark.parametrize("law", ["gaussian", "laplace", "cube-rotated"])
def test_two_units_against_every_angle(law):
    x = drawn(law, 300, 2)
    z = whitened(x, "test")
    angles = torch.linspace(0, math.pi, 20_001, dtype=torch.float64)
    every = stats.kurtosis((z @ torch.stack([angles.cos(), angles.sin()])).numpy(), axis=0)
    least, greatest = extreme_kurtoses(x, 128, "test")
    # the grid misses the extremes by at most half its step, and they are flat: 1e-8 of the curvature
    assert least == pytest.approx(every.min(), abs=1e-6) and least <= every.min()
    assert greatest == pytest.approx(every.max(), abs=1e-6) and greatest >= every.max()


def test_five_units_against_many_directions():
    x = drawn("gaussian", 400, 5)
    random = torch.randn(5, 100_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    every = kurtosis_of(whitened(x, "test") @ (random / random.norm(dim=0)))
    least, greatest = extreme_kurtoses(x, 128, "test")
    assert least <= every.min() and greatest >= every.max()
    assert max(every.min() - least, greatest - every.max()) < 0.1


def test_one_unit_has_one_direction():
    x = drawn("t5", 200, 1)
    expected = stats.kurtosis(x.numpy().ravel())
    np.testing.assert_allclose(extreme_kurtoses(x, 8, "test"), [expected, expected], rtol=1e-12)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_best_angle_is_the_best_of_all(sign):
    pair = torch.randn(2, 50, 30, generator=torch.Generator().manual_seed(1), dtype=torch.float64) ** 3
    y, v = pair[0], pair[1]
    moments = torch.stack([(y ** (4 - k) * v**k).mean(0) for k in range(5)])
    signs = torch.full((30,), sign, dtype=torch.float64)
    angles = torch.linspace(-math.pi / 2, math.pi / 2, 4001, dtype=torch.float64)[:, None, None]
    every = sign * (y * angles.cos() + v * angles.sin()).pow(4).mean(1)
    chosen = best_angle(moments, signs)
    assert (sign * (y * chosen.cos() + v * chosen.sin()).pow(4).mean(0) >= every.amax(0) * (1 - sign * 1e-9)).all()


@pytest.mark.parametrize("law", ["gaussian", "t5-elliptical", "bimodal-direction"])
def test_no_step_loses_and_a_start_at_rest_stays(law):
    z = whitened(drawn(law, 200, 12), "test")
    w = torch.randn(12, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    w = w / w.norm(dim=0)
    signs = torch.tensor([-1.0, 1.0], dtype=torch.float64).repeat_interleave(10)
    reached = torch.stack([climb(z, w, signs, steps)[1] for steps in range(12)]) * signs
    assert (reached.diff(dim=0) > -1e-9).all()
    end, kurtosis = climb(z, w, signs, 500)
    torch.testing.assert_close(climb(z, end, signs, 20)[1], kurtosis, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(end.norm(dim=0), torch.ones(20, dtype=torch.float64), rtol=1e-12, atol=0)
    single, _ = climb(z.float(), end.float(), signs.float(), 50)
    torch.testing.assert_close(kurtosis_of(z @ single.double()), kurtosis, rtol=1e-4, atol=1e-4)


def test_an_end_is_a_stationary_point():
    z = whitened(drawn("laplace", 500, 6), "test")
    for w in extreme_directions(z, torch.eye(6, dtype=torch.float64)).T:
        y = z @ w
        slope = z.T @ y**3 / len(y)
        # the last steps stop where the gradient is lost in rounding, or after a fixed number
        torch.testing.assert_close(slope, w * (y**4).mean(), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("samples", "units"), [(2000, 8), (2000, 32)])
def test_the_bimodal_direction_is_found(samples, units):
    x = drawn("bimodal-direction", samples, units, seed=3)
    least, _ = extreme_projections(x)
    truth = torch.from_numpy(rotation(units)[0])
    assert abs(float(least.weights @ truth / least.weights.norm())) > 0.97
    assert least.kurtosis == pytest.approx(-1.28, abs=0.12)  # -2 m^4 / (1 + m^2)^2, m = 2; the search adds a little
    gaussian = [extreme_kurtoses(drawn("gaussian", samples, units, seed), 128, "test")[0] for seed in range(4)]
    assert least.kurtosis < np.mean(gaussian) - 8 * np.std(gaussian)


def test_an_odd_unit_is_found_where_odd_directions_are_not():
    x = drawn("gaussian", 400, 60)
    x[:, 17] = (x[:, 17] + 3 * x[:, 17].sign()) / math.sqrt(10)
    turned = x @ torch.from_numpy(rotation(60))
    assert extreme_projections(x)[0].weights.abs().argmax() == 17
    assert extreme_projections(x)[0].kurtosis < extreme_projections(turned)[0].kurtosis - 0.1


def test_greatest_kurtosis_is_an_outlier_detector():
    # where d^2 > n / 2, in Gaussian codes too
    _, greatest = extreme_projections(drawn("gaussian", 500, 40))
    assert greatest.values.abs().max() ** 4 / 500 > 0.9 * greatest.kurtosis
    x = drawn("gaussian", 500, 3)
    x[7] = torch.tensor([9.0, -9.0, 9.0])
    assert extreme_projections(x)[1].values.abs().argmax() == 7


def test_projections_are_those_of_the_code():
    mixing = torch.from_numpy(np.random.default_rng(5).standard_normal((5, 5)))
    x = 3 + drawn("laplace", 100, 5) @ mixing
    rows = by_name(ProjectionPursuit(starts=8)(x))
    for side, found in zip(("least_kurtosis", "greatest_kurtosis"), extreme_projections(x, starts=8), strict=True):
        torch.testing.assert_close((x - x.mean(0)) @ found.weights, found.values, rtol=0, atol=1e-9)
        assert found.values.std(correction=0).item() == pytest.approx(1, rel=1e-10)
        assert found.weights.max() == found.weights.abs().max()
        assert found.kurtosis == pytest.approx(stats.kurtosis(found.values.numpy()), rel=1e-10)
        assert rows[side].value == pytest.approx(found.kurtosis, rel=1e-12)


def test_the_search_turns_with_the_samples():
    z = whitened(drawn("gaussian", 300, 7), "test")
    turn = torch.from_numpy(rotation(7))
    axes = torch.eye(7, dtype=torch.float64)
    first, second = extreme_directions(z, axes), extreme_directions(z @ turn, turn.T @ axes)
    torch.testing.assert_close(kurtosis_of(z @ first), kurtosis_of(z @ turn @ second), rtol=1e-10, atol=1e-10)


def test_axes_are_orthonormal_and_the_units_own():
    x = drawn("correlated", 4000, 5)
    z = whitened(x, "test")
    axes = unit_axes(x, z)
    torch.testing.assert_close(axes.T @ axes, torch.eye(5, dtype=torch.float64), rtol=0, atol=1e-12)
    correlation = np.corrcoef(torch.cat([z @ axes, x], 1).numpy().T)[:5, 5:]
    # of the symmetric root of R, whose diagonal this is, no orthonormal frame is nearer to the units
    expected = torch.linalg.eigh(torch.corrcoef(x.T))
    root = expected.eigenvectors @ torch.diag(expected.eigenvalues.sqrt()) @ expected.eigenvectors.T
    np.testing.assert_allclose(correlation, root.numpy(), atol=1e-10)


def test_the_null_of_a_correlated_gaussian_is_that_of_independent_units():
    mixing = np.linalg.cholesky(0.9 * np.ones((5, 5)) + 0.1 * np.eye(5)).T
    generator = numpy_generator(0, "test")
    pairs = [
        extreme_kurtoses(torch.from_numpy(generator.standard_normal((100, 5)) @ mixing), 8, "test") for _ in range(60)
    ]
    law = pursuit_null(100, 5, 8)
    for side, found in zip(("least_kurtosis", "greatest_kurtosis"), np.array(pairs).T, strict=True):
        assert stats.ks_2samp(found, law[side].replicates).pvalue > 1e-3


def test_p_values_have_their_size_and_statistic_is_one_sided():
    # 5 % of 80 is 4, sd 1.9; a law of 119 replicates adds sd 1.6; 3 sd of both. The kurtoses' p is two-sided
    pursuit = ProjectionPursuit(starts=8)
    rows = [by_name(pursuit(drawn("gaussian", 100, 5, seed=100 + seed))) for seed in range(80)]
    for name in ("statistic", "least_kurtosis", "greatest_kurtosis"):
        assert sum(row[name].p_value <= 0.05 for row in rows) <= 4 + 3 * math.hypot(1.9, 1.6)
    assert np.median([row["statistic"].p_value for row in rows]) == pytest.approx(0.5, abs=0.17)
    beyond = by_name(pursuit(drawn("laplace", 100, 5)))["statistic"]
    assert beyond.p_value == 1 / (1 + pursuit_null(100, 5, 8)["statistic"].size)


def test_the_statistic_is_the_larger_standardised_distance():
    rows = by_name(ProjectionPursuit(starts=8)(drawn("t5", 100, 5)))
    distances = [
        abs(rows[side].value - rows[side].null_mean) / rows[side].null_sd
        for side in ("least_kurtosis", "greatest_kurtosis")
    ]
    assert rows["statistic"].value == pytest.approx(max(distances), rel=1e-12)
    assert all(math.isnan(row.standard_error) and row.null == "composite" for row in rows.values())


def test_a_null_without_spread_says_nothing():
    # whitened, units + 1 samples are the corners of a simplex whatever the law, and differ by rounding only
    found = np.array([extreme_kurtoses(drawn(law, 6, 5), 8, "test") for law in ("gaussian", "t5", "cube")])
    np.testing.assert_allclose(found, np.broadcast_to(found[0], (3, 2)), atol=1e-13)
    assert most_extreme(found[1], found[0], np.full(2, 1e-16)) < 1


def test_samples_and_parameters_that_cannot_be_used():
    with pytest.raises(ConfigError, match="projection_pursuit: starts must be at least 1, got 0"):
        ProjectionPursuit(starts=0)
    with pytest.raises(EstimatorError, match="projection_pursuit: whitening needs more samples than units, got 10"):
        ProjectionPursuit()(drawn("gaussian", 10, 10))
    x = drawn("gaussian", 50, 4)
    x[:, 3] = x[:, 0] - x[:, 1]
    with pytest.raises(EstimatorError, match="projection_pursuit: expected linearly independent units"):
        extreme_projections(x)
