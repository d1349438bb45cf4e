"""Arrays of the reference file by name."""

import json
from pathlib import Path

import numpy as np
import pytest

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "estimators.json").read_text())


def affine() -> np.ndarray:
    mixing = np.array([[2, 0, 0, 0], [0.8, 1, 0, 0], [-0.5, 0.3, 0.7, 0], [1, -1, 0.5, 3]])
    return np.random.default_rng(0).standard_normal((200, 4)) @ mixing.T + np.array([1, -2, 100, 0.5])


RECIPES = {
    "normal": lambda: np.random.default_rng(0).standard_normal((200, 4)),
    "laplace": lambda: np.random.default_rng(0).laplace(0, 1 / np.sqrt(2), (200, 4)),
    "t3": lambda: np.random.default_rng(0).standard_t(3, (200, 4)),
    "uniform": lambda: np.random.default_rng(0).uniform(-1.7320508075688772, 1.7320508075688772, (200, 4)),
    "shift_scale": lambda: 0.3 + 1.5 * np.random.default_rng(0).standard_normal((200, 4)),
    "affine": affine,
    "normal_d32": lambda: np.random.default_rng(0).standard_normal((300, 32)),
}


@pytest.fixture(params=sorted(RECIPES))
def golden(request):
    """Name, array and the values that independent programs gave for it."""
    expected = REFERENCE["datasets"][request.param]
    array = RECIPES[request.param]()
    np.testing.assert_allclose(array[0, :4], expected["first_row"], rtol=1e-14)
    return request.param, array, expected


@pytest.fixture
def arrays():
    """An array of the reference file by its name."""
    return lambda name: RECIPES[name]()
