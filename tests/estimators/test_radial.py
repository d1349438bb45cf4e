"""Radii against the chi law."""

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.estimators import ESTIMATORS


def normal(samples, units, seed):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((samples, units)))


def test_spread_is_the_ratio_of_standard_deviations():
    x = normal(300, 5, 0)
    expected = np.linalg.norm(x, axis=1).std() / stats.chi(5).std()
    assert ESTIMATORS["radial_spread"]()(x)[0].value == pytest.approx(expected, rel=1e-12)


def test_a_thin_shell_and_heavy_tails_lie_on_either_side():
    x = normal(300, 8, 0)
    shell = 8**0.5 * x / x.norm(dim=1, keepdim=True) + 0.01 * x
    heavy = torch.from_numpy(np.random.default_rng(0).standard_t(3, (300, 8)))
    for sample, side in ((shell, -1), (heavy, 1)):
        row = ESTIMATORS["radial_spread"]()(sample)[0]
        assert np.sign(row.value - 1) == side
        assert row.p_value < 0.01
        assert ESTIMATORS["radial_ks"]()(sample)[0].p_value < 1e-3


@pytest.mark.parametrize("name", ["radial_ks", "radial_spread"])
def test_size_and_null(name):
    # 300 codes: 5 % is 15, sd 3.8; values scatter about the null's mean with the null's sd
    rows = [ESTIMATORS[name]()(normal(150, 6, seed))[0] for seed in range(300)]
    assert sum(row.p_value <= 0.05 for row in rows) == pytest.approx(15, abs=4 * 3.8)
    values = np.array([row.value for row in rows])
    assert values.mean() == pytest.approx(rows[0].null_mean, abs=4 * rows[0].null_sd / 300**0.5)
    assert values.std() == pytest.approx(rows[0].null_sd, rel=4 / 600**0.5)


def test_standard_error_of_the_spread():
    rows = [ESTIMATORS["radial_spread"]()(normal(150, 6, seed))[0] for seed in range(300)]
    spread = np.std([row.value for row in rows])
    assert np.mean([row.standard_error for row in rows]) == pytest.approx(spread, rel=0.15)
