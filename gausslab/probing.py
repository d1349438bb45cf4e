"""From a network and images to rows of the tidy table: capture, measure, write down."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from gausslab import tables
from gausslab.config import TrainConfig
from gausslab.data import to_float
from gausslab.errors import EstimatorError
from gausslab.estimators import DEFAULT_ESTIMATORS, measure
from gausslab.hooks import capture
from gausslab.quality import ReconstructionError
from gausslab.tables import Measurement

BATCH = 250


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The columns of the table that tell one network from another.

    Attributes:
        run: name of the run, or of the file that was probed.
        data: data set the samples came from.
        model: objective of the run, or class of a foreign model.
        width: bottleneck dimension, if it is a gausslab autoencoder; likewise the others.
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


def identify(config: TrainConfig) -> Identity:
    """The identity of a gausslab run."""
    return Identity(
        run=config.run_name,
        data=config.data.name,
        model=config.objective.name,
        width=config.model.width,
        channels=config.model.channels,
        depth=config.model.depth,
        seed=config.seed,
    )


@torch.no_grad()
def probe(
    model: nn.Module,
    images: UInt8[Tensor, "samples channels height width"],
    identity: Identity,
    *,
    estimators: Iterable[str] = DEFAULT_ESTIMATORS,
    **options: Any,
) -> pd.DataFrame:
    """Measure the chosen layers of a network on images.

    Args:
        model: any network that takes images in [0, 1].
        images: what to show it.
        identity: the columns that tell it from others.
        estimators: registry names.
        **options: of `gausslab.capture`.

    Returns:
        The tidy table, layers in the order they are called.
    """
    with capture(model, **options) as activations:
        for batch in float_batches(images):
            model(batch)
    frames = []
    for name, layer in activations.items():
        described = replace(_blank(identity), layer=name, point=layer.point, statistics=layer.statistics)
        frames.append(measure_samples(layer.samples, described, estimators))
    return tables.concat(frames)


def measure_samples(
    samples: Float[Tensor, "samples units"], described: Measurement, estimators: Iterable[str] = DEFAULT_ESTIMATORS
) -> pd.DataFrame:
    """Rows of every estimator that the samples allow; one that they do not (too few of them, say) leaves no row.

    Raises:
        EstimatorError: the samples allow none of the estimators.
    """
    rows, refusals = [], []
    for name in estimators:
        try:
            rows += [_row(described, result) for result in measure(samples, [name]).to_dict("records")]
        except EstimatorError as error:
            refusals.append(str(error))
    if not rows:
        raise EstimatorError(f"layer {described.layer}: {refusals[0]}")
    return tables.to_frame(rows)


def reconstruction_rows(
    model: nn.Module, images: UInt8[Tensor, "samples channels height width"], identity: Identity
) -> pd.DataFrame:
    """Reconstruction errors of an autoencoder, as rows about the whole network."""
    error = ReconstructionError()
    with torch.no_grad():
        for batch in float_batches(images):
            error.update(batch, model(batch))
    blank = replace(_blank(identity), estimator="reconstruction", n_samples=error.n_samples)
    return tables.to_frame(
        replace(blank, statistic=statistic, value=value, standard_error=standard_error)
        for statistic, (value, standard_error) in error.compute().items()
    )


def float_batches(images: UInt8[Tensor, "samples channels height width"]) -> Iterator[Tensor]:
    """The images in order, as floats in [0, 1]."""
    return (to_float(part) for part in images.split(BATCH))


def _blank(identity: Identity) -> Measurement:
    nan = float("nan")
    return Measurement(
        **vars(identity), layer="", point="", statistics="", unit="all", n_units=0, estimator="", statistic="",
        value=nan, standard_error=nan, null_mean=nan, null_sd=nan, p_value=nan, n_samples=0,
    )  # fmt: skip


def _row(described: Measurement, result: Mapping[Any, Any]) -> Measurement:
    return replace(described, **{str(name): value for name, value in result.items()})
