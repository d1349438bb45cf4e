"""Which null law stands behind each p-value of a whole code."""

from gausslab.estimators.contract import NullKind
from gausslab.estimators.doornik_hansen import DoornikHansen
from gausslab.estimators.energy import Energy
from gausslab.estimators.entropy import NEIGHBOUR
from gausslab.estimators.henze_zirkler import HenzeZirkler
from gausslab.estimators.mardia import MardiaKurtosis, MardiaSkewness
from gausslab.estimators.moments import whitened_key
from gausslab.estimators.pursuit import STARTS
from gausslab.estimators.royston import MOST, Royston
from gausslab.estimators.sliced import SlicedEppsPulley
from gausslab.estimators.spacings import REACH
from gausslab.estimators.univariate.base import LARGEST
from gausslab.estimators.univariate.regression import MOST_SAMPLES
from gausslab.validity.promises import Exact, Holm, MonteCarlo, Promise


def _of_units(name: str, most: int = LARGEST) -> Holm:
    return Holm(unit=MonteCarlo(family=name, law=name, by_units=False, most=most))


def _whitened(law: str, kind: NullKind = "composite") -> MonteCarlo:
    return MonteCarlo(family=f"{whitened_key(NEIGHBOUR)}/m={REACH}", law=law, kind=kind)


def _plain(law: str) -> MonteCarlo:
    return MonteCarlo(family=f"knn-plain/k={NEIGHBOUR}", law=law, kind="simple")


def _moments(law: str) -> MonteCarlo:
    return MonteCarlo(family="moment-parts", law=law, kind="simple")


def _radial(name: str, tails: int = 1) -> MonteCarlo:
    return MonteCarlo(family="radial-whitened", law=name, tails=tails)


_MOMENT_KL = MonteCarlo(family="moments", law="moment_kl", kind="simple")
_PURSUIT = f"projection_pursuit/starts={STARTS}"
_ISOTROPY = ("statistic", "debiased", "effective_rank", "isoscore", "largest_eigenvalue", "outside_bulk")

NULLS: dict[tuple[str, str], MonteCarlo | Exact | Holm] = {
    ("kl_decomposition", "total"): _whitened("total", "simple"),
    ("kl_decomposition", "mean_scale"): _whitened("mean_scale", "simple"),
    ("kl_decomposition", "correlation"): _whitened("correlation", "simple"),
    ("kl_decomposition", "beyond_second_order"): _whitened("negentropy"),
    ("kl_decomposition", "marginal_negentropy"): _whitened("marginal"),
    ("kl_decomposition", "dependence"): _whitened("dependence"),
    ("moment_kl", "statistic"): _MOMENT_KL,
    ("moment_kl", "debiased"): _MOMENT_KL,
    ("moment_kl", "mean_scale"): _moments("mean_scale"),
    ("moment_kl", "correlation"): _moments("correlation"),
    ("knn_entropy", "statistic"): _plain("entropy"),
    ("knn_entropy", "gap"): _plain("entropy"),
    ("knn_kl", "statistic"): _plain("divergence"),
    ("knn_kl", "whitened"): _whitened("negentropy"),
    ("knn_kl", "excess"): _whitened("negentropy"),
    ("negentropy", "marginal"): _whitened("marginal"),
    ("negentropy", "joint"): _whitened("negentropy"),
    ("kl_lower_bound", "statistic"): Exact(at_most=True),
    ("shapiro_wilk", "rejected_share"): _of_units("shapiro_wilk", MOST_SAMPLES),
    ("dagostino_k2", "rejected_share"): _of_units("dagostino_k2"),
    ("jarque_bera", "rejected_share"): _of_units("jarque_bera"),
    ("anderson_darling", "rejected_share"): Holm(unit=Exact(kind="composite")),
    ("lilliefors", "rejected_share"): _of_units("lilliefors"),
    ("cramer_von_mises", "rejected_share"): _of_units("cramer_von_mises"),
    ("epps_pulley", "rejected_share"): _of_units("epps_pulley"),
    ("mardia_skewness", "statistic"): MonteCarlo(family=MardiaSkewness().key),
    ("mardia_skewness", "chi_squared"): MonteCarlo(family=MardiaSkewness().key, law="chi_squared"),
    ("mardia_skewness", "chi_squared_small"): MonteCarlo(family=MardiaSkewness().key, law="chi_squared_small"),
    ("mardia_kurtosis", "statistic"): MonteCarlo(family=MardiaKurtosis().key),
    ("mardia_kurtosis", "z"): MonteCarlo(family=MardiaKurtosis().key, law="z"),
    ("mardia_kurtosis", "z_exact"): MonteCarlo(family=MardiaKurtosis().key, law="z_exact"),
    ("henze_zirkler", "statistic"): MonteCarlo(family=HenzeZirkler().key),
    ("doornik_hansen", "statistic"): MonteCarlo(family=DoornikHansen().key),
    ("royston", "statistic"): MonteCarlo(family=Royston().key, most=MOST),
    ("royston", "shapiro_wilk"): MonteCarlo(family=Royston().key, law="shapiro_wilk", most=MOST),
    ("energy", "statistic"): MonteCarlo(family=Energy().key),
    ("sliced_epps_pulley", "statistic"): MonteCarlo(family=SlicedEppsPulley().key, kind="simple"),
    ("sliced_epps_pulley", "whitened"): MonteCarlo(family=SlicedEppsPulley().key, law="whitened"),
    ("projection_pursuit", "statistic"): MonteCarlo(family=_PURSUIT, tails=1),
    ("projection_pursuit", "least_kurtosis"): MonteCarlo(family=_PURSUIT, law="least_kurtosis"),
    ("projection_pursuit", "greatest_kurtosis"): MonteCarlo(family=_PURSUIT, law="greatest_kurtosis"),
    ("radial_ks", "statistic"): Exact(),
    ("radial_ks", "whitened"): _radial("radial_ks"),
    ("radial_ad", "statistic"): MonteCarlo(
        family="radial_ad", law="radial_ad", kind="simple", tails=1, by_units=False, most=LARGEST
    ),
    ("radial_ad", "whitened"): _radial("radial_ad"),
    ("radial_spread", "statistic"): MonteCarlo(family="radial_spread", law="radial_spread", kind="simple"),
    ("radial_spread", "whitened"): _radial("radial_spread", tails=2),
    **{("participation_ratio", name): MonteCarlo(family="isotropy", law=name, kind="simple") for name in _ISOTROPY},
}
"""Every row of a whole code that has a p-value, and no other: what a table of rejections may hold.

Of the lower bound one row: it is a bound, hardly ever rejects a Gaussian, and promises that only. Its rungs and winners
are no tests of their own.
"""


def promise(estimator: str, statistic: str, samples: int, units: int, met: int | None = None) -> Promise:
    """What a row of `NULLS` says of Gaussian codes of a size.

    Args:
        estimator: of the row.
        statistic: of the row.
        samples: of a code.
        units: of a code.
        met: B of the null law that the codes met, None to look it up.

    Raises:
        RunError: its null law is not there.
    """
    return NULLS[estimator, statistic].promise(samples, units, met)
