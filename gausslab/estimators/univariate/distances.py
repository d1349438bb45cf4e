"""Distances between a unit's distribution function and the normal one fitted to it, and what they mean."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from scipy.special import log_ndtr, ndtr

from gausslab.estimators import empirical
from gausslab.estimators.contract import NAN
from gausslab.estimators.empirical import Columns, PerUnit, standardised
from gausslab.estimators.univariate.base import UnitTest


class Piece(NamedTuple):
    """p below a value of the modified statistic, down to where the piece before ends.

    Attributes:
        below: where the piece ends.
        exponent: coefficients of a quadratic, highest power first.
        complement: whether p is 1 minus the exponential of it.
    """

    below: float
    exponent: tuple[float, float, float]
    complement: bool = False


# Stephens (1986), table 4.9. Beyond its end p is what it is there: 5e-31 and 7e-10.
ANDERSON_DARLING = (
    Piece(0.2, (-223.73, 101.14, -13.436), complement=True),
    Piece(0.34, (-59.938, 42.796, -8.318), complement=True),
    Piece(0.6, (-1.38, -4.279, 0.9177)),
    Piece(13.0, (0.0186, -5.709, 1.2937)),
)
CRAMER_VON_MISES = (
    Piece(0.0275, (-12542.61, 775.5, -13.953), complement=True),
    Piece(0.051, (-1515.29, 179.546, -5.903), complement=True),
    Piece(0.092, (10.897, -31.62, 0.886)),
    Piece(1.1, (12.832, -34.242, 1.111)),
)


def pieced(values: PerUnit, pieces: tuple[Piece, ...]) -> PerUnit:
    """The p-values of a table of pieces."""
    clipped = np.minimum(values, pieces[-1].below)
    powers = [np.exp(np.polyval(piece.exponent, clipped)) for piece in pieces]
    found = [1 - power if piece.complement else power for piece, power in zip(pieces, powers, strict=True)]
    return np.select([clipped < piece.below for piece in pieces[:-1]], found[:-1], found[-1])


@dataclass(frozen=True, kw_only=True)
class AndersonDarling(UnitTest):
    r"""Anderson-Darling test a unit, mean and variance estimated.

    $A^2 = -n - \frac1n \sum_i (2i-1) [\ln\Phi(y_{(i)}) + \ln(1 - \Phi(y_{(n+1-i)}))]$ of standardised values (n - 1).
    Rows `statistic` and `rejected_share`. Composite null; p by Stephens' approximation with $A^2 (1 + .75/n +
    2.25/n^2)$, which is right to 6 % down to p = 2e-3 for n from 1000 to 5000, and at 4e-4 as far as 200,000 replicates
    tell (to 11 %).

    How it can mislead: the approximation is extrapolated below about 1e-3 (too small by a factor of 1.5 at 2e-5) and
    ends at 5e-31; the test weighs the tails, so one outlier can reject a unit.

    Source: Anderson & Darling (1954), JASA 49:765-769; Stephens (1986) in Goodness-of-Fit Techniques, table 4.9.

    Attributes:
        p_values: `asymptotic` or `monte_carlo`, see `UnitTest`.
        correction: `holm` or `benjamini_hochberg`.
    """

    name: ClassVar[str] = "anderson_darling"
    min_samples: ClassVar[int] = 8
    p_values: str = "asymptotic"

    @staticmethod
    def departures(columns: Columns) -> PerUnit:
        """$A^2$."""
        values = standardised(columns)
        return empirical.anderson_darling(log_ndtr(values), log_ndtr(-values))

    @staticmethod
    def asymptotic(departures: PerUnit, samples: int) -> PerUnit:
        """Stephens' table."""
        return pieced(departures * (1 + 0.75 / samples + 2.25 / samples**2), ANDERSON_DARLING)


@dataclass(frozen=True, kw_only=True)
class CramerVonMises(UnitTest):
    r"""Cramer-von Mises test a unit, mean and variance estimated.

    $W^2 = \frac1{12n} + \sum_i (\Phi(y_{(i)}) - \frac{2i-1}{2n})^2$ of standardised values (n - 1); large values
    reject. Rows `statistic` and `rejected_share`. Composite null; p by Monte Carlo, since Stephens' approximation with
    $W^2 (1 + .5/n)$ is some 20 % too large at p = 4e-4 and ends at 7e-10.

    How it can mislead: like Lilliefors' it sees the middle of the law more than its tails, but it adds up all of it.

    Source: Anderson & Darling (1952), Annals of Mathematical Statistics 23:193-212; Stephens (1986) in Goodness-of-Fit
    Techniques, table 4.9.

    Attributes:
        p_values: `monte_carlo` or `asymptotic`, see `UnitTest`.
        correction: `holm` or `benjamini_hochberg`.
    """

    name: ClassVar[str] = "cramer_von_mises"
    min_samples: ClassVar[int] = 8

    @staticmethod
    def departures(columns: Columns) -> PerUnit:
        """$W^2$."""
        return empirical.cramer_von_mises(ndtr(standardised(columns)))

    @staticmethod
    def asymptotic(departures: PerUnit, samples: int) -> PerUnit:
        """Stephens' table."""
        return pieced(departures * (1 + 0.5 / samples), CRAMER_VON_MISES)


@dataclass(frozen=True, kw_only=True)
class Lilliefors(UnitTest):
    r"""Lilliefors test a unit: Kolmogorov-Smirnov distance to the normal with the unit's own mean and variance (n - 1).

    $D = \sup_x |F_n(x) - \Phi((x - \bar x) / s)|$; large values reject. Rows `statistic` and `rejected_share`.
    Composite null; p by Monte Carlo, its tail exponential in $D^2$ or heavier. `asymptotic` is Dallal and Wilkinson's
    formula up to p = .1, where it ends; at n = 2000 it is some 20 % too large.

    How it can mislead: the least powerful of these tests, it sees the middle of the law and hardly its tails.

    Source: Lilliefors (1967), JASA 62:399-402; Dallal & Wilkinson (1986), The American Statistician 40:294-296; the
    scale on which its law hardly depends on n: Stephens (1974), JASA 69:730-737.

    Attributes:
        p_values: `monte_carlo` or `asymptotic`, see `UnitTest`.
        correction: `holm` or `benjamini_hochberg`.
    """

    name: ClassVar[str] = "lilliefors"
    min_samples: ClassVar[int] = 4
    tail_power: ClassVar[int] = 2

    @staticmethod
    def departures(columns: Columns) -> PerUnit:
        r"""$D (\sqrt n - .01 + .85 / \sqrt n)$."""
        return empirical.kolmogorov(ndtr(standardised(columns))) * _stephens(len(columns))

    @staticmethod
    def statistic(departures: PerUnit, samples: int) -> PerUnit:
        """D."""
        return departures / _stephens(samples)

    @staticmethod
    def asymptotic(departures: PerUnit, samples: int) -> PerUnit:
        """Dallal and Wilkinson's formula, NaN above .1."""
        effective = min(samples, 100)
        distances = departures / _stephens(samples) * (samples / effective) ** 0.49
        scaled = distances * math.sqrt(effective + 2.78019)
        constant = -0.122119 + 0.974598 / math.sqrt(effective) + 1.67997 / effective
        p_values = np.exp(-7.01256 * scaled**2 + 2.99587 * scaled + constant)
        return np.where(p_values <= 0.1, p_values, NAN)


def _stephens(samples: int) -> float:
    root = math.sqrt(samples)
    return root - 0.01 + 0.85 / root
