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

Data = Annotated[str, typer.Option("--data", help="Data set: see `gausslab data list`.", rich_help_panel=_DATA)]
DataPath = Annotated[
    Path | None, typer.Option("--data-path", help="Folder of your own files of that set.", rich_help_panel=_DATA)
]
Images = Annotated[
    int | None,
    typer.Option("--images", help="Training images [scale: 4000].", rich_help_panel=_DATA, show_default=False),
]
Size = Annotated[int, typer.Option("--size", help="Side of the images, 32 or 64.", rich_help_panel=_DATA)]
Crop = Annotated[
    int | None, typer.Option("--crop", help="Side of a centre crop (image folders).", rich_help_panel=_DATA)
]
Bottleneck = Annotated[str, typer.Option("--bottleneck", help="Code layer: batchnorm or none.", rich_help_panel=_MODEL)]
Init = Annotated[
    str | None,
    typer.Option(
        "--init", help="torch or keras (as the RAE code) [scale: torch].", rich_help_panel=_MODEL, show_default=False
    ),
]
Neighbours = Annotated[
    int, typer.Option("--neighbours", help="k of the eae's entropy estimate.", rich_help_panel=_LOSS)
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", help="Passes over the images [scale: 12].", rich_help_panel=_FIT, show_default=False),
]
Batch = Annotated[int, typer.Option("--batch", help="Images a step.", rich_help_panel=_FIT)]
LearningRate = Annotated[
    float | None,
    typer.Option("--lr", help="Adam's learning rate [scale: 0.001].", rich_help_panel=_FIT, show_default=False),
]
Schedule = Annotated[str, typer.Option("--schedule", help="constant, exponential or plateau.", rich_help_panel=_FIT)]
Decay = Annotated[
    float, typer.Option("--decay", help="Factor an epoch of the exponential schedule.", rich_help_panel=_FIT)
]
Scale = Annotated[
    str,
    typer.Option(
        "--scale", help="Defaults for the options marked [scale]: smoke, laptop or paper.", rich_help_panel=_RUN
    ),
]
Threads = Annotated[int, typer.Option("--threads", help="CPU threads of one run.", rich_help_panel=_RUN)]
Device = Annotated[str, typer.Option("--device", help="cpu, cuda or mps.", rich_help_panel=_RUN)]


def scaled(scale: str, **options: Any) -> dict[str, Any]:
    """The options, those left at None filled in from the scale.

    Raises:
        ConfigError: there is no such scale.
    """
    if scale not in SCALES:
        raise ConfigError(f"scale {scale!r} is unknown; {choices(scale, list(SCALES))}")
    given = {name: value for name, value in options.items() if value is not None and value != []}
    return dict(options) | dict(SCALES[scale]) | given


def base_config(
    *,
    options: dict[str, Any],
    data: str,
    data_path: Path | None,
    size: int,
    crop: int | None,
    bottleneck: str,
    batch: int,
    schedule: str,
    decay: float,
    threads: int,
    device: str,
) -> TrainConfig:
    """The part of a configuration that one run and a grid share; `options` are those that `scaled` filled in."""
    images = options["images"]
    return TrainConfig(
        data=DataConfig(
            name=data, path=None if data_path is None else str(data_path), images=images, size=size, crop=crop
        ),
        model=ModelConfig(bottleneck=bottleneck, init=options["init"]),  # type: ignore[arg-type]
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


def objectives(names: list[str], entropy_weights: list[float], neighbours: int) -> tuple[ObjectiveConfig, ...]:
    """Every objective named, the eae once for each entropy weight."""
    found: list[ObjectiveConfig] = []
    for name in names:
        plain = ObjectiveConfig(name=name)  # type: ignore[arg-type]
        weights = entropy_weights if name == "eae" else []
        weighted = [replace(plain, entropy_weight=weight, neighbours=neighbours) for weight in weights]
        found += weighted or [plain]
    return tuple(found)
