"""Nearest neighbours against scipy and against direct differences."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from gausslab.errors import EstimatorError
from gausslab.estimators import neighbours
from gausslab.estimators.neighbours import nearest_neighbours


def expected(x, k):
    distances = cdist(x, x)
    np.fill_diagonal(distances, np.inf)
    return np.sort(distances, axis=1)[:, :k]


@pytest.mark.parametrize("units", [1, 2, 8, 9, 33, 200])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_distances_are_exact_whatever_the_offset(units, offset):
    x = np.random.default_rng(units).standard_normal((311, units)) + offset
    found = nearest_neighbours(torch.from_numpy(x), 5)
    np.testing.assert_allclose(found.distances, expected(x, 5), rtol=1e-12)
    chosen = np.linalg.norm(x[found.indices.numpy()] - x[:, None], axis=-1)
    np.testing.assert_allclose(found.distances, chosen, rtol=1e-12)


@pytest.mark.parametrize("outlier", [1e4, 1e8, 1e200])
def test_rows_the_products_cannot_decide_are_searched_again(outlier):
    x = np.random.default_rng(0).standard_normal((150, 12))
    x[7] = outlier
    with np.errstate(over="ignore"):
        peer = expected(x, 3)
    keep = np.arange(150) != 7
    np.testing.assert_allclose(nearest_neighbours(torch.from_numpy(x), 3).distances[keep], peer[keep], rtol=1e-12)


@pytest.mark.parametrize("units", [3, 20])
def test_copies_are_neighbours_at_distance_zero_and_nobody_is_its_own_neighbour(units):
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((60, units)))
    x[:10] = x[0]
    found = nearest_neighbours(x, 4)
    assert (found.distances[:10] == 0).all()
    assert (found.distances[10:] > 0).all()
    assert (found.indices != torch.arange(60).unsqueeze(1)).all()


def test_blocks_do_not_change_the_result(monkeypatch):
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((400, 16)))
    whole = nearest_neighbours(x, 5)
    monkeypatch.setattr(neighbours, "BLOCK_ELEMENTS", 4000)
    blocks = nearest_neighbours(x, 5)
    assert torch.equal(whole.distances, blocks.distances)
    assert torch.equal(whole.indices, blocks.indices)


@pytest.mark.parametrize("units", [2, 12])
def test_every_other_sample_may_be_asked_for(units):
    x = np.random.default_rng(0).standard_normal((9, units))
    np.testing.assert_allclose(nearest_neighbours(torch.from_numpy(x), 8).distances, expected(x, 8), rtol=1e-12)
    with pytest.raises(EstimatorError, match="expected k between 1 and 8 for 9 samples, got k=9"):
        nearest_neighbours(torch.from_numpy(x), 9)
