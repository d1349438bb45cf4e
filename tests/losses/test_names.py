"""A loss and an estimator of one name are one number."""

import pytest
import torch

from gausslab import estimators, losses
from gausslab.estimators import ESTIMATORS


@pytest.fixture
def x():
    return 0.3 + torch.randn(80, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def statistic(name, x):
    return next(row.value for row in ESTIMATORS[name]()(x) if row.statistic == "statistic")


def test_the_names_that_both_have():
    assert set(losses.__all__) & set(ESTIMATORS) == {"knn_entropy", "sliced_epps_pulley"}
    assert losses.knn_entropy is losses.kozachenko_leonenko


def test_they_are_one_number(x):
    along = losses.random_directions(5, 256, torch.Generator().manual_seed(0))
    assert losses.knn_entropy(x, 5).item() == pytest.approx(statistic("knn_entropy", x), rel=1e-12)
    assert losses.sliced_epps_pulley(x, along).item() == pytest.approx(statistic("sliced_epps_pulley", x), rel=1e-12)


def test_the_function_that_measures_has_error_bars_instead_of_a_gradient(x):
    found = estimators.knn_entropy(x, (1, 5))
    assert found[5].value == pytest.approx(losses.knn_entropy(x, 5).item(), rel=1e-12)
    assert found[5].standard_error > 0
