"""What is measured: samples of a code in, calibrated estimates out.

`measure` runs estimators by name and returns one table. Every estimator is a frozen callable dataclass (`contract`)
listed in one `registry`.

    how far, in nats    moments, entropy, divergence, two_sample, spacings, single_units, negentropy, decomposition,
                        lower_bound with its `ladder` of densities
    tests of a unit     univariate, multiplicity, tails
    tests of a code     mardia, henze_zirkler, doornik_hansen, royston, energy, sliced, projection_pursuit,
                        with joint, pairs, characteristic, pursuit beneath them
    shape               radial, chi, isotropy, spectra
    null laws           calibration, over null_law, null_cache and the shipped null_grid, which null_study makes
    search              neighbours, duplicates
"""

from gausslab.estimators.calibration import calibrating
from gausslab.estimators.contract import Estimate, Estimator
from gausslab.estimators.entropy import knn_entropy, kozachenko_leonenko
from gausslab.estimators.henze_zirkler import bhep
from gausslab.estimators.measure import measure
from gausslab.estimators.projection_pursuit import extreme_projections
from gausslab.estimators.registry import DEFAULT_ESTIMATORS, ESTIMATORS, PROBE_ESTIMATORS, takes
from gausslab.estimators.sliced import sliced_epps_pulley
from gausslab.estimators.spectra import spectrum
from gausslab.estimators.two_sample import TwoSampleKnnKL, knn_divergence

__all__ = [
    "DEFAULT_ESTIMATORS",
    "ESTIMATORS",
    "PROBE_ESTIMATORS",
    "Estimate",
    "Estimator",
    "TwoSampleKnnKL",
    "bhep",
    "calibrating",
    "extreme_projections",
    "knn_divergence",
    "knn_entropy",
    "kozachenko_leonenko",
    "measure",
    "sliced_epps_pulley",
    "spectrum",
    "takes",
]
