"""Nearest neighbours against scipy's brute force on the whole matrix of distances."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators.neighbours import nearest_neighbours, nearest_references, problem, proof, tiles
from gausslab.estimators.neighbours.norms import Euclidean

PEERS = {"euclidean": "euclidean", "max": "chebyshev"}
BOTH = pytest.mark.parametrize("norm", sorted(PEERS))


def expected(x, k, norm="euclidean"):
    distances = cdist(x, x, PEERS[norm])
    np.fill_diagonal(distances, np.inf)
    return np.sort(distances, axis=1)[:, :k]


def normal(samples, units, seed=0):
    return np.random.default_rng(seed).standard_normal((samples, units))


@pytest.fixture
def searched_again(monkeypatch):
    """Numbers of rows that the nominations did not settle."""
    counts, search = [], proof.searched

    def counting(whole, rows, *others):
        counts.append(len(rows))
        return search(whole, rows, *others)

    monkeypatch.setattr(proof, "searched", counting)
    return counts


@BOTH
@pytest.mark.parametrize("units", [1, 2, 8, 9, 33, 200])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_distances_are_exact_whatever_the_offset(units, offset, norm):
    x = normal(311, units, units) + offset
    found = nearest_neighbours(torch.from_numpy(x), 5, norm)
    np.testing.assert_allclose(found.distances, expected(x, 5, norm), rtol=1e-12)
    order = np.inf if norm == "max" else 2
    chosen = np.linalg.norm(x[found.indices.numpy()] - x[:, None], axis=-1, ord=order)
    np.testing.assert_allclose(found.distances, chosen, rtol=1e-12)


@BOTH
@pytest.mark.parametrize("units", [3, 12])
@pytest.mark.parametrize(("count", "others"), [(250, 77), (40, 2100), (3, 5), (1, 30), (9000, 5)])
def test_two_samples_of_different_size(units, count, others, norm):
    queries, references = normal(count, units), normal(others, units, 1) + 0.3
    found = nearest_references(torch.from_numpy(queries), torch.from_numpy(references), 4, norm)
    distances = cdist(queries, references, PEERS[norm])
    np.testing.assert_allclose(found.distances, np.sort(distances, axis=1)[:, :4], rtol=1e-12)
    chosen = np.take_along_axis(distances, found.indices.numpy(), 1)
    np.testing.assert_allclose(found.distances, chosen, rtol=1e-12)


@pytest.mark.parametrize("samples", [1023, 1024, 1025, 2050, 3100])
def test_strips_and_groups_of_every_size(samples, searched_again):
    x = normal(samples, 12)
    np.testing.assert_allclose(nearest_neighbours(torch.from_numpy(x), 5).distances, expected(x, 5), rtol=1e-12)
    assert sum(searched_again) <= samples / 100  # the rounding bound is some thousandth of a usual gap


@BOTH
@pytest.mark.parametrize("k", [1, 40, 110, 700])
def test_any_number_of_neighbours(k, norm):
    x = normal(1100, 10)
    found = nearest_neighbours(torch.from_numpy(x), k, norm)
    np.testing.assert_allclose(found.distances, expected(x, k, norm), rtol=1e-12)


@BOTH
@pytest.mark.parametrize("outlier", [1e4, 1e8, 1e200])
def test_rows_the_tiles_cannot_decide_are_searched_again(outlier, norm):
    x = normal(150, 12)
    x[7] = outlier
    with np.errstate(over="ignore"):
        peer = expected(x, 3, norm)
    keep = np.arange(150) != 7
    np.testing.assert_allclose(nearest_neighbours(torch.from_numpy(x), 3, norm).distances[keep], peer[keep], rtol=1e-12)


@BOTH
def test_clusters_far_apart(norm, searched_again):
    x = normal(300, 12) + 1e6 * np.random.default_rng(1).integers(0, 4, (300, 1))
    found = nearest_neighbours(torch.from_numpy(x), 3, norm)
    np.testing.assert_allclose(found.distances, expected(x, 3, norm), rtol=1e-12)
    assert sum(searched_again) > 250  # of 300


@BOTH
def test_ties_go_to_the_first(norm):
    x = np.random.default_rng(0).integers(0, 3, (700, 9)).astype(float)
    found = nearest_neighbours(torch.from_numpy(x), 6, norm)
    distances = cdist(x, x, PEERS[norm])
    np.fill_diagonal(distances, np.inf)
    first = np.argsort(distances, axis=1, kind="stable")[:, :6]
    np.testing.assert_array_equal(found.indices, first)
    np.testing.assert_allclose(found.distances, np.take_along_axis(distances, first, 1), rtol=1e-15)


def test_products_in_less_than_single_precision_are_noticed(monkeypatch, searched_again):
    def crude(self, rows, columns, out):
        coarse = torch.bfloat16 if rows.dtype == torch.float32 else rows.dtype
        out.copy_(rows.to(coarse) @ columns.to(coarse).T)

    monkeypatch.setattr(Euclidean, "tile", crude)
    x = normal(400, 16)
    np.testing.assert_allclose(nearest_neighbours(torch.from_numpy(x), 5).distances, expected(x, 5), rtol=1e-12)
    assert sum(searched_again) == 400


@pytest.mark.parametrize(("samples", "units"), [(60, 3), (60, 20), (200, 20)])
def test_copies_are_neighbours_at_distance_zero_and_nobody_is_its_own_neighbour(samples, units):
    x = torch.from_numpy(normal(samples, units))
    x[:10] = x[0]
    found = nearest_neighbours(x, 4)
    assert (found.distances[:10] == 0).all()
    assert (found.distances[10:] > 0).all()
    assert (found.indices != torch.arange(samples).unsqueeze(1)).all()


@BOTH
def test_blocks_and_threads_do_not_change_the_result(monkeypatch, norm):
    x = torch.from_numpy(normal(600, 16))
    x[:50] = 1e5 * x[:50].round()  # some rows are searched again
    whole = nearest_neighbours(x, 5, norm)
    for module in (problem, proof):
        monkeypatch.setattr(module, "BLOCK_ELEMENTS", 4000)
    for module in (tiles, proof):
        monkeypatch.setattr(module, "TILE", 64)
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            blocks = nearest_neighbours(x, 5, norm)
            assert torch.equal(whole.distances, blocks.distances)
            assert torch.equal(whole.indices, blocks.indices)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_in_inference_mode():
    x = torch.from_numpy(normal(1100, 10))
    with torch.inference_mode():
        inside = nearest_neighbours(x + 0, 3)
    assert torch.equal(inside.indices, nearest_neighbours(x, 3).indices)


@pytest.mark.parametrize("units", [2, 12])
def test_every_other_sample_may_be_asked_for(units):
    x = normal(9, units)
    np.testing.assert_allclose(nearest_neighbours(torch.from_numpy(x), 8).distances, expected(x, 8), rtol=1e-12)
    with pytest.raises(EstimatorError, match="expected k between 1 and 8 for 9 samples, got k=9"):
        nearest_neighbours(torch.from_numpy(x), 9)
    with pytest.raises(EstimatorError, match="expected k between 1 and 9 for 9 references, got k=10"):
        nearest_references(torch.from_numpy(x), torch.from_numpy(x), 10)


def test_unknown_norm():
    with pytest.raises(ConfigError, match="unknown norm 'chebyshev'; choices: euclidean, max"):
        nearest_neighbours(torch.from_numpy(normal(9, 2)), 1, "chebyshev")
