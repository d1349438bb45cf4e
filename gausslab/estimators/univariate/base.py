"""What the tests of one unit have in common: their rows, their p-values and the null laws these come from."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.errors import ConfigError, choices
from gausslab.estimators.calibration import Draws, NullLaw, null_laws
from gausslab.estimators.contract import Estimate, NullKind, checked
from gausslab.estimators.empirical import Columns, PerUnit
from gausslab.estimators.joint import P_VALUES
from gausslab.estimators.multiplicity import CORRECTIONS, rejected_share_law
from gausslab.estimators.tails import tail_p_values

REPLICATES = 20_000  # drawn where a user waits; the shipped laws have more
LARGEST = 10_000  # samples, from which on one law serves: it differs from the limit by little, and to the safe side
BLOCK = 1 << 19  # values drawn at a time


@dataclass(frozen=True, kw_only=True)
class UnitTest(ABC):
    """A test of every unit by itself.

    A test computes the `departures` of the units from normality: its statistic, turned and scaled such that large
    values reject and that the law depends on n as little as may be.

    Attributes:
        p_values: `monte_carlo`: upper tail of the departure's law on Gaussian samples, and beyond its replicates the
            tail fitted to them (`tails`); above 10,000 samples the law at 10,000. `asymptotic`: the literature's
            formula where it has one, else Monte Carlo.
        correction: for the number of units, `holm` or `benjamini_hochberg`, both at 5 %.
    """

    name: ClassVar[str]
    null: ClassVar[NullKind] = "composite"
    min_samples: ClassVar[int]
    tail_power: ClassVar[int] = 1
    p_values: str = "monte_carlo"
    correction: str = "holm"

    def __post_init__(self) -> None:
        for field, allowed in (("p_values", P_VALUES), ("correction", tuple(CORRECTIONS))):
            if (value := getattr(self, field)) not in allowed:
                raise ConfigError(f"{self.name}: unknown {field}={value!r}; {choices(str(value), allowed)}")

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """A row `statistic` a unit and one `rejected_share`."""
        return self.rows(checked(x, self).numpy())

    @staticmethod
    @abstractmethod
    def departures(columns: Columns) -> PerUnit:
        """How far every column is from normal."""

    @staticmethod
    @abstractmethod
    def asymptotic(departures: PerUnit, samples: int) -> PerUnit:
        """The literature's p-values, NaN where it has none."""

    @staticmethod
    def statistic(departures: PerUnit, samples: int) -> PerUnit:
        """The literature's statistic, a linear function of the departure."""
        return departures

    def rows(self, columns: Columns) -> tuple[Estimate, ...]:
        """Rows of columns that have been checked."""
        samples, departures = len(columns), self.departures(columns)
        law = unit_law(self.name, samples, self.departures)
        mean, above = self.statistic(np.array([law.mean, law.mean + law.sd]), samples).tolist()
        p_values = self._p_values(departures, samples, law)
        units = [
            Estimate(
                statistic="statistic",
                value=value,
                unit=str(unit),
                null_mean=mean,
                null_sd=abs(above - mean),
                p_value=p_value,
                null_replicates=law.size,
                null="composite",
            )
            for unit, (value, p_value) in enumerate(
                zip(self.statistic(departures, samples).tolist(), p_values.tolist(), strict=True)
            )
        ]
        return *units, rejected_share(p_values, self.correction)

    def _p_values(self, departures: PerUnit, samples: int, law: NullLaw) -> PerUnit:
        simulated = tail_p_values(law, departures, self.tail_power)
        if self.p_values == "monte_carlo":
            return simulated
        literature = self.asymptotic(departures, samples)
        return np.where(np.isnan(literature), simulated, literature)


def unit_law(name: str, samples: int, departures: Callable[[Columns], PerUnit]) -> NullLaw:
    """Law of one unit's departure on Gaussian samples; all tests draw from the same samples."""
    samples = min(samples, LARGEST)

    def draw(generator: np.random.Generator, count: int) -> dict[str, Draws]:
        block = max(1, BLOCK // samples)
        sizes = [min(block, count - start) for start in range(0, count, block)]
        values = [departures(generator.standard_normal((size, samples)).T) for size in sizes]
        return {name: Draws(np.concatenate(values))}

    return null_laws(f"{name}/n={samples}", REPLICATES, draw, stream=f"units/n={samples}")[name]


def rejected_share(p_values: Float64[np.ndarray, " units"], correction: str) -> Estimate:
    """Share of the units that a correction rejects at 5 %.

    Its p-value is the chance of at least as many rejections among independent units; its standard error is unknown,
    since the units of one code depend on each other.
    """
    law = rejected_share_law(len(p_values), correction)
    share = CORRECTIONS[correction](p_values).mean()
    return Estimate(
        statistic="rejected_share",
        value=float(share),
        null_mean=law.mean,
        null_sd=law.sd,
        p_value=float(law.upper_p(np.array([share]))[0]),
        null_replicates=law.size,
        null="composite",
    )
