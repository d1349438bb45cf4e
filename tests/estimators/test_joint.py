"""What the tests of whole codes have in common."""

import numpy as np
import pytest
import torch

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators import ESTIMATORS
from gausslab.estimators.energy import Energy
from gausslab.estimators.henze_zirkler import HenzeZirkler
from gausslab.estimators.mardia import MardiaKurtosis, MardiaSkewness

WHITENING = [
    "mardia_skewness",
    "mardia_kurtosis",
    "henze_zirkler",
    "doornik_hansen",
    "energy",
    "sliced_epps_pulley",
]
CLASSICAL = ["mardia_skewness", "mardia_kurtosis", "henze_zirkler", "doornik_hansen", "royston"]


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", WHITENING)
def test_units_that_cannot_be_whitened(name):
    x = normal(40, 4)
    x[:, 3] = x[:, 0] - 2 * x[:, 1]
    with pytest.raises(EstimatorError, match=f"{name}: expected linearly independent units"):
        ESTIMATORS[name]()(x)
    with pytest.raises(EstimatorError, match=f"{name}: whitening needs more samples than units, got 8 samples of 8"):
        ESTIMATORS[name]()(normal(8, 8))
    with pytest.raises(EstimatorError, match=f"{name}: expected at least 10 samples of 8 units, got 9"):
        ESTIMATORS[name]()(normal(9, 8))


@pytest.mark.parametrize("name", CLASSICAL)
def test_sources_of_p_values(name):
    with pytest.raises(ConfigError, match=f"{name}: unknown p_values='asymptotics'; did you mean 'asymptotic'?"):
        ESTIMATORS[name](p_values="asymptotics")
    drawn, theory = (ESTIMATORS[name](p_values=way)(normal(100, 3)) for way in ("monte_carlo", "asymptotic"))
    assert [row.value for row in drawn] == [row.value for row in theory]
    assert [row.p_value for row in drawn] != [row.p_value for row in theory]
    assert {row.null for row in (*drawn, *theory)} == {"composite"}


@pytest.mark.parametrize("kind", [MardiaSkewness, MardiaKurtosis, HenzeZirkler, Energy])
def test_affine_maps_do_not_matter(kind):
    x = torch.from_numpy(np.random.default_rng(1).laplace(size=(150, 3)))
    factor = torch.tensor([[2.0, 0.5, 0], [0, 1, -3], [0.1, 0, 0.1]], dtype=torch.float64)
    values = [reading.value for reading in kind().readings(x).values()]
    mapped = [reading.value for reading in kind().readings(x @ factor.T + 1e3).values()]
    assert mapped == pytest.approx(values, rel=1e-8)  # whitening at an offset of 1000


@pytest.mark.parametrize("name", [*WHITENING, "royston"])
def test_asymmetric_heavy_tails_are_rejected(name):
    x = torch.from_numpy(np.random.default_rng(2).exponential(size=(100, 3)))
    assert all(row.p_value < 0.05 for row in ESTIMATORS[name]()(x))
