"""Many tests at once: Holm's correction, and how many rejections it lets through when nothing is wrong."""

import numpy as np
from jaxtyping import Bool, Float64

from gausslab.estimators.calibration import Draws, NullLaw, null_laws

LEVEL = 0.05
REPLICATES = 9999


def holm(p_values: Float64[np.ndarray, "*batch units"], level: float = LEVEL) -> Bool[np.ndarray, "*batch units"]:
    r"""Which hypotheses Holm's step-down procedure rejects: family-wise error at most `level` under any dependence.

    The i-th smallest p is compared with $\alpha / (m - i + 1)$ until the first that exceeds it.

    Source: Holm (1979), Scandinavian Journal of Statistics 6:65-70.

    >>> holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist()
    [True, False, False, True]
    """
    units = p_values.shape[-1]
    order = p_values.argsort(axis=-1, kind="stable")
    ranked = np.take_along_axis(p_values, order, -1)
    passed = np.logical_and.accumulate(ranked <= level / (units - np.arange(units)), axis=-1)
    rejected = np.empty(p_values.shape, dtype=bool)
    np.put_along_axis(rejected, order, passed, -1)
    return rejected


def rejected_share_law(units: int) -> NullLaw:
    """Share of units that Holm rejects when all p-values are uniform and independent."""

    def draw(generator: np.random.Generator, count: int) -> dict[str, Draws]:
        shares = [holm(generator.random((1, units))).mean() for _ in range(count)]
        return {"rejected_share": Draws(np.array(shares))}

    return null_laws(f"holm/level={LEVEL}/d={units}", REPLICATES, draw)["rejected_share"]
