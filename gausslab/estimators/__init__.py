"""What is measured: samples of a code in, calibrated estimates out.

`measure` runs estimators by name and returns one table. Every estimator is a frozen callable dataclass (`contract`)
listed in one `registry`; `calibration` draws and keeps the null laws they are compared with; `neighbours` finds exact
nearest neighbours.

    moments        KL of the first two moments        decomposition  KL(p || N(0, I)) as a sum of parts
    entropy        Kozachenko-Leonenko                divergence     one-sample kNN-KL
    univariate     five classical tests a unit        radial         radii against chi(d)
    multiplicity   Holm over units
"""

from gausslab.estimators.contract import Estimate, Estimator
from gausslab.estimators.entropy import kozachenko_leonenko
from gausslab.estimators.measure import measure
from gausslab.estimators.registry import DEFAULT_ESTIMATORS, ESTIMATORS, takes

__all__ = ["DEFAULT_ESTIMATORS", "ESTIMATORS", "Estimate", "Estimator", "kozachenko_leonenko", "measure", "takes"]
