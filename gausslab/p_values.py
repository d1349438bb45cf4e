"""From which p-value on something is called shown, and several p-values judged together. No torch."""

import numpy as np
from jaxtyping import Float64

LEVEL = 0.05


def holm_adjusted(p_values: Float64[np.ndarray, " tests"]) -> Float64[np.ndarray, " tests"]:
    """Holm's adjusted p-values: a test is rejected at a level if its own is no larger.

    >>> holm_adjusted(np.array([0.01, 0.04, 0.03, 0.005])).round(3).tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    order = p_values.argsort(kind="stable")
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    return np.minimum(adjusted, 1.0)
