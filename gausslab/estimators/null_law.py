"""The law of a statistic under the null, by its Monte Carlo replicates: all of them, or those that carry its shape."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from gausslab.estimators.contract import NAN, Estimate, NullKind, Reading

DENSE = 10
SPACING = 1.1

Origin = Literal["drawn", "shipped", "interpolated"]


class Draws(NamedTuple):
    """Values of a statistic on Gaussian samples, and the mean of its first variance estimates on them (NaN if none)."""

    values: Float64[np.ndarray, " replicates"]
    variance: float = NAN


class Thinning(NamedTuple):
    """What is known of the replicates of which only some were kept.

    Attributes:
        ranks: of the kept ones among all, from 1.
        size: how many replicates there were.
        mean: of all of them.
        sd: of all of them.
        error: standard error of `mean`.
    """

    ranks: Int64[np.ndarray, " kept"]
    size: int
    mean: float
    sd: float
    error: float


@dataclass(frozen=True, eq=False)
class NullLaw:
    """The law of a statistic under the null.

    Attributes:
        values: its values on Gaussian samples, ascending: all replicates, or the kept ones.
        variance: mean over all replicates of the uncorrected estimate of the sampling variance, NaN if the statistic
            has none.
        thinning: ranks of the kept ones and moments of all; None if all were kept.
        origin: `drawn` for this n and d, `shipped` with the package for this n and d, or `interpolated` between two
            shipped sample sizes.
    """

    values: Float64[np.ndarray, " kept"]
    variance: float = NAN
    thinning: Thinning | None = None
    origin: Origin = "drawn"

    @property
    def replicates(self) -> Float64[np.ndarray, " replicates"]:
        """All replicates, ascending.

        Raises:
            ValueError: some were not kept; ask for p-values, `quantile` or `largest` instead.
        """
        if self.thinning is not None:
            raise ValueError(f"only {len(self.values)} of {self.size} replicates were kept")
        return self.values

    @property
    def size(self) -> int:
        """B, the number of replicates drawn; of an interpolated law the fewest of its neighbours'."""
        return len(self.values) if self.thinning is None else self.thinning.size

    @property
    def ranks(self) -> Int64[np.ndarray, " kept"]:
        """Which of the B replicates the `values` are, from 1."""
        return np.arange(1, len(self.values) + 1) if self.thinning is None else self.thinning.ranks

    @property
    def mean(self) -> float:
        """Mean of all replicates."""
        return float(self.values.mean()) if self.thinning is None else self.thinning.mean

    @property
    def sd(self) -> float:
        """Standard deviation of all replicates."""
        return float(self.values.std(ddof=1)) if self.thinning is None else self.thinning.sd

    @property
    def monte_carlo_error(self) -> float:
        """Standard error of `mean`; of an interpolated law that of the shipped means it is made of."""
        return self.sd / math.sqrt(self.size) if self.thinning is None else self.thinning.error

    def p_value(self, value: float) -> float:
        """Two-sided Monte Carlo p: twice the smaller tail, the value itself counted in both; at least 2 / (B + 1)."""
        given = np.array([value])
        return min(1.0, 2 * float(min(self.lower_p(given)[0], self.upper_p(given)[0])))

    @property
    def _rounding(self) -> float:
        """What may be lost of a replicate in the grid's single precision; values closer than that are equal."""
        return 0.0 if self.origin == "drawn" else 1e-6 * self.sd

    def upper_p(self, values: Float64[np.ndarray, " values"]) -> Float64[np.ndarray, " values"]:
        """Upper-tail Monte Carlo p, (1 + replicates at or above) / (1 + B)."""
        return (1 + self.size - self._counted(values - self._rounding, "left")) / (1 + self.size)

    def lower_p(self, values: Float64[np.ndarray, " values"]) -> Float64[np.ndarray, " values"]:
        """Lower-tail Monte Carlo p, (1 + replicates at or below) / (1 + B)."""
        return (1 + self._counted(values + self._rounding, "right")) / (1 + self.size)

    def quantile(self, levels: Float64[np.ndarray, " levels"]) -> Float64[np.ndarray, " levels"]:
        """Quantiles at levels between 1 / (B + 1) and B / (B + 1), linear between the replicates that were kept."""
        return np.asarray(np.interp(levels * (self.size + 1), self.ranks, self.values))

    def largest(self, count: int) -> Float64[np.ndarray, " largest"]:
        """The `count` largest replicates, ascending, for a tail to be fitted to; a fiftieth of them is always kept.

        Raises:
            ValueError: some of them were not kept.
        """
        if count > self.size or self.ranks[-count] != self.size - count + 1:
            raise ValueError(f"the {count} largest of {self.size} replicates were not all kept")
        return self.values[-count:]

    def thinned(self) -> "NullLaw":
        """The same law by the replicates at `kept_ranks` alone; moments are those of all."""
        ranks = kept_ranks(self.size)
        kept = Thinning(ranks, self.size, self.mean, self.sd, self.monte_carlo_error)
        return NullLaw(self.replicates[ranks - 1], self.variance, kept, self.origin)

    def standard_error(self, variance: float) -> float:
        """Root of a variance estimate less its mean excess over the truth under the null; a quarter stays."""
        excess = self.variance - self.sd**2
        return math.sqrt(max(variance - excess, variance / 4))

    def estimate(
        self, statistic: str, reading: Reading, *, quantity: Literal["nats", ""] = "", null: NullKind = "simple"
    ) -> Estimate:
        """The reading itself, with the null beside it."""
        return Estimate(
            statistic=statistic,
            value=reading.value,
            standard_error=self.standard_error(reading.variance),
            null_mean=self.mean,
            null_sd=self.sd,
            p_value=self.p_value(reading.value),
            null_replicates=self.size,
            quantity=quantity,
            null=null,
        )

    def excess(
        self, statistic: str, reading: Reading, *, quantity: Literal["nats", ""] = "", null: NullKind = "simple"
    ) -> Estimate:
        """The reading minus the null's mean; the standard error includes the Monte Carlo error of that mean."""
        return Estimate(
            statistic=statistic,
            value=reading.value - self.mean,
            standard_error=math.hypot(self.standard_error(reading.variance), self.monte_carlo_error),
            null_mean=0.0,
            null_sd=self.sd,
            p_value=self.p_value(reading.value),
            null_replicates=self.size,
            quantity=quantity,
            null=null,
        )

    def shortfall(
        self, statistic: str, reading: Reading, *, quantity: Literal["nats", ""] = "", null: NullKind = "simple"
    ) -> Estimate:
        """The null's mean minus the reading."""
        mirrored = Reading(-reading.value, reading.variance)
        return self._mirrored().excess(statistic, mirrored, quantity=quantity, null=null)

    def _mirrored(self) -> "NullLaw":
        """The law of the negative of the statistic."""
        thinning = self.thinning and self.thinning._replace(
            ranks=self.thinning.size + 1 - self.thinning.ranks[::-1], mean=-self.thinning.mean
        )
        return NullLaw(-self.values[::-1], self.variance, thinning, self.origin)

    def _counted(self, given: Float64[np.ndarray, " given"], side: Literal["left", "right"]) -> np.ndarray:
        """Replicates at most (`right`) or below (`left`) each value; those not kept by their expected number."""
        kept, ranks = np.searchsorted(self.values, given, side=side), np.concatenate([[0], self.ranks])
        above = np.clip(kept, 1, len(self.values) - 1)
        low, high = self.values[above - 1], self.values[above]
        share = np.clip((given - low) / np.where(high > low, high - low, 1), 0, 1)
        hidden = np.where((kept > 0) & (kept < len(self.values)), ranks[above + 1] - ranks[above] - 1, 0)
        return np.asarray(ranks[kept] + hidden * share)


def kept_ranks(size: int) -> Int64[np.ndarray, " kept"]:
    """Ranks at which a law of `size` replicates is thinned: both tails whole, a tenth apart towards the middle.

    A tail is a fiftieth of the replicates, 10 at least. The rule is symmetric.

    >>> kept_ranks(12).tolist()
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    >>> len(kept_ranks(199)), len(kept_ranks(4999))
    (69, 267)
    """
    middle = (size + 1) // 2
    dense = min(max(DENSE, -(-size // 50)), middle)
    steps = math.ceil(math.log(middle / dense) / math.log(SPACING))
    spaced = np.rint(np.geomspace(dense, middle, steps + 1)).astype(np.int64)
    tail = np.concatenate([np.arange(1, dense + 1), spaced])
    return np.unique(np.concatenate([tail, size + 1 - tail]))
