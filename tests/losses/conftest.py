"""The arrays for which other programs computed values."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def golden_arrays():
    half = 1 / np.sqrt(2)
    edge = 1.7320508075688772
    return {
        "normal": lambda: np.random.default_rng(0).standard_normal((200, 4)),
        "laplace": lambda: np.random.default_rng(0).laplace(0, half, (200, 4)),
        "t3": lambda: np.random.default_rng(0).standard_t(3, (200, 4)),
        "uniform": lambda: np.random.default_rng(0).uniform(-edge, edge, (200, 4)),
        "shift_scale": lambda: 0.3 + 1.5 * np.random.default_rng(0).standard_normal((200, 4)),
    }
