"""Options that several commands share, and how they become configurations."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from gausslab.config import (
    SCALES,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    TrainConfig,
    TrainingConfig,
)
from gausslab.errors import ConfigError, choices

_DATA, _MODEL, _LOSS, _FIT, _RUN = "Data", "Network", "Objective", "Optimisation", "Running"


def _option(name: str, text: str, panel: str) -> Any:
    return typer.Option(name, help=text, rich_help_panel=panel)


def _by_scale(name: str, text: str, panel: str) -> Any:
    """An option whose default `--scale` decides; the help shows the laptop's."""
    value = SCALES["laptop"][name.removeprefix("--")]
    return typer.Option(name, help=f"{text} (laptop: {value}).", rich_help_panel=panel, show_default=False)


Data = Annotated[str | None, _by_scale("--data", "Data set of `gausslab data list`", _DATA)]
DataPath = Annotated[Path | None, _option("--data-path", "Folder of your own files of that set.", _DATA)]
Images = Annotated[int | None, _by_scale("--images", "Training images", _DATA)]
Size = Annotated[int, _option("--size", "Side of the images, 32 or 64.", _DATA)]
Crop = Annotated[int | None, _option("--crop", "Side of a centre crop (image folders, celeba).", _DATA)]
Resampling = Annotated[
    str, _option("--resampling", "Filter of the resize: bilinear or lanczos (image folders, celeba).", _DATA)
]
AsReleased = Annotated[
    bool, _option("--as-released", "Validate on training images as the published code does, for audits.", _DATA)
]

Width = Annotated[int, _option("--width", "Units of the code.", _MODEL)]
Widths = Annotated[list[int], _option("--widths", "Units of the code.", _MODEL)]
Channels = Annotated[int | None, _by_scale("--channels", "Channels of the first layer", _MODEL)]
ChannelsList = Annotated[list[int], _by_scale("--channels", "Channels of the first layer", _MODEL)]
Depth = Annotated[int, _option("--depth", "Hidden convolutions of the encoder; the decoder follows.", _MODEL)]
Depths = Annotated[list[int], _option("--depth", "Hidden convolutions of the encoder; the decoder follows.", _MODEL)]
Bottleneck = Annotated[str, _option("--bottleneck", "Code layer: batchnorm, l1norm or none.", _MODEL)]
Kind = Annotated[str, _option("--kind", "autoencoder, or classifier (of data with classes).", _MODEL)]
ClassifierBottleneck = Annotated[
    str, _option("--bottleneck", "Code layer: batchnorm, l1norm, none; of a classifier also layernorm.", _MODEL)
]
Norm = Annotated[str, _option("--norm", "Of a classifier's hidden layers: batchnorm, layernorm or none.", _MODEL)]
Levels = Annotated[int, _option("--levels", "Of a classifier: resolutions of its encoder.", _MODEL)]
HeadDepth = Annotated[int, _option("--head-depth", "Of a classifier: layers of its head; 1 is linear.", _MODEL)]
HeadUnits = Annotated[int, _option("--head-units", "Of a classifier: units of a hidden layer of its head.", _MODEL)]
Classes = Annotated[int, _option("--classes", "Of a classifier: the data's classes, or more.", _MODEL)]
Init = Annotated[str | None, _by_scale("--init", "Initial weights: torch, or keras as in the RAE code", _MODEL)]

_LAMBDA = "Lambda of the eae (0.05; the thesis shows 0.05 and 1)"
Objective = Annotated[
    str | None, _option("--objective", "ae (the default) or eae; of a classifier: classifier.", _LOSS)
]
Objectives = Annotated[list[str], _option("--objective", "ae or eae.", _LOSS)]
EntropyWeight = Annotated[float | None, _option("--entropy-weight", f"{_LAMBDA} or of a classifier (0).", _LOSS)]
EntropyWeights = Annotated[list[float], _option("--entropy-weight", f"{_LAMBDA}.", _LOSS)]
Neighbours = Annotated[int | None, _option("--neighbours", "k of the code's entropy estimate (1).", _LOSS)]

Epochs = Annotated[int | None, _by_scale("--epochs", "Passes over the images", _FIT)]
Batch = Annotated[int, _option("--batch", "Images a step.", _FIT)]
LearningRate = Annotated[float | None, _by_scale("--lr", "Adam's learning rate", _FIT)]
Schedule = Annotated[str, _option("--schedule", "constant, exponential or plateau.", _FIT)]
Decay = Annotated[float, _option("--decay", "Factor an epoch of the exponential schedule.", _FIT)]

Seed = Annotated[int, _option("--seed", "Root seed.", _RUN)]
Seeds = Annotated[list[int], _option("--seeds", "Root seeds.", _RUN)]
Scale = Annotated[str, _option("--scale", "smoke, laptop or paper: sets what shows a (laptop: ...) default.", _RUN)]
Threads = Annotated[int, _option("--threads", "CPU threads of one run.", _RUN)]
Device = Annotated[str, _option("--device", "cpu, cuda or mps.", _RUN)]


SWEPT = ("ae", "eae")
"""Objectives that need no other network than the sweep's."""


def scaled(scale: str, **options: Any) -> dict[str, Any]:
    """The options, those left at None filled in from the scale.

    Raises:
        ConfigError: there is no such scale.
    """
    if scale not in SCALES:
        raise ConfigError(f"scale {scale!r} is unknown; {choices(scale, list(SCALES))}")
    given = {name: value for name, value in options.items() if value is not None and value != []}
    return dict(options) | dict(SCALES[scale]) | given | {"images_given": "images" in given}


def base_config(
    *,
    options: dict[str, Any],
    data_path: Path | None,
    size: int,
    crop: int | None,
    resampling: str,
    as_released: bool,
    batch: int,
    schedule: str,
    decay: float,
    threads: int,
    device: str,
) -> TrainConfig:
    """The part of a configuration that one run and a grid share; `options` are those that `scaled` filled in.

    Of the network it is the initial weights alone.
    """
    source = DataConfig(
        name=options["data"],
        path=None if data_path is None else str(data_path),
        size=size,
        crop=crop,
        resampling=resampling,  # type: ignore[arg-type]
        split="as-released" if as_released else "disjoint",
    )
    return TrainConfig(
        data=replace(source, images=_images(source, options)),
        model=ModelConfig(init=options["init"]),
        training=TrainingConfig(
            epochs=options["epochs"],
            batch=batch,
            lr=options["lr"],
            schedule=schedule,  # type: ignore[arg-type]
            decay=decay,
            threads=threads,
            device=device,
        ),
    )


def _images(source: DataConfig, options: dict[str, Any]) -> int | None:
    """The user's number as it is; the scale's, if there are as many."""
    from gausslab.data import count_training_images

    images: int | None = options["images"]
    if options["images_given"] or images is None:
        return images
    return min(images, count_training_images(source))


def objectives(names: list[str], entropy_weights: list[float], neighbours: int | None) -> tuple[ObjectiveConfig, ...]:
    """Every objective named, the eae once for each entropy weight.

    Raises:
        ConfigError: options of the eae are given but no eae is trained.
    """
    if "eae" not in names and (entropy_weights or neighbours is not None):
        raise ConfigError("--entropy-weight and --neighbours are the eae's: add --objective eae")
    if others := [name for name in names if name not in SWEPT]:
        raise ConfigError(
            f"objective {others[0]!r} is unknown; {choices(others[0], SWEPT)}; the tables' other rows are trained by "
            "gausslab compare, classifiers by gausslab train --kind classifier"
        )
    found: list[ObjectiveConfig] = []
    for name in names:
        plain = ObjectiveConfig(name=name)
        weights = (entropy_weights or [0.05]) if name == "eae" else []
        found += [replace(plain, entropy_weight=weight, neighbours=neighbours or 1) for weight in weights] or [plain]
    return tuple(found)


def classification(name: str | None, entropy_weight: float | None, neighbours: int | None) -> ObjectiveConfig:
    """The objective of a classifier.

    Raises:
        ConfigError: a number of neighbours is given but no entropy is estimated.
    """
    if neighbours is not None and not entropy_weight:
        raise ConfigError("--neighbours is the entropy's: add --entropy-weight")
    return ObjectiveConfig(name=name or "classifier", entropy_weight=entropy_weight or 0.0, neighbours=neighbours or 1)
