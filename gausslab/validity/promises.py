r"""What a test promises of true Gaussians, and what its Monte Carlo null law makes of that promise.

All replicates of a cell meet the same Monte Carlo law of B replicates, whose quantiles are off by chance. Given the law
the size of a perfectly right test is no longer 5 % but one draw from Beta(a, B + 1 - a), a the number of the B + 1
gaps between its replicates that reject: 5 % in the mean, with a standard deviation of $\sqrt{.05 \cdot .95 / (B + 2)}$,
1.5 points for B = 199. So the number of rejections among the replicates is beta-binomial.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from gausslab.errors import RunError
from gausslab.estimators import null_cache, null_grid
from gausslab.estimators.contract import NullKind
from gausslab.validity.shares import LEVEL, Beta, at_least_p, beta_binomial_p, binomial_p


@dataclass(frozen=True)
class Promise:
    """What a test says of true Gaussians.

    Attributes:
        null: `simple` or `composite`.
        nominal: share that is rejected in the mean.
        replicates: B of the Monte Carlo law, None without one.
        size: law of the size given that law, None if the size is `nominal` itself.
        at_most: whether `nominal` is promised only not to be exceeded.
    """

    null: NullKind
    nominal: float = LEVEL
    replicates: int | None = None
    size: Beta | None = None
    at_most: bool = False

    def size_p(self, count: int, total: int) -> float:
        """The p-value of so many rejections if the promise is kept; one-sided for `at_most`."""
        if self.size is None:
            return self.binomial_p(count, total)
        return beta_binomial_p(count, total, self.size)

    def binomial_p(self, count: int, total: int) -> float:
        """The same as if the null law were known exactly."""
        return (at_least_p if self.at_most else binomial_p)(count, total, self.nominal)


@dataclass(frozen=True, kw_only=True)
class Exact:
    """A p-value without a Monte Carlo law: exact, of the literature's formula, or a bound (`at_most`)."""

    kind: NullKind = "simple"
    at_most: bool = False

    def promise(self, samples: int, units: int, met: int | None = None) -> Promise:
        """5 %."""
        return Promise(self.kind, at_most=self.at_most)


@dataclass(frozen=True, kw_only=True)
class MonteCarlo:
    """A p-value from a null law.

    Attributes:
        family: of the law's key.
        law: its name under the key.
        kind: of the null.
        tails: of the law that reject.
        by_units: whether the law depends on the number of units.
        most: samples at most: above, their law serves, or a subsample of that many is tested; None without limit.
    """

    family: str
    law: str = "statistic"
    kind: NullKind = "composite"
    tails: int = 2
    by_units: bool = True
    most: int | None = None

    def replicates(self, samples: int, units: int) -> int:
        """B, of the law in the cache or else of the shipped one.

        Raises:
            RunError: there is none: the cells were measured with another cache, or another grid.
        """
        key = f"{self.family}/n={min(samples, self.most or samples)}" + (f"/d={units}" if self.by_units else "")
        laws = null_cache.read(key, 1) or null_grid.shipped(key)
        if laws is None:
            raise RunError(f"no null law {key!r}, neither in {null_cache.cache_folder()} nor among the shipped ones")
        return laws[self.law].size

    def promise(self, samples: int, units: int, met: int | None = None) -> Promise:
        """As many gaps as `tails` times the p allows: all of 5 % where B is one of `level_exact`.

        Args:
            samples: of a code.
            units: of a code.
            met: B of the law that the codes met, None for that of the law as it is now.
        """
        found = met or self.replicates(samples, units)
        gaps = self.tails * ((found + 1) // round(self.tails / LEVEL))
        return Promise(self.kind, gaps / (found + 1), found, Beta(gaps, found + 1 - gaps))


@dataclass(frozen=True, kw_only=True)
class Holm:
    """Whether Holm rejects any unit: the smallest p at 5 % over the number of units d, so $1 - (1 - .05 / d)^d$.

    Attributes:
        unit: where the p of one unit comes from.
    """

    unit: MonteCarlo | Exact

    def promise(self, samples: int, units: int, met: int | None = None) -> Promise:
        r"""The size of all units is $1 - (1 - q)^d$ with q Beta, here a Beta law of the same mean and variance.

        As if q were cut off at a quantile of the law's own; the tail that is fitted to it (`estimators.tails`) scatters
        less, so this is to the lenient side.
        """
        nominal = 1 - (1 - LEVEL / units) ** units
        if isinstance(self.unit, Exact):
            return Promise(self.unit.kind, nominal)
        found = self.unit.replicates(samples, units)
        return Promise(self.unit.kind, nominal, found, _of_family(found, units))


def _of_family(replicates: int, units: int) -> Beta:
    a = (replicates + 1) * LEVEL / units
    b = replicates + 1 - a
    none, square = (float(np.exp(betaln(a, b + power * units) - betaln(a, b))) for power in (1, 2))
    total = none * (1 - none) / (square - none**2) - 1
    return Beta((1 - none) * total, none * total)
