r"""Radii of the code against the chi law that the radii of N(0, I) follow."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import stats
from torch import Tensor

from gausslab.estimators.calibration import Draws, NullLaw, null_laws
from gausslab.estimators.contract import Estimate, NullKind, Reading, checked


@dataclass(frozen=True, kw_only=True)
class RadialKS:
    r"""Kolmogorov-Smirnov distance between the radii $\|x_i\|$ and chi(d).

    Row `statistic`, p exact or asymptotic through scipy, valid for the simple null N(0, I) only. `null_mean` and
    `null_sd` are those of Kolmogorov's limit law with Stephens' finite-sample factor $\sqrt n + .12 + .11 / \sqrt n$.
    No standard error is given.

    How it can mislead: a code of the wrong scale or mean is rejected however Gaussian it is, and every law whose radii
    happen to follow chi(d) passes.

    Source: Kolmogorov (1933); Stephens (1970), Journal of the Royal Statistical Society B 32:115-122.
    """

    name: ClassVar[str] = "radial_ks"
    null: ClassVar[NullKind] = "simple"
    min_samples: ClassVar[int] = 2

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """One row."""
        x = checked(x, self)
        found = stats.kstest(x.square().sum(1).sqrt().numpy(), stats.chi(x.shape[1]).cdf)
        root = math.sqrt(len(x))
        factor = root + 0.12 + 0.11 / root
        mean, second = math.sqrt(math.pi / 2) * math.log(2), math.pi**2 / 12
        row = Estimate(
            statistic="statistic",
            value=float(found.statistic),
            null_mean=mean / factor,
            null_sd=math.sqrt(second - mean**2) / factor,
            p_value=float(found.pvalue),
        )
        return (row,)


@dataclass(frozen=True, kw_only=True)
class RadialSpread:
    r"""Standard deviation of the radii over that of chi(d): $SD(\|x_i\|) / SD(\chi_d)$.

    Row `statistic`: 1 for N(0, I), below 1 for a thin shell, above 1 for heavy tails or clusters of scales. Simple
    null, two-sided Monte Carlo p. Standard error by the delta method, less its excess under the null.

    How it can mislead: correlation between units raises it as heavy tails do, and it scales with the code.

    Source: moments of the chi law, Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 18.
    """

    name: ClassVar[str] = "radial_spread"
    null: ClassVar[NullKind] = "simple"
    min_samples: ClassVar[int] = 3

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """One row."""
        x = checked(x, self)
        radii = x.square().sum(1).sqrt().numpy()
        reading = _spread(radii, x.shape[1])
        return (radial_spread_null(len(x), x.shape[1]).estimate("statistic", reading),)


def radial_spread_null(samples: int, units: int) -> NullLaw:
    """Null law of the spread from chi-distributed radii: B = 1e7 / n, at least 199 and at most 1999."""

    def draw(generator: np.random.Generator, count: int) -> dict[str, Draws]:
        readings = [_spread(np.sqrt(generator.chisquare(units, samples)), units) for _ in range(count)]
        values, variances = np.array(readings).T
        return {"radial_spread": Draws(values.copy(), float(variances.mean()))}

    count = max(199, min(1999, int(1e7 / samples)))
    return null_laws(f"radial_spread/n={samples}/d={units}", count, draw)["radial_spread"]


def _spread(radii: np.ndarray, units: int) -> Reading:
    """The ratio, and its variance by the delta method: that of the squared deviations over 4 n s^2."""
    squares = (radii - radii.mean()) ** 2
    sd, chi_sd = math.sqrt(squares.mean()), float(stats.chi.std(units))
    return Reading(sd / chi_sd, float(squares.var()) / (4 * len(radii) * sd**2 * chi_sd**2))
