"""Many tests at once: what is rejected of them, and how many rejections are let through when nothing is wrong."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gausslab.estimators.calibration import Draws, NullLaw, null_laws

LEVEL = 0.05
REPLICATES = 9999
BLOCK = 1 << 19  # values drawn at a time

PValues = Float64[np.ndarray, "*batch units"]
Rejected = Bool[np.ndarray, "*batch units"]
Counts = Int64[np.ndarray, "*batch"]


def holm(p_values: PValues, level: float = LEVEL) -> Rejected:
    r"""Which hypotheses Holm's step-down procedure rejects: family-wise error at most `level` under any dependence.

    The i-th smallest p is compared with $\alpha / (m - i + 1)$ until the first that exceeds it.

    Source: Holm (1979), Scandinavian Journal of Statistics 6:65-70.

    >>> holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist()
    [True, False, False, True]
    """
    return _smallest(p_values, _holm_counts(p_values, level))


def benjamini_hochberg(p_values: PValues, level: float = LEVEL) -> Rejected:
    r"""Which hypotheses Benjamini and Hochberg's step-up procedure rejects: false discovery rate at most `level`.

    All up to the largest i whose i-th smallest p is at most $\alpha i / m$. Valid for independent p-values and for
    positively dependent ones. It rejects all that Holm does and more, but promises less: of the units that it calls
    non-Gaussian a share of up to `level` on average may be Gaussian.

    Source: Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57:289-300.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.005])).tolist()
    [True, True, True, True]
    """
    return _smallest(p_values, _benjamini_hochberg_counts(p_values, level))


def _holm_counts(p_values: PValues, level: float) -> Counts:
    units = p_values.shape[-1]
    passed = np.sort(p_values, axis=-1) <= level / (units - np.arange(units))
    return np.asarray(np.logical_and.accumulate(passed, axis=-1).sum(-1))


def _benjamini_hochberg_counts(p_values: PValues, level: float) -> Counts:
    ranks = np.arange(1, p_values.shape[-1] + 1)
    passed = np.sort(p_values, axis=-1) <= level * ranks / ranks[-1]
    return np.asarray((passed * ranks).max(-1))


def _smallest(p_values: PValues, counts: Counts) -> Rejected:
    """The `counts` smallest of each family; among equals those that come first."""
    ranks = p_values.argsort(axis=-1, kind="stable").argsort(axis=-1, kind="stable")
    return np.asarray(ranks < counts[..., None])


CORRECTIONS: dict[str, Callable[[PValues], Rejected]] = {"holm": holm, "benjamini_hochberg": benjamini_hochberg}
_COUNTS = {"holm": _holm_counts, "benjamini_hochberg": _benjamini_hochberg_counts}


def rejected_share_law(units: int, correction: str = "holm") -> NullLaw:
    """Share of units that a correction rejects when all p-values are uniform and independent."""

    def draw(generator: np.random.Generator, count: int) -> dict[str, Draws]:
        block = max(1, BLOCK // units)
        sizes = [min(block, count - start) for start in range(0, count, block)]
        counts = [_COUNTS[correction](generator.random((size, units)), LEVEL) for size in sizes]
        return {"rejected_share": Draws(np.concatenate(counts) / units)}

    return null_laws(f"{correction}/level={LEVEL}/d={units}", REPLICATES, draw)["rejected_share"]
