"""Classical tests of normality, one unit at a time, mean and variance estimated, corrected for many units.

base         what they have in common: a row a unit, and the share of units rejected
regression   Shapiro-Wilk
distances    Anderson-Darling, Cramer-von Mises, Lilliefors
moments      D'Agostino's K2, Jarque-Bera
fourier      Epps-Pulley
"""

from gausslab.estimators.univariate.base import UnitTest
from gausslab.estimators.univariate.distances import AndersonDarling, CramerVonMises, Lilliefors
from gausslab.estimators.univariate.fourier import EppsPulley
from gausslab.estimators.univariate.moments import DAgostinoK2, JarqueBera
from gausslab.estimators.univariate.regression import ShapiroWilk

__all__ = [
    "AndersonDarling",
    "CramerVonMises",
    "DAgostinoK2",
    "EppsPulley",
    "JarqueBera",
    "Lilliefors",
    "ShapiroWilk",
    "UnitTest",
]
