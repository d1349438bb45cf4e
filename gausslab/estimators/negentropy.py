r"""How far from Gaussian, whatever mean and covariance: unit by unit, summed over units, and of the code as a whole."""

from dataclasses import dataclass, replace
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from gausslab.estimators.calibration import NullLaw
from gausslab.estimators.contract import Estimate, NullKind, Reading, computed_from
from gausslab.estimators.decomposition import whitened_null, whitened_readings
from gausslab.estimators.entropy import NeighbourEstimator
from gausslab.estimators.single_units import marginal_reading, unit_null, unit_parts


@dataclass(frozen=True, kw_only=True)
class Negentropy(NeighbourEstimator):
    r"""Negentropy in nats: entropy of the Gaussian of the same mean and covariance, minus the own.

    `statistic`, a row a unit: of the unit alone, by spacings (`spacings`), less its mean on Gaussian samples of the
    same n: $J_j = \frac12 \ln 2\pi e + \ln s_j - \hat H(x_j)$ with $\hat H(x) = \frac1n \sum_i
    [\ln(x_{(i+m)} - x_{(i-m)}) - \psi(g_i) + \psi(n+1)]$, m = 5 and $g_i$ the gaps spanned, 2m but at the ends. They
    are the terms of `KLDecomposition`'s `marginal_negentropy`: the units with the largest make it.
    `marginal`: their sum. `joint`: of the whitened code z by nearest neighbours, $\frac d2 \ln 2\pi e - \hat H_k(z)$
    with $\hat H_k$ as in `KnnEntropy`, less its mean on whitened Gaussian samples of the same n and d; for a single
    unit the `marginal`; the decomposition's `beyond_second_order`. Composite null, two-sided Monte Carlo p.
    The sum of the rows `statistic` differs from `marginal` by the Monte Carlo error of the nulls' means alone.

    Standard errors: delta method (units) and delete-one jackknife (joint), less their excess over the Monte Carlo
    variance on Gaussian samples.

    How it can mislead: `joint` is a test statistic and not a number of nats above about 4 units, see
    `KLDecomposition`. The number of a single unit is right to about .006 nats at n = 500 and .0015 at n = 2000 for
    units with tails no heavier than those of t with 5 degrees of freedom. Its p is never below 2 / (B + 1), B = 4e6 / n
    but 199 to 1999, too coarse for Holm over many units: test them with `shapiro_wilk`. Needs more samples than units,
    and units without atoms, whose negentropy is infinite.

    Source: Vasicek (1976), Journal of the Royal Statistical Society B 38:54-59; Kozachenko & Leonenko (1987).

    Attributes:
        k: which neighbour.
        duplicates: `error`, `drop` or `jitter`, see `entropy.without_duplicates`.
    """

    name: ClassVar[str] = "negentropy"
    null: ClassVar[NullKind] = "composite"

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """A row `statistic` a unit, then `marginal` and `joint`."""
        x = self.usable(x)
        samples, units = x.shape
        parts, readings = unit_parts(x, self.name), whitened_readings(x, self.k, self.name)
        law, laws = unit_null(samples), whitened_null(samples, units, self.k)
        rows = [self._row(law, "statistic", reading, str(unit)) for unit, reading in enumerate(parts.readings())]
        marginal = self._row(laws["marginal"], "marginal", marginal_reading(parts))
        joint = self._row(laws["negentropy"], "joint", readings["negentropy"])
        joint = replace(marginal, statistic="joint") if units == 1 else joint
        return computed_from(samples, (*rows, marginal, joint))

    @staticmethod
    def _row(law: NullLaw, statistic: str, reading: Reading, unit: str = "all") -> Estimate:
        return replace(law.excess(statistic, reading, quantity="nats", null="composite"), unit=unit)
