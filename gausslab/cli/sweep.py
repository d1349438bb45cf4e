"""`gausslab sweep`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gausslab.cli import options as o
from gausslab.config import SweepConfig

if TYPE_CHECKING:
    from gausslab.sweeping import SweepResult


def sweep(
    widths: o.Widths = [8, 16, 32],
    seeds: o.Seeds = [0, 1, 2],
    data: o.Data = None,
    data_path: o.DataPath = None,
    images: o.Images = None,
    size: o.Size = 32,
    crop: o.Crop = None,
    resampling: o.Resampling = "bilinear",
    as_released: o.AsReleased = False,
    channels: o.ChannelsList = [],
    depth: o.Depths = [4],
    bottleneck: o.Bottleneck = "batchnorm",
    init: o.Init = None,
    objective: o.Objectives = ["ae"],
    entropy_weight: o.EntropyWeights = [],
    neighbours: o.Neighbours = None,
    epochs: o.Epochs = None,
    batch: o.Batch = 100,
    lr: o.LearningRate = None,
    schedule: o.Schedule = "exponential",
    decay: o.Decay = 0.98,
    scale: o.Scale = "laptop",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Directory (runs/sweep-...).", show_default=False, rich_help_panel="Running"),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", min=1, help="Runs side by side (one a core).", show_default=False, rich_help_panel="Running"
        ),
    ] = None,
    threads: o.Threads = 1,
    device: o.Device = "cpu",
) -> None:
    """Train an autoencoder at every width and seed, measure its codes, say if narrow ones are nearer a Gaussian.

    List options take several values: --widths 8 16 32. The same command goes on where an interrupted one stopped.
    """
    options = o.scaled(scale, data=data, images=images, channels=channels, epochs=epochs, lr=lr, init=init)
    base = o.base_config(
        options=options, data_path=data_path, size=size, crop=crop, resampling=resampling, as_released=as_released,
        batch=batch, schedule=schedule, decay=decay, threads=threads, device=device,
    )  # fmt: skip
    grid = SweepConfig(
        base=replace(base, model=replace(base.model, bottleneck=bottleneck)),  # type: ignore[arg-type]
        widths=tuple(widths),
        channels=_as_tuple(options["channels"]),
        depths=tuple(depth),
        objectives=o.objectives(objective, entropy_weight, neighbours),
        seeds=tuple(seeds),
    )
    _report(_run(grid, out or Path("runs") / f"sweep-{base.data.name}-{grid.digest}", jobs))


def _run(grid: SweepConfig, out: Path, jobs: int | None) -> "SweepResult":
    from gausslab import grids, sweeping
    from gausslab.cli.console import stderr
    from gausslab.cli.progress import live
    from gausslab.data import describe

    describe(grid.base.data.name)
    number = len(list(grid.configs()))
    jobs = jobs or grids.default_jobs(grid)
    stderr().print(f"{number} runs in {out}, {min(jobs, number)} at a time", soft_wrap=True)
    with live(grid.configs()) as display:
        return sweeping.sweep(grid, out, jobs, display.report, display.ended)


def _report(result: "SweepResult") -> None:
    from gausslab.cli.ending import end_grid
    from gausslab.cli.report import print_sweep

    print_sweep(result.table)
    end_grid(result.out / "measurements.csv", result.failures)


def _as_tuple(value: int | list[int]) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)
