"""What an estimator is, what it returns, and the checks every one of them makes of its samples."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Integral, Real
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
        null_replicates: B, the Gaussian samples that `null_sd` and `p_value` are estimated from, and `null_mean` where
            it is not known exactly; 0 where all three are the literature's, or none is.
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
    null_replicates: int = 0
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
        EstimatorError: not samples x units, too few samples, NaN or infinite values, or units that never vary.
    """
    return usable(x, estimator.name, estimator.min_samples)


def usable(x: Float[Tensor, "samples units"], name: str, min_samples: int) -> Float64[Tensor, "samples units"]:
    """The samples in float64 on the CPU; `name` begins the message if they cannot be used.

    Raises:
        EstimatorError: as for `checked`.
    """
    samples, units = shape_of(x, name)
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


def shape_of(x: Float[Tensor, "..."], name: str) -> tuple[int, int]:
    """Samples and units.

    Raises:
        EstimatorError: the tensor has other axes, or more of them.
    """
    if x.ndim != 2:
        raise EstimatorError(f"{name}: expected samples x units, got shape {tuple(x.shape)}")
    return x.shape[0], x.shape[1]


def require_two_axes(z: Float[Tensor, "..."], name: str) -> None:
    """Reject what has no samples or no units.

    Raises:
        EstimatorError: fewer than two axes.
    """
    if z.ndim < 2:
        raise EstimatorError(f"{name}: expected (..., samples, units), got shape {tuple(z.shape)}")


def over_leading_axes(
    function: Callable[..., Float[Tensor, ""]], name: str, *codes: Float[Tensor, "..."]
) -> Float[Tensor, "..."]:
    """A function of codes, samples x units each, for every place along their leading axes, which broadcast.

    Raises:
        EstimatorError: fewer than two axes.
    """
    for code in codes:
        require_two_axes(code, name)
    leading = torch.broadcast_shapes(*(code.shape[:-2] for code in codes))  # type: ignore[no-untyped-call]
    if not leading:
        return function(*codes)
    flat = (code.expand(*leading, -1, -1).flatten(0, -3) for code in codes)
    return torch.stack([function(*each) for each in zip(*flat, strict=True)]).view(leading)


def computed_from(samples: int, estimates: Iterable[Estimate]) -> tuple[Estimate, ...]:
    """The estimates, saying of how many samples they are: for estimators that may not use all they are given."""
    return tuple(replace(estimate, n_samples=samples) for estimate in estimates)


def require_whole(name: str, field: str, value: int) -> None:
    """Reject what is no whole number.

    Raises:
        ConfigError: naming the field.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ConfigError(f"{name}: {field} must be a whole number, got {value!r}")


def require_number(name: str, field: str, value: float) -> None:
    """Reject what is no real number.

    Raises:
        ConfigError: naming the field.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ConfigError(f"{name}: {field} must be a number, got {value!r}")


def require_positive(name: str, field: str, value: int) -> None:
    """Reject what is no whole number, or one below 1.

    Raises:
        ConfigError: naming the field.
    """
    require_whole(name, field, value)
    if value < 1:
        raise ConfigError(f"{name}: {field} must be at least 1, got {value}")
