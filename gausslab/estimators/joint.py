"""What the tests of a whole code have in common: readings of the samples, and where their p-values come from."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.errors import ConfigError, EstimatorError, choices
from gausslab.estimators.calibration import NullLaw, null_laws_of_samples
from gausslab.estimators.contract import Estimate, NullKind, Reading, Readings, checked
from gausslab.estimators.moments import whitened

P_VALUES = ("monte_carlo", "asymptotic")


class JointTest(ABC):
    """Statistics of all units together, calibrated by Monte Carlo on samples of N(0, I).

    That null law serves every Gaussian code, since each of these statistics is the same for every code that
    differs by an affine map, or says in its docstring what it does instead.
    """

    name: ClassVar[str]
    null: ClassVar[NullKind] = "composite"
    min_samples: ClassVar[int]

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """A row a reading."""
        x = checked(x, self)
        return self.rows(self.readings(x), x)

    @abstractmethod
    def readings(self, x: Float64[Tensor, "samples units"]) -> Readings:
        """Every statistic by its name, of the code as given."""

    @abstractmethod
    def work(self, samples: int, units: int) -> float:
        """Multiply-adds of one reading."""

    def rows(self, readings: Readings, x: Float64[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Each reading beside its null."""
        laws = self.null_laws(*x.shape)
        return tuple(laws[name].estimate(name, reading, null=self.null) for name, reading in readings.items())

    def null_laws(self, samples: int, units: int) -> dict[str, NullLaw]:
        """Laws of the readings on samples of N(0, I)."""
        return null_laws_of_samples(self.key, samples, units, self.readings, self.work(samples, units))

    @property
    def key(self) -> str:
        """Name and the parameters on which the readings depend."""
        return self.name


def whitened_code(x: Float64[Tensor, "samples units"], name: str) -> Float64[Tensor, "samples units"]:
    """The whitened samples, if they can differ from those of any other code: d + 1 of them are a regular simplex.

    Raises:
        EstimatorError: as for `whitened`, or only one sample more than units.
    """
    samples, units = x.shape
    if samples == units + 1:
        raise EstimatorError(f"{name}: expected at least {units + 2} samples of {units} units, got {samples}")
    return whitened(x, name)


class Theory(NamedTuple):
    """What the literature says of a statistic under the null: mean, standard deviation and p-value."""

    mean: float
    sd: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class ClassicalTest(JointTest):
    """A test for which the literature has a null law as well.

    Attributes:
        p_values: `monte_carlo` (two-sided) or `asymptotic`, the literature's.
    """

    p_values: str = "monte_carlo"

    def __post_init__(self) -> None:
        require_p_values(self.name, self.p_values)

    def rows(self, readings: Readings, x: Float64[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Each reading beside its null."""
        if self.p_values == "monte_carlo":
            return super().rows(readings, x)
        theory = self.theory(readings, *x.shape)
        return tuple(theoretical(name, reading, theory[name]) for name, reading in readings.items())

    @abstractmethod
    def theory(self, readings: Readings, samples: int, units: int) -> Mapping[str, Theory]:
        """The literature's null law of every reading."""


def require_p_values(name: str, given: str) -> None:
    """Reject a source of p-values that there is not.

    Raises:
        ConfigError: naming the choices.
    """
    if given not in P_VALUES:
        raise ConfigError(f"{name}: unknown p_values={given!r}; {choices(str(given), P_VALUES)}")


def theoretical(statistic: str, reading: Reading, theory: Theory) -> Estimate:
    """A reading beside the literature's null, composite as all of them are."""
    return Estimate(
        statistic=statistic,
        value=reading.value,
        null_mean=theory.mean,
        null_sd=theory.sd,
        p_value=theory.p_value,
        null="composite",
    )
