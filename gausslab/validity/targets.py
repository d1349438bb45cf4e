"""What each number with a standard error should be on a law: its value, a limit, or a bound.

`value`: the number is offered as an estimate of this at every n, and a bias is a fault. `limit`: it tends to this with
n, and what it is off by before that is known and part of it: moments that are not debiased, and nearest neighbours,
whose bias above about 4 units depends on the law and stays (`KLDecomposition`); less the null's mean these are values
for Gaussian codes all the same. `bound`: it promises not to lie above.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float64

from gausslab.estimators.isotropy import SUMMARIES
from gausslab.estimators.ladder import DEFAULT_RUNGS
from gausslab.laws import CORRELATION, SEPARATION, Law, get
from gausslab.validity.radii import radial_ratio

Kind = Literal["value", "limit", "bound"]
Truth = Callable[[Law, int], float | None]
GAUSSIAN = ("gaussian",)
GAUSSIANS = ("gaussian", "correlated")


@dataclass(frozen=True)
class Target:
    """What one statistic should be.

    Attributes:
        truth: by law and number of units, None where it is not known.
        kind: what it is of the statistic.
        value_for: laws for which a limit is a value.
    """

    truth: Truth
    kind: Kind = "value"
    value_for: tuple[str, ...] = ()


class Known(NamedTuple):
    """A target on one law."""

    truth: float
    kind: Kind


@cache
def known(estimator: str, statistic: str, law: str, units: int) -> Known | None:
    """What a number should be, None where nobody knows."""
    target = TARGETS.get((estimator, statistic))
    truth = None if target is None else target.truth(get(law), units)
    if target is None or truth is None:
        return None
    return Known(truth, "value" if law in target.value_for else target.kind)


def spectrum(law: Law, units: int) -> Float64[np.ndarray, " units"]:
    """Eigenvalues of the law's covariance, descending: of units that all correlate alike, or of I."""
    shared = {"correlated": CORRELATION, "clusters": SEPARATION**2 / (units + SEPARATION**2)}.get(law.name, 0.0)
    values = np.full(units, 1 - shared)
    values[0] += units * shared
    return values


def _moments(law: Law, units: int) -> float:
    return law.kl(units) - law.negentropy(units)


def _nothing(law: Law, units: int) -> float:
    return 0.0


def _kl(law: Law, units: int) -> float:
    return law.kl(units)


def _negentropy(law: Law, units: int) -> float:
    return law.negentropy(units)


def _marginal(law: Law, units: int) -> float | None:
    return law.marginal_negentropy(units)


def _dependence(law: Law, units: int) -> float | None:
    return law.dependence(units)


def _spread(law: Law, units: int) -> float:
    return radial_ratio(law.name, units)


def _white_spread(law: Law, units: int) -> float:
    return radial_ratio(law.name, units, white=True)


def _of_spectrum(name: str) -> Truth:
    return lambda law, units: SUMMARIES[name](spectrum(law, units))[0]


TARGETS: dict[tuple[str, str], Target] = {
    ("moment_kl", "statistic"): Target(_moments, "limit"),
    ("moment_kl", "debiased"): Target(_moments),
    ("moment_kl", "mean_scale"): Target(_nothing),
    ("moment_kl", "correlation"): Target(_moments),
    ("kl_decomposition", "total"): Target(_kl, "limit", GAUSSIANS),
    ("kl_decomposition", "mean_scale"): Target(_nothing),
    ("kl_decomposition", "correlation"): Target(_moments),
    ("kl_decomposition", "beyond_second_order"): Target(_negentropy, "limit", GAUSSIANS),
    ("kl_decomposition", "marginal_negentropy"): Target(_marginal),
    ("kl_decomposition", "dependence"): Target(_dependence, "limit", GAUSSIANS),
    ("negentropy", "marginal"): Target(_marginal),
    ("negentropy", "joint"): Target(_negentropy, "limit", GAUSSIANS),
    ("knn_entropy", "statistic"): Target(Law.entropy, "limit"),
    ("knn_entropy", "gap"): Target(_kl, "limit", GAUSSIAN),
    ("knn_kl", "statistic"): Target(_kl, "limit"),
    ("knn_kl", "whitened"): Target(_negentropy, "limit"),
    ("knn_kl", "excess"): Target(_negentropy, "limit", GAUSSIANS),
    ("radial_spread", "statistic"): Target(_spread),
    ("radial_spread", "whitened"): Target(_white_spread, "limit"),
    ("participation_ratio", "statistic"): Target(_of_spectrum("statistic"), "limit"),
    ("participation_ratio", "debiased"): Target(_of_spectrum("statistic")),
    ("participation_ratio", "effective_rank"): Target(_of_spectrum("effective_rank"), "limit"),
    ("participation_ratio", "isoscore"): Target(_of_spectrum("isoscore"), "limit"),
    ("participation_ratio", "largest_eigenvalue"): Target(_of_spectrum("largest_eigenvalue"), "limit"),
    **{("kl_lower_bound", row): Target(_kl, "bound") for row in ("statistic", *DEFAULT_RUNGS)},
}
