r"""KL(p || N(0, I)) as a sum of parts that say where it comes from."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.estimators.calibration import NullLaw, null_laws_of_samples
from gausslab.estimators.contract import Estimate, Reading, Readings, computed_from
from gausslab.estimators.entropy import (
    NeighbourEstimator,
    jackknife_variance,
    log_distances,
    neighbour_work,
)
from gausslab.estimators.moments import (
    MomentParts,
    moment_part_estimates,
    moment_part_readings,
    moment_parts,
    whitened,
    whitened_key,
)
from gausslab.estimators.single_units import (
    GAUSSIAN_ENTROPY,
    Part,
    marginal_reading,
    unit_parts,
    unit_total_null,
    unit_totals,
)
from gausslab.estimators.spacings import REACH

BEYOND = {"negentropy": "beyond_second_order", "marginal": "marginal_negentropy", "dependence": "dependence"}
"""Rows that a null is subtracted from, by the names of their readings."""


def joint_part(z: Float64[Tensor, "samples units"], k: int) -> Part:
    r"""Negentropy $\frac d2 \ln 2\pi e - \hat H_k(z)$ of a whitened code by nearest neighbours.

    Because $\|z_i\|^2$ averages to d exactly, it is also the one-sample kNN-KL of the whitened code; its influence
    takes the estimation of mean and covariance into account by the delta method.
    """
    terms = log_distances(z, k)
    return Part(z.shape[1] * GAUSSIAN_ENTROPY - terms.entropy, z.square().sum(1) / 2 - terms.influence)


def whitened_readings(x: Float64[Tensor, "samples units"], k: int, name: str) -> Readings:
    """Plug-in moment parts, negentropy of the whitened code, and the sum of all three."""
    z = whitened(x, name)
    return _joint_readings(moment_parts(x, z), joint_part(z, k))


def decomposition_readings(x: Float64[Tensor, "samples units"], k: int, name: str) -> Readings:
    """The same with the two parts of the negentropy: the units' own, and what the joint one has beyond them."""
    units = unit_parts(x, name)  # first, for it is cheap and may refuse the units
    marginal = units.together()
    z = whitened(x, name)
    joint = joint_part(z, k)
    between = jackknife_variance(joint.influence - marginal.influence)
    return {
        **_joint_readings(moment_parts(x, z), joint),
        "marginal": marginal_reading(units),
        "dependence": Reading(joint.value - marginal.value, between),
    }


def _joint_readings(moments: MomentParts, joint: Part) -> Readings:
    influence = moments.mean_scale_influence + moments.correlation_influence + joint.influence
    return {
        **moment_part_readings(moments),
        "negentropy": Reading(joint.value, jackknife_variance(joint.influence)),
        "total": Reading(moments.mean_scale + moments.correlation + joint.value, jackknife_variance(influence)),
    }


def whitened_null(samples: int, units: int, k: int) -> dict[str, NullLaw]:
    """Null laws of `decomposition_readings` on samples of N(0, I), all from one draw: every estimator that whitens."""
    return null_laws_of_samples(
        f"{whitened_key(k)}/m={REACH}",
        samples,
        units,
        lambda x: decomposition_readings(x, k, "null law"),
        neighbour_work(samples, units),
        stream=whitened_key(k),
    )


def of_one_unit(
    x: Float64[Tensor, "samples unit"], marginal: Estimate, name: str
) -> tuple[Estimate, Estimate, Estimate]:
    """Rows `total`, `beyond_second_order` and `dependence` of a code of one unit, without nearest neighbours."""
    total = unit_total_null(len(x)).excess("total", unit_totals(x, name).readings()[0], quantity="nats")
    nothing = Estimate(statistic="dependence", value=0.0, null_mean=0.0, null_sd=0.0, quantity="nats", null="composite")
    return total, replace(marginal, statistic="beyond_second_order"), nothing


@dataclass(frozen=True, kw_only=True)
class KLDecomposition(NeighbourEstimator):
    r"""KL(p || N(0, I)) in nats = mean_scale + correlation + marginal_negentropy + dependence.

    `mean_scale`: $\frac12 \sum_j (s_j^2 + m_j^2 - 1 - \ln s_j^2)$ and `correlation`: $-\frac12 \ln\det R$, each less
    its exact bias for Gaussian samples. `marginal_negentropy`: $\sum_j [\frac12 \ln 2\pi e + \ln s_j - \hat H(x_j)]$,
    how far the code's own units are from Gaussians of their mean and variance, by spacings (`spacings`), less its mean
    on Gaussian samples. `dependence`: joint negentropy of the whitened code by nearest neighbours, less its mean on
    Gaussian samples, minus the marginal part. It is the mutual information of the units minus that of a Gaussian of
    their correlation, $I(x) - I_G(x)$: 0 for independent units, positive for uncorrelated units that depend on each
    other all the same, and for strongly correlated units it can be negative in truth, not by noise alone: two units
    that are nearly the same variable have its negentropy twice as margins and once together.
    `beyond_second_order`: the sum of the last two, the joint negentropy, which no choice of axes changes. `total`: the
    sum of the four parts, exact by construction. A single unit has a `dependence` of exactly 0, without error or p, and
    all of its negentropy is `marginal_negentropy`, by spacings.
    So mean_scale + marginal_negentropy is the sum of the single units' divergences from N(0, 1), and correlation +
    dependence the mutual information of the units.

    Simple null for the moment parts and the total, composite for the others; two-sided Monte Carlo p-values (119
    replicates where they are drawn, fewer where n^2 d makes them dear, at least 39: p is never below 2 / (B + 1)).

    Standard errors: delta method and delete-one jackknife, less their excess over the Monte Carlo variance on Gaussian
    samples; those of the moment parts at least the null's spread. For 2, 4 and 8 units of seven laws and n = 500 and
    2000 (300 codes each) those of the other parts and of the total are 0.76 to 1.23 of the true spread (one total of
    t5, n = 500, 0.68). Intervals of value ± 1.96 of them cover the truth as often as they should where the bias is
    small: those of the moment parts 91 to 100 % (86 % for a uniform cube of 8 units at n = 500), of
    `marginal_negentropy` 82 to 97 %, the least for heavy tails, and of `dependence`, `beyond_second_order` and `total`
    of a Gaussian 89 to 97 %.

    How it can mislead: the bias of nearest-neighbour entropy depends on the law AND on the width, so that above about 4
    units `beyond_second_order`, and with it `dependence` and `total`, is a test statistic and not a number of nats. At
    4 units and n = 2000 the total is off by less than .02 nats for clusters, Laplace and t5 and by .05 of .27 for an
    elliptical t5, but by -.33 of .71 for a uniform cube; at 8 units by -.1 of .7, -.02 of .6, .03 of .4, .2 of .7 and
    -1.2 of 1.4. A cube of 32 units gets 6 nats too few, one of 128 units 24, and since its `marginal_negentropy` is
    right, `dependence` is -6 and -24 where 0 is true. Neither may be compared across layers of different width, per
    unit or in all: codes of iid uniform units, whose true KL is .176 nats a unit at every width, get .136 at 2 units,
    .073 at 4, .014 at 8 and -.017 at 32 (n = 1000). `marginal_negentropy` has no such limit, and the moment parts have
    another: their debiasing is exact for Gaussian samples only. Where units have an excess kurtosis k, `mean_scale` is
    off by about $dk/4n$ nats (at 500 x 128, a uniform cube by -0.08 and Laplace by +0.19), and `correlation` of an
    elliptical t5 of 500 x 128 is 7 nats where 0 is true (`studies/estimator_validity`). Needs more samples than units,
    and units without atoms (exact zeros after a ReLU make every divergence from a Gaussian infinite).

    Source: Kozachenko & Leonenko (1987) for the joint entropy; Vasicek (1976), Journal of the Royal Statistical Society
    B 38:54-59, for the units'; the split is the Pythagorean identity of information geometry, Cardoso (2003), Journal
    of Machine Learning Research 4:1177-1203, section 3.

    Attributes:
        k: which neighbour.
        duplicates: `error`, `drop` or `jitter`, see `entropy.without_duplicates`.
    """

    name: ClassVar[str] = "kl_decomposition"

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Rows `total`, `mean_scale`, `correlation`, `beyond_second_order`, `marginal_negentropy` and `dependence`."""
        x = self.usable(x)
        samples, units = x.shape
        readings, laws = decomposition_readings(x, self.k, self.name), whitened_null(samples, units, self.k)
        moments = moment_part_estimates(laws, readings, samples, units)
        beyond, marginal, dependence = (
            laws[key].excess(statistic, readings[key], quantity="nats", null="composite")
            for key, statistic in BEYOND.items()
        )
        total = laws["total"].excess("total", readings["total"], quantity="nats")
        if units == 1:
            total, beyond, dependence = of_one_unit(x, marginal, self.name)
        dependence = replace(dependence, value=beyond.value - marginal.value)
        whole = math.fsum(part.value for part in (*moments, beyond))
        return computed_from(samples, (replace(total, value=whole), *moments, beyond, marginal, dependence))
