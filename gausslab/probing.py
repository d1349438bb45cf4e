"""From a network and images to rows of the tidy table: capture, measure, write down."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from gausslab import tables
from gausslab.activations import Activations
from gausslab.config import TrainConfig
from gausslab.data import Split, to_float
from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators.measure import measure_allowed
from gausslab.estimators.registry import PROBE_ESTIMATORS, takes
from gausslab.hooks import capture
from gausslab.quality import ReconstructionError
from gausslab.tables import Measurement

BATCH = 250
Reporter = Callable[[str], None]


def _silent(_message: str) -> None:
    """No progress."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The columns of the table that tell one network from another.

    Attributes:
        run: name of the run, or of the file that was probed.
        data: data set the samples came from.
        model: label of the run's objective, or class of a foreign model.
        width: bottleneck dimension, if it is a gausslab network; likewise the others.
        channels: channels of the first layer.
        depth: hidden convolutions of the encoder.
        seed: root seed.
    """

    run: str
    data: str
    model: str
    width: int | None = None
    channels: int | None = None
    depth: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Probe:
    """What was measured, and what was not.

    Attributes:
        table: the tidy table.
        refusals: for each layer and estimator that could not be measured, why.
    """

    table: pd.DataFrame
    refusals: tuple[str, ...]


def identify(config: TrainConfig) -> Identity:
    """The identity of a gausslab run."""
    return Identity(
        run=config.run_name,
        data=config.data.name,
        model=config.objective.label,
        width=config.model.width,
        channels=config.model.channels,
        depth=config.model.depth,
        seed=config.seed,
    )


@torch.no_grad()
def probe(
    model: nn.Module,
    batches: Iterable[Tensor],
    identity: Identity,
    *,
    estimators: Iterable[str] = PROBE_ESTIMATORS,
    duplicates: str = "error",
    report: Reporter = _silent,
    **options: Any,
) -> Probe:
    """Measure the chosen layers of a network on images.

    Args:
        model: any network.
        batches: its inputs, batch by batch; `float_batches` makes them of images.
        identity: the columns that tell it from others.
        estimators: registry names.
        duplicates: `error`, `drop` or `jitter`: what nearest-neighbour estimators do with repeated samples.
        report: told what is being measured.
        **options: of `gausslab.capture`.

    Returns:
        The tidy table, layers in the order they are called, and what could not be measured.

    Raises:
        CaptureError: a layer cannot be captured.
        EstimatorError: no layer could be measured.
    """
    with capture(model, **options) as activations:
        for batch in batches:
            model(batch)
    return measure_activations(activations, identity, estimators, duplicates, report)


def measure_activations(
    activations: Activations,
    identity: Identity,
    estimators: Iterable[str] = PROBE_ESTIMATORS,
    duplicates: str = "error",
    report: Reporter = _silent,
) -> Probe:
    """The tidy table of captured layers, in their order.

    An estimator that a layer does not allow (too few samples, constant units, duplicates) leaves no row but its reason.

    Raises:
        EstimatorError: no layer could be measured; the first layer's reason.
    """
    frames, refusals = [], []
    for name, layer in activations.items():
        report(f"measuring {name}: {len(layer.samples):,} of {layer.n_seen:,} samples, {layer.units:,} units")
        described = replace(blank(identity), layer=name, point=layer.point, statistics=layer.statistics)
        frame, refused = measure_samples(layer.samples, described, estimators, duplicates)
        frames.append(frame)
        refusals += refused
    if all(frame.empty for frame in frames):
        raise EstimatorError(refusals[0] if refusals else "there is no layer to measure")
    return Probe(tables.concat(frame for frame in frames if not frame.empty), tuple(refusals))


def measure_samples(
    samples: Float[Tensor, "samples units"],
    described: Measurement,
    estimators: Iterable[str] = PROBE_ESTIMATORS,
    duplicates: str = "error",
    reference: str = "normal",
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of every estimator that the samples allow, and why the others do not (too few samples, say)."""
    names = tuple(estimators)
    options = {"duplicates": duplicates} if any(takes(name, "duplicates") for name in names) else {}
    try:
        measured = measure_allowed(samples, names, options, reference=reference)
    except EstimatorError as error:
        return tables.to_frame([]), [f"{described.layer}: {', '.join(names)}: {error}"]
    rows = [_row(described, result) for result in measured.table.to_dict("records")]
    return tables.to_frame(rows), [
        f"{described.layer}: {', '.join(refused)}: {reason}" for reason, refused in measured.refused.items()
    ]


def reconstruction_rows(
    model: nn.Module, images: UInt8[Tensor, "samples channels height width"], identity: Identity
) -> pd.DataFrame:
    """Reconstruction errors of an autoencoder, as rows about the whole network."""
    error = ReconstructionError()
    with torch.no_grad():
        for batch in float_batches(images):
            error.update(batch, model(batch))
    described = replace(blank(identity), estimator="reconstruction", n_samples=error.n_samples)
    return tables.to_frame(
        replace(described, statistic=statistic, value=value, standard_error=standard_error)
        for statistic, (value, standard_error) in error.compute().items()
    )


def accuracy_rows(model: nn.Module, split: Split, identity: Identity) -> pd.DataFrame:
    """Share of images that a classifier gets right, with its binomial standard error.

    Raises:
        ConfigError: the images have no classes.
    """
    if split.labels is None:
        raise ConfigError("accuracy needs images with classes; choose another data set")
    with torch.no_grad():
        predicted = torch.cat([model(batch).argmax(1) for batch in float_batches(split.images)])
    share = float((predicted == split.labels).double().mean())
    row = replace(blank(identity), estimator="classification", statistic="accuracy", n_samples=len(split), value=share)
    return tables.to_frame([replace(row, standard_error=math.sqrt(share * (1 - share) / len(split)))])


def float_batches(images: UInt8[Tensor, "samples channels height width"]) -> Iterator[Tensor]:
    """The images in order, as floats in [0, 1]."""
    return (to_float(images[start : start + BATCH]) for start in range(0, len(images), BATCH))


def blank(identity: Identity) -> Measurement:
    """A row that says whose it is and nothing else."""
    nan = float("nan")
    return Measurement(
        **vars(identity), layer="", point="", statistics="", unit="all", n_units=0, estimator="", statistic="",
        value=nan, standard_error=nan, null_mean=nan, null_sd=nan, p_value=nan, n_samples=0,
    )  # fmt: skip


def _row(described: Measurement, result: Mapping[Any, Any]) -> Measurement:
    return replace(described, **{str(name): value for name, value in result.items() if name in tables.COLUMNS})
