"""Every estimator by its name: the one list that the library, the command line and the tests share."""

from collections.abc import Callable

from gausslab.errors import entry
from gausslab.estimators.contract import Estimator
from gausslab.estimators.decomposition import KLDecomposition
from gausslab.estimators.divergence import KnnKL
from gausslab.estimators.doornik_hansen import DoornikHansen
from gausslab.estimators.energy import Energy
from gausslab.estimators.entropy import KnnEntropy
from gausslab.estimators.henze_zirkler import HenzeZirkler
from gausslab.estimators.isotropy import ParticipationRatio
from gausslab.estimators.lower_bound import KLLowerBound
from gausslab.estimators.mardia import MardiaKurtosis, MardiaSkewness
from gausslab.estimators.moments import MomentKL
from gausslab.estimators.negentropy import Negentropy
from gausslab.estimators.projection_pursuit import ProjectionPursuit
from gausslab.estimators.radial import RadialAD, RadialKS, RadialSpread
from gausslab.estimators.royston import Royston
from gausslab.estimators.sliced import SlicedEppsPulley
from gausslab.estimators.univariate import (
    AndersonDarling,
    CramerVonMises,
    DAgostinoK2,
    EppsPulley,
    JarqueBera,
    Lilliefors,
    ShapiroWilk,
)

ESTIMATORS: dict[str, Callable[..., Estimator]] = {
    "kl_decomposition": KLDecomposition,
    "moment_kl": MomentKL,
    "knn_entropy": KnnEntropy,
    "knn_kl": KnnKL,
    "negentropy": Negentropy,
    "kl_lower_bound": KLLowerBound,
    "shapiro_wilk": ShapiroWilk,
    "dagostino_k2": DAgostinoK2,
    "jarque_bera": JarqueBera,
    "anderson_darling": AndersonDarling,
    "lilliefors": Lilliefors,
    "cramer_von_mises": CramerVonMises,
    "epps_pulley": EppsPulley,
    "mardia_skewness": MardiaSkewness,
    "mardia_kurtosis": MardiaKurtosis,
    "henze_zirkler": HenzeZirkler,
    "doornik_hansen": DoornikHansen,
    "royston": Royston,
    "energy": Energy,
    "sliced_epps_pulley": SlicedEppsPulley,
    "projection_pursuit": ProjectionPursuit,
    "radial_ks": RadialKS,
    "radial_ad": RadialAD,
    "radial_spread": RadialSpread,
    "participation_ratio": ParticipationRatio,
}

DEFAULT_ESTIMATORS: tuple[str, ...] = tuple(ESTIMATORS)

PROBE_ESTIMATORS: tuple[str, ...] = (
    "kl_decomposition",
    "moment_kl",
    "knn_entropy",
    "knn_kl",
    "shapiro_wilk",
    "dagostino_k2",
    "jarque_bera",
    "anderson_darling",
    "lilliefors",
    "radial_ks",
    "radial_spread",
)
"""What a probe of a network and the runs of a sweep measure, where every layer of every run pays for it."""


def named(name: str) -> Callable[..., Estimator]:
    """The estimator's class.

    Raises:
        ConfigError: there is none of that name; the choices are listed.
    """
    return entry(name, ESTIMATORS, "estimator")


def takes(name: str, option: str) -> bool:
    """Whether an estimator has a parameter of that name.

    >>> takes("knn_kl", "duplicates"), takes("radial_ks", "duplicates")
    (True, False)
    """
    return option in getattr(named(name), "__dataclass_fields__", {})
