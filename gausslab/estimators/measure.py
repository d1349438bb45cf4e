"""The one entry point: samples and estimators in, one table out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.errors import ConfigError, EstimatorError, choices
from gausslab.estimators.contract import Estimate, Estimator, usable
from gausslab.estimators.reference_laws import reference_map
from gausslab.estimators.registry import DEFAULT_ESTIMATORS, named
from gausslab.estimators.two_sample import TwoSampleKnnKL

COLUMNS = (
    "estimator",
    "statistic",
    "unit",
    "value",
    "standard_error",
    "null_mean",
    "null_sd",
    "null_replicates",
    "p_value",
    "n_samples",
    "n_units",
    "null",
    "quantity",
    "reference",
)

Samples = Tensor | np.ndarray | pd.DataFrame
Chosen = str | Estimator | Iterable[str | Estimator]


class Measured(NamedTuple):
    """What was measured, and what the samples did not allow.

    Attributes:
        table: as `measure` returns it.
        refused: reason -> names of the estimators that gave it.
    """

    table: pd.DataFrame
    refused: dict[str, list[str]]


def measure(
    x: Samples, estimators: Chosen = DEFAULT_ESTIMATORS, *, reference: str = "normal", **options: Any
) -> pd.DataFrame:
    r"""How Gaussian the samples are, by every estimator named; one number a row.

    Null laws are read from the shipped grid where it reaches (250 to 10,000 samples of 1, 2, 4, ... or 128 units) and
    drawn else, once for each n and d, which for wide codes of many samples takes minutes; `calibrating` draws exact
    ones of as many replicates as wanted.

    Against `laplace` every unit is first mapped to $\Phi^{-1}(F(x))$ with F the cdf of Laplace(0, 1), of location 0 and
    mean absolute value 1, and everything in the table is about the mapped code: divergences from N(0, I) are then those
    of the code from iid Laplace(0, 1), p-values of simple nulls those of exact samples of it. How it can mislead: a
    composite null is then *some Gaussian after the map*. A Laplace law of another scale nearly is one (but for .005
    nats a unit at twice the scale) and counts as mean and scale; one of another location is not (.08 nats at a shift of
    1), and tests of single units reject it. Entropies are those of the mapped code.

    Args:
        x: samples x units; a tensor, an array or a data frame of numbers.
        estimators: names from the registry, or estimators already built; default all.
        reference: the law to measure against: `normal`, N(0, I), or `laplace`, iid Laplace(0, 1).
        **options: fields of the named estimators, such as `k=3` or `duplicates="drop"`; each goes to every named
            estimator that has it.

    Returns:
        A table with the columns `estimator, statistic, unit, value, standard_error, null_mean, null_sd,
        null_replicates, p_value, n_samples, n_units, null, quantity, reference`, in the order of the estimators. `unit`
        is the unit's index, for a data frame the column's, or `all`. `n_samples` counts the samples a number was
        computed from: fewer than given where an estimator drops duplicates or takes a subsample. `null_replicates` is
        B, how many Gaussian samples the null rests on, 0 where none: the Monte Carlo error of `null_mean` is about
        `null_sd` / sqrt(B), that of a p-value p about sqrt(2 p / B), and two-sided ones are at least 2 / (B + 1).

    Raises:
        EstimatorError: samples that cannot be used: not two-dimensional, not numbers, NaN or infinite, too few
            (estimators that whiten need more samples than units), constant units, duplicates.
        ConfigError: an estimator, an option or the reference law is unknown, or an option has a value that makes no
            sense.
    """
    samples = _mapped(x, reference)
    rows = [row for built in build_estimators(estimators, options) for row in _rows(built, samples, reference)]
    return _table(rows)


def measure_allowed(
    x: Samples,
    estimators: Chosen,
    options: Mapping[str, Any],
    report: Callable[[str], None] = lambda name: None,
    reference: str = "normal",
) -> Measured:
    """The same by every estimator that the samples allow, with the reasons of the others.

    Args:
        x: samples x units.
        estimators: names or built ones.
        options: fields of the named estimators.
        report: told an estimator's name before it begins.
        reference: the law to measure against.

    Raises:
        EstimatorError: samples of which no estimator can say anything.
        ConfigError: as for `measure`.
    """
    built, samples = build_estimators(estimators, options), _mapped(x, reference)
    rows: list[dict[str, Any]] = []
    refused: dict[str, list[str]] = {}
    for estimator in built:
        report(estimator.name)
        try:
            rows += _rows(estimator, samples, reference)
        except EstimatorError as error:
            refused.setdefault(str(error).removeprefix(f"{estimator.name}: "), []).append(estimator.name)
    return Measured(_table(rows), refused)


def _mapped(x: Samples, reference: str) -> Float64[Tensor, "samples units"]:
    """The samples, if they can be used, after the map of the reference law to N(0, I)."""
    apply = reference_map(reference)
    return apply(usable(as_samples(x), "measure", 2))


def as_samples(x: Samples) -> Float[Tensor, "samples units"]:
    """The samples as a floating-point tensor.

    Raises:
        EstimatorError: it is not two-dimensional or does not hold real numbers.
    """
    try:
        values = x if isinstance(x, Tensor) else torch.as_tensor(np.array(x, dtype=_float_type(np.asarray(x))))
    except (TypeError, ValueError):
        raise EstimatorError("measure: expected real numbers, got values that are not") from None
    if values.ndim != 2:
        raise EstimatorError(
            f"measure: expected samples x units (2 axes), got {values.ndim} axes {tuple(values.shape)}"
        )
    if values.is_complex():
        raise EstimatorError("measure: expected real numbers, got complex ones")
    return values if values.is_floating_point() else values.double()


def _float_type(array: np.ndarray) -> np.dtype[Any]:
    if np.iscomplexobj(array):
        raise TypeError
    return array.dtype if array.dtype in (np.float16, np.float32) else np.dtype(np.float64)


def build_estimators(estimators: Chosen, options: Mapping[str, Any]) -> list[Estimator]:
    """Named estimators built with the options they have; built ones as they are.

    Raises:
        ConfigError: a name is unknown, or an option belongs to none of them or has a value that makes no sense.
    """
    chosen = [estimators] if isinstance(estimators, str) or callable(estimators) else list(estimators)
    classes = {name: named(name) for name in chosen if isinstance(name, str)}
    known = {name: [field.name for field in fields(kind)] for name, kind in classes.items()}  # type: ignore[arg-type]
    every = tuple(sorted({field for names in known.values() for field in names}))
    for option in options:
        if option not in every:
            hint = choices(option, every) if every else "the estimators named take none"
            raise ConfigError(f"measure: unknown option {option!r}; {hint}")
    return [
        item
        if not isinstance(item, str)
        else classes[item](**{key: value for key, value in options.items() if key in known[item]})
        for item in chosen
    ]


def _rows(estimator: Estimator, samples: Float64[Tensor, "samples units"], reference: str) -> list[dict[str, Any]]:
    """The estimator's numbers; `reference` is empty where it compares with samples that it holds itself.

    Raises:
        EstimatorError: the samples do not allow them, or those that it holds were not mapped as these were.
    """
    if not isinstance(estimator, TwoSampleKnnKL):
        return [_row(estimator.name, estimate, samples, reference) for estimate in estimator(samples)]
    if reference != "normal":
        raise EstimatorError(f"{estimator.name}: it has samples to compare with, and no reference law {reference!r}")
    return [_row(estimator.name, estimate, samples, "") for estimate in estimator(samples)]


def _row(name: str, estimate: Estimate, samples: Float64[Tensor, "samples units"], reference: str) -> dict[str, Any]:
    given, units = samples.shape
    known = {**vars(estimate), "estimator": name, "n_units": units, "reference": reference}
    known["n_samples"] = given if estimate.n_samples is None else estimate.n_samples
    return {column: known[column] for column in COLUMNS}


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS))
