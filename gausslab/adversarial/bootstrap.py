r"""Bootstrap over examples: how surely a change of radius is known, and how surely two of them differ."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from gausslab.errors import EstimatorError

LEVELS = (0.025, 0.975)
DRAWS = 2000
BLOCK = 1 << 20  # values resampled at a time

Changes = Float64[np.ndarray, " pairs"]
Others = Float64[np.ndarray, " others"]
Moments = Float64[np.ndarray, "*draws"]
Statistic = Callable[[Float64[np.ndarray, "*draws pairs"]], Float64[np.ndarray, "*draws"]]


@dataclass(frozen=True, kw_only=True)
class Bootstrapped:
    """A statistic with its percentile interval.

    Attributes:
        value: of the sample.
        low: where 2.5 % of the resamples lie below.
        high: where 97.5 % do.
        standard_error: standard deviation over the resamples.
    """

    value: float
    low: float
    high: float
    standard_error: float


def mean_difference(changes: Float64[np.ndarray, "*draws pairs"]) -> Float64[np.ndarray, "*draws"]:
    r"""$\bar\delta$, over the last axis."""
    return np.asarray(changes.mean(-1))


def standardised_effect(changes: Float64[np.ndarray, "*draws pairs"]) -> Float64[np.ndarray, "*draws"]:
    r"""$\bar\delta / s_\delta$: the mean in standard deviations of the change itself; 0 where nothing changes.

    How it can mislead: a tiny change that is the same for all examples has a huge effect.
    """
    spread = changes.std(-1, ddof=1)
    return np.asarray(np.divide(changes.mean(-1), spread, out=np.zeros_like(spread), where=spread > 0))


def share_lower(changes: Float64[np.ndarray, "*draws pairs"]) -> Float64[np.ndarray, "*draws"]:
    """Share of examples whose value falls."""
    return np.asarray((changes < 0).mean(-1, dtype=np.float64))


STATISTICS: dict[str, Statistic] = {
    "mean_difference": mean_difference,
    "standardised_effect": standardised_effect,
    "share_lower": share_lower,
}


def paired_bootstrap(changes: Changes, generator: np.random.Generator, draws: int = DRAWS) -> dict[str, Bootstrapped]:
    """Every statistic of `STATISTICS`, over the same resamples of the examples.

    Percentile intervals: for hundreds of examples the corrections of BCa are below the Monte Carlo error of the
    interval, and a share of 1, for which BCa is not defined, is common here.

    How it can mislead: a share of 1 has the interval 1 to 1; and the examples of one network are not all there is:
    another seed may differ by more than the interval, so give the range over seeds beside it.

    Args:
        changes: of every example, after less before.
        generator: of the resamples.
        draws: how many.

    Raises:
        EstimatorError: fewer than two examples, changes that are not finite, or fewer than 100 draws.
    """
    _check(changes, draws)
    resampled = _resampled(changes, tuple(STATISTICS.values()), generator, draws)
    return {
        name: _summary(float(statistic(changes)), found)
        for (name, statistic), found in zip(STATISTICS.items(), resampled, strict=True)
    }


def standardised_difference(first: Changes, second: Others) -> float:
    r"""$(\bar x - \bar y) / \sqrt{(s_x^2 + s_y^2) / 2}$; 0 where nothing varies.

    >>> round(standardised_difference(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0])), 6)
    1.0
    """
    moments = [np.asarray(f(sample)) for sample in (first, second) for f in (mean_difference, _variance)]
    return float(_standardised(*moments))


def difference_bootstrap(
    first: Changes, second: Others, generator: np.random.Generator, draws: int = DRAWS
) -> Bootstrapped:
    """`standardised_difference` of two independent samples, each resampled by itself.

    Args:
        first: changes of one kind.
        second: of another.
        generator: of the resamples.
        draws: how many.

    Raises:
        EstimatorError: as for `paired_bootstrap`.
    """
    for sample in (first, second):
        _check(sample, draws)
    one, two = (_resampled(sample, (mean_difference, _variance), generator, draws) for sample in (first, second))
    return _summary(standardised_difference(first, second), _standardised(*one, *two))


def _check(changes: Changes, draws: int) -> None:
    if len(changes) < 2:
        raise EstimatorError(f"a bootstrap needs at least 2 examples, got {len(changes)}")
    if not np.isfinite(changes).all():
        raise EstimatorError("a bootstrap needs finite changes, got NaN or infinity")
    if draws < 100:
        raise EstimatorError(f"draws must be at least 100, got {draws}")


def _resampled(
    changes: Changes, statistics: tuple[Statistic, ...], generator: np.random.Generator, draws: int
) -> list[Float64[np.ndarray, " draws"]]:
    """Each statistic of every resample, a block of resamples at a time."""
    size = len(changes)
    rows = max(1, BLOCK // size)
    blocks = []
    for start in range(0, draws, rows):
        taken = changes[generator.integers(size, size=(min(rows, draws - start), size))]
        blocks.append([statistic(taken) for statistic in statistics])
    return [np.concatenate(found) for found in zip(*blocks, strict=True)]


def _summary(value: float, resampled: Float64[np.ndarray, " draws"]) -> Bootstrapped:
    low, high = np.quantile(resampled, LEVELS)
    return Bootstrapped(value=value, low=float(low), high=float(high), standard_error=float(resampled.std(ddof=1)))


def _variance(changes: Float64[np.ndarray, "*draws pairs"]) -> Float64[np.ndarray, "*draws"]:
    return np.asarray(changes.var(-1, ddof=1))


def _standardised(
    mean: Moments, variance: Moments, other_mean: Moments, other_variance: Moments
) -> Float64[np.ndarray, "*draws"]:
    spread = np.sqrt((variance + other_variance) / 2)
    return np.asarray(np.divide(mean - other_mean, spread, out=np.zeros_like(spread), where=spread > 0))
