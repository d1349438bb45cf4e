"""Regression of the sorted values on what a Gaussian's would be: Shapiro-Wilk."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float64
from scipy.special import ndtr, ndtri
from torch import Tensor

from gausslab.estimators.contract import Estimate, checked, computed_from
from gausslab.estimators.empirical import Columns, PerUnit, standardised
from gausslab.estimators.univariate.base import UnitTest
from gausslab.seeding import numpy_generator

MOST_SAMPLES = 5000

# Royston's polynomials, highest power first: of 1 / sqrt(n) for the two outermost weights, ...
OUTERMOST = (-2.706056, 4.434685, -2.071190, -0.147981, 0.221157, 0.0)
SECOND = (-3.582633, 5.682633, -1.752461, -0.293762, 0.042981, 0.0)
# ... of n for the bound, mean and log standard deviation at n up to 11, of ln n for the latter two above.
BOUND = (0.459, -2.273)
SMALL_MEAN = (-6.714e-4, 0.025054, -0.39978, 0.5440)
SMALL_LOG_SD = (-0.0020322, 0.062767, -0.77857, 1.3822)
MEAN = (0.0038915, -0.083751, -0.31082, -1.5861)
LOG_SD = (0.0030302, -0.082676, -0.4803)
LARGEST_SMALL = 11
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, kw_only=True)
class ShapiroWilk(UnitTest):
    r"""Shapiro-Wilk test a unit: $W = (\sum_i a_i x_{(i)})^2 / \sum_i (x_i - \bar x)^2$, at most 1; small W rejects.

    Rows `statistic` and `rejected_share`. Composite null; p by Monte Carlo. `asymptotic` is Royston's approximation,
    right to some 10 % down to p = 4e-4 for n from 100 to 3000; at n = 5000, where it ends, it is 1.14 times too large
    at p = .05 and 1.4 times at 4e-4.

    How it can mislead: above n = 5000 a seeded subsample of 5000 is tested (the same rows for every unit) and
    `n_samples` says 5000; ties, such as the exact zeros after a ReLU, reject by themselves.

    Source: Shapiro & Wilk (1965), Biometrika 52:591-611; Royston (1995), Applied Statistics 44:547-551, AS R94.

    Attributes:
        p_values: `monte_carlo` or `asymptotic`, see `UnitTest`.
        correction: `holm` or `benjamini_hochberg`.
    """

    name: ClassVar[str] = "shapiro_wilk"
    min_samples: ClassVar[int] = 3

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """A row `statistic` a unit and one `rejected_share`."""
        columns = _subsample(checked(x, self).numpy())
        return computed_from(len(columns), self.rows(columns))

    @staticmethod
    def departures(columns: Columns) -> PerUnit:
        """$1 - W$."""
        samples = len(columns)
        return np.asarray(1 - np.square(weights(samples) @ standardised(columns)) / (samples - 1))

    @staticmethod
    def statistic(departures: PerUnit, samples: int) -> PerUnit:
        """W."""
        return 1 - departures

    @staticmethod
    def asymptotic(departures: PerUnit, samples: int) -> PerUnit:
        r"""A normal law of $\ln(1 - W)$, shifted and scaled by polynomials; exact for n = 3."""
        if samples == 3:
            return np.asarray(1 - 6 / np.pi * np.arccos(np.sqrt(np.clip(1 - departures, 0.75, 1))))
        logs = np.log(np.maximum(departures, TINY))
        if samples <= LARGEST_SMALL:
            logs = -np.log(np.maximum(np.polyval(BOUND, samples) - logs, TINY))
            mean, log_sd = (np.polyval(each, samples) for each in (SMALL_MEAN, SMALL_LOG_SD))
        else:
            mean, log_sd = (np.polyval(each, math.log(samples)) for each in (MEAN, LOG_SD))
        return np.asarray(ndtr((mean - logs) / math.exp(log_sd)))


def normal_scores(samples: int) -> Float64[np.ndarray, " samples"]:
    """Blom's approximation of the expected order statistics of N(0, 1)."""
    scores: Float64[np.ndarray, " samples"] = ndtri((np.arange(1, samples + 1) - 0.375) / (samples + 0.25))
    return scores


def weights(samples: int) -> Float64[np.ndarray, " samples"]:
    r"""Royston's approximation of the weights $a_i$: expected order statistics, the outermost one or two corrected."""
    if samples == 3:
        return np.array([-1, 0, 1]) * math.sqrt(0.5)
    expected = normal_scores(samples)
    length, step = math.sqrt(expected @ expected), 1 / math.sqrt(samples)
    corrections = (OUTERMOST, SECOND)[: 1 if samples <= 5 else 2]
    outer = np.array([np.polyval(each, step) + expected[-1 - i] / length for i, each in enumerate(corrections)])
    left = len(outer)
    rest = expected @ expected - 2 * expected[-left:] @ expected[-left:]
    found: Float64[np.ndarray, " samples"] = expected * math.sqrt((1 - 2 * outer @ outer) / rest)
    found[-left:], found[:left] = outer[::-1], -outer
    return found


def _subsample(columns: Columns) -> Float64[np.ndarray, "chosen units"]:
    if len(columns) <= MOST_SAMPLES:
        return columns
    rows = numpy_generator(0, "shapiro_wilk").choice(len(columns), MOST_SAMPLES, replace=False)
    return columns[np.sort(rows)]
