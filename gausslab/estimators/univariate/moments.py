"""Tests by skewness and kurtosis."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import stats

from gausslab.estimators.empirical import Columns, PerUnit
from gausslab.estimators.univariate.base import UnitTest


class MomentTest(UnitTest):
    """A sum of two squares, chi-squared with 2 degrees of freedom for large n."""

    @staticmethod
    def asymptotic(departures: PerUnit, samples: int) -> PerUnit:
        """$e^{-x/2}$."""
        return np.exp(-departures / 2)


@dataclass(frozen=True, kw_only=True)
class DAgostinoK2(MomentTest):
    r"""D'Agostino's omnibus test a unit: $K^2 = Z(\sqrt{b_1})^2 + Z(b_2)^2$ of skewness and kurtosis.

    Rows `statistic` and `rejected_share`. Composite null; p by Monte Carlo, since the tail of the chi-squared law is
    too light: a true p of 4e-4 comes out 6 times smaller at n = 500, and at 2000 half as large, so that at n = 500 with
    Holm a perfect Gaussian is rejected somewhere in 7, 9 and 17 % of the codes with 8, 32 and 128 units.

    How it can mislead: blind to anything but skewness and kurtosis; far above n = 10,000, whose law serves there too, p
    is up to 1.6 times too large at 4e-4.

    Source: D'Agostino & Pearson (1973), Biometrika 60:613-622.

    Attributes:
        p_values: `monte_carlo` or `asymptotic`, see `UnitTest`.
        correction: `holm` or `benjamini_hochberg`.
    """

    name: ClassVar[str] = "dagostino_k2"
    min_samples: ClassVar[int] = 20

    @staticmethod
    def departures(columns: Columns) -> PerUnit:
        """$K^2$."""
        return np.asarray(stats.normaltest(columns, axis=0).statistic)


@dataclass(frozen=True, kw_only=True)
class JarqueBera(MomentTest):
    r"""Jarque-Bera test a unit: $JB = \frac n6 (g_1^2 + g_2^2 / 4)$, chi-squared with 2 d.o.f. for large n.

    Rows `statistic` and `rejected_share`. Composite null; p by Monte Carlo, since the chi-squared law is poor: at 5 %
    it rejects too little, and a true p of 4e-4 comes out 500 times smaller at n = 500 and 10 times at n = 2000 (with
    Holm 9, 16 and 33 % of the codes with 8, 32 and 128 units at n = 500).

    How it can mislead: blind to anything but skewness and kurtosis; far above n = 10,000, whose law serves there too, p
    is up to 1.6 times too large at 4e-4.

    Source: Jarque & Bera (1987), International Statistical Review 55:163-172.

    Attributes:
        p_values: `monte_carlo` or `asymptotic`, see `UnitTest`.
        correction: `holm` or `benjamini_hochberg`.
    """

    name: ClassVar[str] = "jarque_bera"
    min_samples: ClassVar[int] = 20

    @staticmethod
    def departures(columns: Columns) -> PerUnit:
        """JB."""
        return np.asarray(stats.jarque_bera(columns, axis=0).statistic)
