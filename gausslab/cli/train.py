"""`gausslab train`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gausslab.cli import options as o
from gausslab.config import ObjectiveConfig, TrainConfig


def train(
    width: o.Width = 16,
    seed: o.Seed = 0,
    data: o.Data = None,
    data_path: o.DataPath = None,
    images: o.Images = None,
    size: o.Size = 32,
    crop: o.Crop = None,
    resampling: o.Resampling = "bilinear",
    as_released: o.AsReleased = False,
    channels: o.Channels = None,
    depth: o.Depth = 4,
    bottleneck: o.ClassifierBottleneck = "batchnorm",
    init: o.Init = None,
    kind: o.Kind = "autoencoder",
    norm: o.Norm = "batchnorm",
    levels: o.Levels = 4,
    head_depth: o.HeadDepth = 1,
    head_units: o.HeadUnits = 128,
    classes: o.Classes = 10,
    objective: o.Objective = None,
    entropy_weight: o.EntropyWeight = None,
    neighbours: o.Neighbours = None,
    epochs: o.Epochs = None,
    batch: o.Batch = 100,
    lr: o.LearningRate = None,
    schedule: o.Schedule = "exponential",
    decay: o.Decay = 0.98,
    scale: o.Scale = "laptop",
    out: Annotated[
        Path, typer.Option("--out", help="Folder that the run's own is made in.", rich_help_panel="Running")
    ] = Path("runs"),
    threads: o.Threads = 1,
    device: o.Device = "cpu",
) -> None:
    """Train one autoencoder or classifier, measure its code, keep its best checkpoint."""
    options = o.scaled(scale, data=data, images=images, channels=channels, epochs=epochs, lr=lr, init=init)
    base = o.base_config(
        options=options, data_path=data_path, size=size, crop=crop, resampling=resampling, as_released=as_released,
        batch=batch, schedule=schedule, decay=decay, threads=threads, device=device,
    )  # fmt: skip
    model = replace(
        base.model, kind=kind, width=width, channels=options["channels"], depth=depth, bottleneck=bottleneck,  # type: ignore[arg-type]
        norm=norm, levels=levels, head_depth=head_depth, head_units=head_units, classes=classes,  # type: ignore[arg-type]
    )  # fmt: skip
    loss = _objective(kind, objective, entropy_weight, neighbours)
    _run(replace(base, model=model, objective=loss, seed=seed), out)


def _objective(kind: str, name: str | None, entropy_weight: float | None, neighbours: int | None) -> ObjectiveConfig:
    if kind == "classifier":
        return o.classification(name, entropy_weight, neighbours)
    return o.objectives([name or "ae"], [] if entropy_weight is None else [entropy_weight], neighbours)[0]


def _run(config: TrainConfig, out: Path) -> None:
    from gausslab import tables
    from gausslab.cli.progress import live
    from gausslab.cli.report import print_accuracy, print_layers, print_reconstruction, print_refusals
    from gausslab.experiments import perform
    from gausslab.runs import Run
    from gausslab.training import load_images

    run = Run(out / config.run_name, config)
    if not run.is_done:
        load_images(config)  # a mistake is told before anything is written
    with live([config]) as display:
        refusals = perform(Run.create(out, config), display.report)
    table = tables.read(run.measurements_file)
    print_layers(table)
    (print_accuracy if config.model.kind == "classifier" else print_reconstruction)(table)
    print_refusals(refusals)
    typer.echo(f"table: {run.measurements_file}\ncheckpoint: {run.checkpoint_file}")
