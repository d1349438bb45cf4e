r"""Radii of the code against the chi law that the radii of N(0, I) follow."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float64
from scipy import stats
from scipy.special import log_ndtr
from torch import Tensor

from gausslab.errors import EstimatorError
from gausslab.estimators import empirical
from gausslab.estimators.calibration import Draws, NullLaw, null_laws, null_laws_of_samples
from gausslab.estimators.chi import log_levels
from gausslab.estimators.contract import Estimate, NullKind, Reading, Readings, checked
from gausslab.estimators.moments import whitened
from gausslab.estimators.tails import tail_p_values
from gausslab.estimators.univariate.base import unit_law

Radii = Float64[np.ndarray, " samples"]


class RadialEstimator(ABC):
    """What compares radii with chi(d): those of the code as given, and those of the code whitened.

    Row `whitened` is absent for codes that cannot be whitened: with fewer than d + 2 samples, or with units that
    depend linearly on others.
    """

    name: ClassVar[str]
    null: ClassVar[NullKind] = "simple"
    min_samples: ClassVar[int]

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Rows `statistic` and, where the code can be whitened, `whitened`."""
        x = checked(x, self)
        row = self.given(radii_of(x), x.shape[1])
        try:
            beyond = whitened_readings(x)[self.name]
        except EstimatorError:
            return (row,)
        return row, self.composite(beyond, whitened_null(*x.shape)[self.name])

    @abstractmethod
    def given(self, radii: Radii, units: int) -> Estimate:
        """Row `statistic`: N(0, I) is the null."""

    def composite(self, reading: Reading, law: NullLaw) -> Estimate:
        """Row `whitened`: mean and covariance are estimated away, so p is by Monte Carlo alone; large values reject."""
        p_value = float(law.upper_p(np.array([reading.value]))[0])
        return replace(law.estimate("whitened", reading, null="composite"), p_value=p_value)


@dataclass(frozen=True, kw_only=True)
class RadialKS(RadialEstimator):
    r"""Kolmogorov-Smirnov distance between the radii $\|x_i\|$ and chi(d).

    Row `statistic`, p exact or asymptotic through scipy, valid for the simple null N(0, I) only. `null_mean` and
    `null_sd` are those of Kolmogorov's limit law with Stephens' finite-sample factor $\sqrt n + .12 + .11 / \sqrt n$.
    Row `whitened`, composite null: the same of the whitened code, one-sided Monte Carlo p. No standard errors.

    How it can mislead: as given, a code of the wrong scale or mean is rejected however Gaussian it is; and every law
    whose radii happen to follow chi(d) passes.

    Source: Kolmogorov (1933); Stephens (1970), Journal of the Royal Statistical Society B 32:115-122.
    """

    name: ClassVar[str] = "radial_ks"
    min_samples: ClassVar[int] = 2

    def given(self, radii: Radii, units: int) -> Estimate:
        """Row `statistic`."""
        found = stats.kstest(radii, stats.chi(units).cdf)
        root = math.sqrt(len(radii))
        factor = root + 0.12 + 0.11 / root
        mean, second = math.sqrt(math.pi / 2) * math.log(2), math.pi**2 / 12
        return Estimate(
            statistic="statistic",
            value=float(found.statistic),
            null_mean=mean / factor,
            null_sd=math.sqrt(second - mean**2) / factor,
            p_value=float(found.pvalue),
        )


@dataclass(frozen=True, kw_only=True)
class RadialAD(RadialEstimator):
    r"""Anderson-Darling distance between the radii $\|x_i\|$ and chi(d), which weighs the thin and the fat radii.

    $A^2 = -n - \frac1n \sum_i (2i-1) [\ln F(r_{(i)}) + \ln(1 - F(r_{(n+1-i)}))]$ with F that of chi(d). Row
    `statistic`, simple null: its law is that of every test with a given continuous law, and p its upper tail by Monte
    Carlo (see `tails`). Row `whitened`, composite null: of the whitened code, one-sided Monte Carlo p. No standard
    errors.

    How it can mislead: as `RadialKS`; and a single far sample rejects a code.

    Source: Anderson & Darling (1954), JASA 49:765-769.
    """

    name: ClassVar[str] = "radial_ad"
    min_samples: ClassVar[int] = 2

    def given(self, radii: Radii, units: int) -> Estimate:
        """Row `statistic`."""
        value = _anderson_darling(radii, units)
        law = unit_law(self.name, len(radii), _of_standard_normal)
        return Estimate(
            statistic="statistic",
            value=value,
            null_mean=law.mean,
            null_sd=law.sd,
            p_value=float(tail_p_values(law, np.array([value]))[0]),
            null_replicates=law.size,
        )


@dataclass(frozen=True, kw_only=True)
class RadialSpread(RadialEstimator):
    r"""Standard deviation of the radii over that of chi(d): $SD(\|x_i\|) / SD(\chi_d)$.

    Row `statistic`: 1 for N(0, I), below 1 for a thin shell, above 1 for heavy tails or clusters of scales; simple
    null. Row `whitened`, composite null: the same of the whitened code, whose mean squared radius is d. Two-sided Monte
    Carlo p. Standard errors by the delta method with the whitening taken as known, less their excess under the null.

    How it can mislead: as given, correlation between units raises it as heavy tails do, and it scales with the code;
    whitened, it falls below 1 for every code as d comes near n, so compare it with its null's mean.

    Source: moments of the chi law, Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 18.
    """

    name: ClassVar[str] = "radial_spread"
    min_samples: ClassVar[int] = 3

    def given(self, radii: Radii, units: int) -> Estimate:
        """Row `statistic`."""
        return radial_spread_null(len(radii), units).estimate("statistic", _spread(radii, units))

    def composite(self, reading: Reading, law: NullLaw) -> Estimate:
        """Row `whitened`, two-sided."""
        return law.estimate("whitened", reading, null="composite")


def radii_of(x: Float64[Tensor, "samples units"]) -> Radii:
    r"""$\|x_i\|$."""
    return np.asarray(x.square().sum(1).sqrt().numpy())


def whitened_readings(x: Float64[Tensor, "samples units"]) -> Readings:
    """Every radial statistic of the whitened code.

    Raises:
        EstimatorError: it cannot be whitened, or all whitened radii are equal, as they are for d + 1 samples.
    """
    samples, units = x.shape
    if samples < units + 2:
        raise EstimatorError(f"radial: whitened radii need at least {units + 2} samples of {units} units")
    radii = radii_of(whitened(x, "radial"))
    return {
        "radial_ks": Reading(_kolmogorov(radii, units)),
        "radial_ad": Reading(_anderson_darling(radii, units)),
        "radial_spread": _spread(radii, units),
    }


def whitened_null(samples: int, units: int) -> dict[str, NullLaw]:
    """Null laws of `whitened_readings`."""
    work = float(samples) * units * (4 * units + 100)
    return null_laws_of_samples("radial-whitened", samples, units, whitened_readings, work)


def radial_spread_null(samples: int, units: int) -> NullLaw:
    """Null law of the spread from chi-distributed radii: B = 1e7 / n, at least 199 and at most 1999."""

    def draw(generator: np.random.Generator, count: int) -> dict[str, Draws]:
        readings = [_spread(np.sqrt(generator.chisquare(units, samples)), units) for _ in range(count)]
        values, variances = np.array(readings).T
        return {"radial_spread": Draws(values.copy(), float(variances.mean()))}

    count = max(199, min(1999, int(1e7 / samples)))
    return null_laws(f"radial_spread/n={samples}/d={units}", count, draw)["radial_spread"]


def _spread(radii: Radii, units: int) -> Reading:
    """The ratio, and its variance by the delta method: that of the squared deviations over 4 n s^2."""
    squares = (radii - radii.mean()) ** 2
    sd, chi_sd = math.sqrt(squares.mean()), float(stats.chi.std(units))
    return Reading(sd / chi_sd, float(squares.var()) / (4 * len(radii) * sd**2 * chi_sd**2))


def _kolmogorov(radii: Radii, units: int) -> float:
    return float(empirical.kolmogorov(stats.chi.cdf(np.sort(radii), units)[:, None])[0])


def _anderson_darling(radii: Radii, units: int) -> float:
    below, above = log_levels(np.sort(radii), units)
    return float(empirical.anderson_darling(below[:, None], above[:, None])[0])


def _of_standard_normal(columns: empirical.Columns) -> empirical.PerUnit:
    """Anderson-Darling distances whose law is known: as every other with a given continuous law."""
    values = np.sort(columns, axis=0)
    return empirical.anderson_darling(log_ndtr(values), log_ndtr(-values))
