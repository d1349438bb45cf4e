"""Classical tests of normality, one unit at a time, with Holm's correction over the units. All are composite."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float, Float64
from scipy import stats
from scipy.special import ndtr
from torch import Tensor

from gausslab.estimators.calibration import Draws, NullLaw, null_laws
from gausslab.estimators.contract import NAN, Estimate, NullKind, checked, computed_from
from gausslab.estimators.multiplicity import holm, rejected_share_law
from gausslab.seeding import numpy_generator

SHAPIRO_SAMPLES = 5000


class UnitTests(NamedTuple):
    """Statistic and p-value of every unit."""

    statistics: Float64[np.ndarray, " units"]
    p_values: Float64[np.ndarray, " units"]


Columns = Float64[np.ndarray, "samples units"]


def unit_null(name: str, samples: int, tests: Callable[[Columns], UnitTests], most: int = 999) -> NullLaw:
    """Null law of one unit's statistic: B = 4e6 / n replicates, at least 199 and at most `most`, in blocks."""

    def draw(generator: np.random.Generator, count: int) -> dict[str, Draws]:
        block = max(1, 2_000_000 // samples)
        sizes = [min(block, count - start) for start in range(0, count, block)]
        values = [tests(generator.standard_normal((samples, size))).statistics for size in sizes]
        return {name: Draws(np.concatenate(values))}

    return null_laws(f"{name}/n={samples}", max(199, min(most, int(4e6 / samples))), draw)[name]


def unit_rows(tests: UnitTests, law: NullLaw) -> tuple[Estimate, ...]:
    """A row a unit, and the share of units that Holm rejects at 5 %.

    The share's p-value is the chance of at least as many rejections among independent units; its standard error is
    unknown, since the units of one code depend on each other.
    """
    share_law = rejected_share_law(len(tests.p_values))
    share = float(holm(tests.p_values).mean())
    at_least = int((share_law.replicates >= share).sum())
    rejected = Estimate(
        statistic="rejected_share",
        value=share,
        null_mean=share_law.mean,
        null_sd=share_law.sd,
        p_value=(1 + at_least) / (1 + len(share_law.replicates)),
        null="composite",
    )
    units = [
        Estimate(
            statistic="statistic",
            value=float(value),
            unit=str(unit),
            null_mean=law.mean,
            null_sd=law.sd,
            p_value=float(p_value),
            null="composite",
        )
        for unit, (value, p_value) in enumerate(zip(*tests, strict=True))
    ]
    return *units, rejected


class UnitTest(ABC):
    """A test of every unit by itself, with its library's own p-values: what the five have in common."""

    name: ClassVar[str]
    null: ClassVar[NullKind] = "composite"
    min_samples: ClassVar[int]

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """A row `statistic` a unit and one `rejected_share`."""
        return unit_rows(self._tests(checked(x, self).numpy()), unit_null(self.name, len(x), self._tests))

    @staticmethod
    @abstractmethod
    def _tests(columns: Columns) -> UnitTests:
        """Statistic and p-value of every column."""


@dataclass(frozen=True, kw_only=True)
class ShapiroWilk(UnitTest):
    r"""Shapiro-Wilk test a unit: $W = (\sum_i a_i x_{(i)})^2 / \sum_i (x_i - \bar x)^2$, at most 1.

    Rows `statistic` (p by Royston's approximation, through scipy) and `rejected_share` (5 %, Holm).

    How it can mislead: p is invalid above n = 5000, so there a seeded subsample of 5000 is tested (the same rows for
    every unit) and `n_samples` says 5000; ties, such as the exact zeros after a ReLU, reject by themselves.

    Source: Shapiro & Wilk (1965), Biometrika 52:591-611; Royston (1995), Applied Statistics 44:547-551, AS R94.
    """

    name: ClassVar[str] = "shapiro_wilk"
    min_samples: ClassVar[int] = 3

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """A row `statistic` a unit and one `rejected_share`."""
        columns = _subsample(checked(x, self).numpy())
        rows = unit_rows(self._tests(columns), unit_null(self.name, len(columns), self._tests))
        return computed_from(len(columns), rows)

    @staticmethod
    def _tests(columns: Columns) -> UnitTests:
        return UnitTests(*np.array([stats.shapiro(column) for column in columns.T], dtype=np.float64).T)


def _subsample(columns: Columns) -> Float64[np.ndarray, "chosen units"]:
    if len(columns) <= SHAPIRO_SAMPLES:
        return columns
    rows = numpy_generator(0, "shapiro_wilk").choice(len(columns), SHAPIRO_SAMPLES, replace=False)
    return columns[np.sort(rows)]


@dataclass(frozen=True, kw_only=True)
class DAgostinoK2(UnitTest):
    r"""D'Agostino's omnibus test a unit: $K^2 = Z(\sqrt{b_1})^2 + Z(b_2)^2$ of skewness and kurtosis.

    Chi-squared with 2 degrees of freedom under the null.
    Rows `statistic` (asymptotic p, through scipy) and `rejected_share` (5 %, Holm).

    How it can mislead: the tail of its p-value is too light, so that with Holm over 8 to 128 units a perfect Gaussian
    is rejected somewhere in 9-16 % of the codes at n = 500; blind to anything but skewness and kurtosis.

    Source: D'Agostino & Pearson (1973), Biometrika 60:613-622.
    """

    name: ClassVar[str] = "dagostino_k2"
    min_samples: ClassVar[int] = 20

    @staticmethod
    def _tests(columns: Columns) -> UnitTests:
        return UnitTests(*map(np.asarray, stats.normaltest(columns, axis=0)))


@dataclass(frozen=True, kw_only=True)
class JarqueBera(UnitTest):
    r"""Jarque-Bera test a unit: $JB = \frac n6 (g_1^2 + g_2^2 / 4)$, chi-squared with 2 d.o.f. for large n.

    Rows `statistic` (asymptotic p, through scipy) and `rejected_share` (5 %, Holm).

    How it can mislead: the asymptotic p is poor below n of about 2000 (too few rejections at 5 %, too many in the far
    tail that Holm looks at); blind to anything but skewness and kurtosis.

    Source: Jarque & Bera (1987), International Statistical Review 55:163-172.
    """

    name: ClassVar[str] = "jarque_bera"
    min_samples: ClassVar[int] = 20

    @staticmethod
    def _tests(columns: Columns) -> UnitTests:
        return UnitTests(*map(np.asarray, stats.jarque_bera(columns, axis=0)))


@dataclass(frozen=True, kw_only=True)
class AndersonDarling(UnitTest):
    r"""Anderson-Darling test a unit, mean and variance estimated.

    $A^2 = -n - \frac1n \sum_i (2i-1) [\ln\Phi(y_{(i)}) + \ln(1 - \Phi(y_{(n+1-i)}))]$ of standardised values (n - 1).
    Rows `statistic` (p by Stephens' approximation, through statsmodels) and `rejected_share` (5 %, Holm).

    How it can mislead: the p-value is an approximation fitted down to about 1e-3 and extrapolated below; it weighs the
    tails, so one outlier can reject a unit.

    Source: Anderson & Darling (1954), JASA 49:765-769; Stephens (1986) in Goodness-of-Fit Techniques, table 4.9.
    """

    name: ClassVar[str] = "anderson_darling"
    min_samples: ClassVar[int] = 8

    @staticmethod
    def _tests(columns: Columns) -> UnitTests:
        from statsmodels.stats.diagnostic import normal_ad

        return UnitTests(*np.array([normal_ad(column) for column in columns.T], dtype=np.float64).T)


@dataclass(frozen=True, kw_only=True)
class Lilliefors(UnitTest):
    r"""Lilliefors test a unit: Kolmogorov-Smirnov distance to the normal with the unit's own mean and variance (n - 1).

    $D = \sup_x |F_n(x) - \Phi((x - \bar x) / s)|$; large values reject. Rows `statistic` and `rejected_share` (5 %,
    Holm). p from a Monte Carlo null of up to 4999 replicates; in its highest fiftieth and beyond, where Holm over
    many units looks, from the exponential tail in $D^2$ that the theory of such distances predicts, fitted there.

    How it can mislead: the least powerful of the five, it sees the middle of the law and hardly its tails.

    Source: Lilliefors (1967), JASA 62:399-402.
    """

    name: ClassVar[str] = "lilliefors"
    min_samples: ClassVar[int] = 4

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """A row `statistic` a unit and one `rejected_share`."""
        law = unit_null(self.name, len(x), self._tests, most=4999)
        distances = self._tests(checked(x, self).numpy()).statistics
        return unit_rows(UnitTests(distances, upper_p_values(law, distances)), law)

    @staticmethod
    def _tests(columns: Columns) -> UnitTests:
        samples = len(columns)
        standard = np.sort((columns - columns.mean(0)) / columns.std(0, ddof=1), axis=0)
        levels = ndtr(standard)
        steps = np.arange(samples + 1)[:, None] / samples
        distances = np.maximum((steps[1:] - levels).max(0), (levels - steps[:-1]).max(0))
        return UnitTests(distances, np.full(len(distances), NAN))


def upper_p_values(law: NullLaw, distances: Float64[np.ndarray, " units"]) -> Float64[np.ndarray, " units"]:
    """Upper-tail p of Kolmogorov distances: add-one Monte Carlo, then the fitted exponential tail in their squares."""
    count = len(law.replicates)
    tail = max(5, count // 50)
    threshold = law.replicates[-tail - 1]
    scale = float((law.replicates[-tail:] ** 2 - threshold**2).mean())
    counted = (1 + count - np.searchsorted(law.replicates, distances, side="left")) / (1 + count)
    beyond = (1 + tail) / (1 + count) * np.exp(-np.maximum(distances**2 - threshold**2, 0) / scale)
    return np.where(distances > threshold, beyond, counted)
