"""Densities that are fitted to samples, from the plainest to the most flexible: the rungs of the held-out lower bound.

base        what a density and a rung are        piecewise   one-dimensional densities, many units at once
scatter     shrunk covariances                   gaussian    standard normal, Gaussian
units       independent units, principal axes    search      directions that are least Gaussian
components  independent components               likelihood  their mixing by maximum likelihood
elliptical  a scatter and a radial density       mixture     Gaussian mixtures
iterative   rotations and marginals in turn      flow        zuko's neural spline flow (needs the extra)
"""

from gausslab.estimators.ladder.base import Density, Rung
from gausslab.estimators.ladder.rungs import DEFAULT_RUNGS, RUNGS, rung

__all__ = ["DEFAULT_RUNGS", "RUNGS", "Density", "Rung", "rung"]
