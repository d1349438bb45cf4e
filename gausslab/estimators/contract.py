"""What an estimator is, what it returns, and the checks every one of them makes of its samples."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.errors import ConfigError, EstimatorError

NullKind = Literal["simple", "composite"]
NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number, and what is known about it.

    Attributes:
        statistic: which of the estimator's numbers this is; `statistic` is the one the literature defines.
        value: the number.
        unit: index of the unit it belongs to, or `all`.
        standard_error: of `value`, NaN where none is known.
        null_mean: what exact Gaussian samples of the same size, dimension and preprocessing give on average.
        null_sd: standard deviation of the same.
        p_value: of `value` under that null, NaN where it has no meaning.
        quantity: `nats` for entropies and divergences, empty for numbers without a unit.
        null: `simple` when the null is N(0, I) itself, `composite` when mean and covariance are estimated away, empty
            where a null has no meaning.
        n_samples: samples the number was computed from, None when all that were given.
    """

    statistic: str
    value: float
    unit: str = "all"
    standard_error: float = NAN
    null_mean: float = NAN
    null_sd: float = NAN
    p_value: float = NAN
    quantity: Literal["nats", ""] = ""
    null: NullKind | Literal[""] = "simple"
    n_samples: int | None = None


class Reading(NamedTuple):
    """A statistic before calibration: its value, and a first estimate of its sampling variance (NaN if none)."""

    value: float
    variance: float = NAN


Readings = Mapping[str, Reading]


@runtime_checkable
class Estimator(Protocol):
    """A frozen callable dataclass whose fields are its parameters, rejected when it is built if they make no sense."""

    @property
    def name(self) -> str:
        """Name in the registry, on the command line and in tables."""

    @property
    def min_samples(self) -> int:
        """Fewest samples it accepts whatever the number of units; those that whiten need more samples than units."""

    @property
    def null(self) -> NullKind:
        """The null of its `statistic` row; each `Estimate` names its own."""

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Estimates from samples, computed in float64."""


def checked(x: Float[Tensor, "samples units"], estimator: Estimator) -> Float64[Tensor, "samples units"]:
    """The samples in float64 on the CPU, if the estimator can use them.

    Raises:
        EstimatorError: too few samples, NaN or infinite values, or units that never vary.
    """
    return usable(x, estimator.name, estimator.min_samples)


def usable(x: Float[Tensor, "samples units"], name: str, min_samples: int) -> Float64[Tensor, "samples units"]:
    """The samples in float64 on the CPU; `name` begins the message if they cannot be used.

    Raises:
        EstimatorError: as for `checked`.
    """
    samples, units = x.shape
    if units < 1:
        raise EstimatorError(f"{name}: expected at least 1 unit, got samples of shape {samples} x {units}")
    if samples < min_samples:
        raise EstimatorError(f"{name}: expected at least {min_samples} samples, got {samples}")
    if bad := int((~torch.isfinite(x)).any(dim=1).sum()):
        raise EstimatorError(f"{name}: expected finite values, got NaN or infinity in {bad} of {samples} samples")
    x = x.detach().to("cpu", torch.float64)
    constant = (x.amax(0) == x.amin(0)).nonzero().flatten().tolist()
    if constant:
        shown = ", ".join(map(str, constant[:5])) + (", ..." if len(constant) > 5 else "")
        raise EstimatorError(f"{name}: expected units that vary, got {len(constant)} constant of {units}: {shown}")
    return x


def computed_from(samples: int, estimates: Iterable[Estimate]) -> tuple[Estimate, ...]:
    """The estimates, saying of how many samples they are: for estimators that may not use all they are given."""
    return tuple(replace(estimate, n_samples=samples) for estimate in estimates)


def require_positive(name: str, field: str, value: int) -> None:
    """Reject a count below one.

    Raises:
        ConfigError: naming the field.
    """
    if value < 1:
        raise ConfigError(f"{name}: {field} must be at least 1, got {value}")
