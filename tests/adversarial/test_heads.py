"""Decisions and boundaries against scipy's minimiser and closed forms."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import softmax

from gausslab.adversarial.heads import LinearHead, decisions
from gausslab.adversarial.search import SearchedHead
from gausslab.errors import ConfigError, EstimatorError


def _head(seed: int, classes: int = 4, units: int = 5) -> LinearHead:
    generator = np.random.default_rng(seed)
    return LinearHead(weight=generator.standard_normal((classes, units)), bias=generator.standard_normal(classes))


def test_decisions_are_those_of_sorted_logits_and_softmax():
    logits = np.random.default_rng(0).standard_normal((20, 4)) * 3
    found, ordered = decisions(logits), np.sort(logits, axis=1)
    assert found.predictions.tolist() == logits.argmax(1).tolist()
    assert found.margins == pytest.approx(ordered[:, -1] - ordered[:, -2], abs=1e-12)
    assert found.max_softmax == pytest.approx(softmax(logits, axis=1).max(1), abs=1e-12)


def test_the_boundary_of_a_linear_head_is_the_nearest_point_that_scipy_finds():
    """For every other class the nearest point where it is as high, by constrained minimisation; the least of them."""
    head, codes = _head(1), np.random.default_rng(1).standard_normal((4, 5))
    found = head.boundary(codes)
    for code, distance in zip(codes, found.distances, strict=True):
        own = int(head(code[None]).argmax())
        nearest = min(_nearest(head, code, own, other) for other in range(4) if other != own)
        assert distance == pytest.approx(nearest, rel=1e-5)  # the minimiser's own tolerance


def _nearest(head: LinearHead, code: np.ndarray, own: int, other: int) -> float:
    gap = {"type": "ineq", "fun": lambda z: head(z[None])[0, other] - head(z[None])[0, own]}
    found = minimize(lambda z: ((z - code) ** 2).sum(), code + 0.1, constraints=[gap], tol=1e-12)
    return float(np.sqrt(found.fun))


def test_predictions_change_at_the_boundary_and_not_before():
    head, codes = _head(2), np.random.default_rng(2).standard_normal((50, 5))
    found, own = head.boundary(codes), head(codes).argmax(1)
    before, after = (codes + (share * found.distances)[:, None] * found.directions for share in (1 - 1e-6, 1 + 1e-6))
    assert (head(before).argmax(1) == own).all()
    assert (head(after).argmax(1) != own).all()
    assert np.linalg.norm(found.directions, axis=1) == pytest.approx(np.ones(50), abs=1e-12)


def test_a_head_of_equal_rows_has_no_boundary():
    found = LinearHead(weight=np.ones((3, 2)), bias=np.arange(3.0)).boundary(np.zeros((4, 2)))
    assert np.isinf(found.distances).all()
    assert not found.directions.any()


def test_one_class_is_no_head():
    with pytest.raises(EstimatorError, match="at least 2 classes, got 1"):
        LinearHead(weight=np.ones((1, 2)), bias=np.ones(1))


def test_the_search_finds_the_boundary_of_a_linear_head():
    head, codes = _head(3), np.random.default_rng(3).standard_normal((30, 5))
    weight, bias = torch.from_numpy(head.weight), torch.from_numpy(head.bias)
    found = SearchedHead(logits=lambda z: z @ weight.T + bias).boundary(codes)
    exact = head.boundary(codes)
    assert found.distances == pytest.approx(exact.distances, rel=1e-6)  # bisection: 2^-30 of 1.02 times the distance
    assert found.directions == pytest.approx(exact.directions, abs=1e-6)


def test_the_search_finds_a_circle():
    """Class 1 outside radius 2: the distance is 2 - r, along the radius."""
    codes = np.random.default_rng(4).standard_normal((20, 3)) * 0.5
    squared = SearchedHead(logits=lambda z: torch.stack([torch.full_like(z[:, 0], 4.0), z.square().sum(1)], dim=1))
    found, radii = squared.boundary(codes), np.linalg.norm(codes, axis=1)
    assert (radii < 2).all()
    assert found.distances == pytest.approx(2 - radii, rel=1e-6)
    assert found.directions == pytest.approx(codes / radii[:, None], abs=1e-6)


def test_the_search_gives_up_where_nothing_changes():
    flat = SearchedHead(logits=lambda z: torch.stack([z.sum(1) * 0 + 1, z.sum(1) * 0], dim=1), steps=3)
    assert np.isinf(flat.boundary(np.zeros((2, 3))).distances).all()


def test_steps_are_checked(unchecked):
    with pytest.raises(ConfigError, match="steps must be a whole number above 0, got 0"):
        SearchedHead(logits=lambda z: z, steps=0)
