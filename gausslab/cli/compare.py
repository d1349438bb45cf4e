"""`gausslab compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gausslab.cli import options as o
from gausslab.presets import FAMILIES, ROWS

if TYPE_CHECKING:
    from gausslab.comparison import ComparisonConfig, ComparisonResult

_WHAT, _SCORE, _RUN = "Comparison", "Scores", "Running"


def compare(
    data: Annotated[
        str, typer.Option("--data", help=f"{', '.join(FAMILIES)}, or folder.", rich_help_panel=_WHAT)
    ] = "mnist",
    models: Annotated[
        list[str], typer.Option("--models", help="Rows, or all: " + ", ".join(ROWS) + ".", rich_help_panel=_WHAT)
    ] = ["vae", "rae", "eae"],
    samplers: Annotated[
        list[str],
        typer.Option(
            "--samplers",
            help="isotropic, mvg, gmm, laplace, second-stage, second-stage-dai-wipf (each row's own: isotropic mvg "
            "gmm, or its second stage, to which such a row keeps).",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = [],
    seeds: o.Seeds = [0, 1, 2],
    data_path: o.DataPath = None,
    size: Annotated[
        int | None,
        typer.Option("--size", help="Side of the images, 32 or 64 (the thesis's).", rich_help_panel=_WHAT),
    ] = None,
    crop: o.Crop = None,
    resampling: o.Resampling = "bilinear",
    as_released: Annotated[
        bool,
        typer.Option(
            "--as-released",
            help="Keep the published code's overlapping split and zero weight, for audits.",
            rich_help_panel=_WHAT,
        ),
    ] = False,
    extractor: Annotated[
        str,
        typer.Option(
            "--extractor",
            help="Whose features: classifier (trained here), efficientnet-lite0, mobilenet_v2, inception.",
            rich_help_panel=_SCORE,
        ),
    ] = "classifier",
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="The extractor's file of weights.", show_default=False, rich_help_panel=_SCORE),
    ] = None,
    quality_images: Annotated[
        int | None,
        typer.Option(
            "--quality-images",
            help="Images a score is of (all validation images).",
            show_default=False,
            rich_help_panel=_SCORE,
        ),
    ] = None,
    scale: Annotated[
        str, typer.Option("--scale", help="smoke, laptop or paper; the next ones take its place.", rich_help_panel=_RUN)
    ] = "laptop",
    width: Annotated[int | None, typer.Option("--width", help="Units of the code.", rich_help_panel=_RUN)] = None,
    channels: Annotated[
        int | None, typer.Option("--channels", help="Channels of the first layer.", rich_help_panel=_RUN)
    ] = None,
    depth: Annotated[
        int | None, typer.Option("--depth", help="Hidden convolutions of the encoder.", rich_help_panel=_RUN)
    ] = None,
    weight: Annotated[
        float | None,
        typer.Option("--weight", help="Of every row's first term (an EAE's entropy).", rich_help_panel=_RUN),
    ] = None,
    images: Annotated[int | None, typer.Option("--images", help="Training images.", rich_help_panel=_RUN)] = None,
    batch: Annotated[int | None, typer.Option("--batch", help="Images a step.", rich_help_panel=_RUN)] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="Passes over the images.", rich_help_panel=_RUN)
    ] = None,
    lr: Annotated[float | None, typer.Option("--lr", help="Adam's learning rate.", rich_help_panel=_RUN)] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Directory (runs/compare-...).", show_default=False, rich_help_panel=_RUN),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, help="Runs side by side (one a core).", show_default=False, rich_help_panel=_RUN),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", help="CPU threads of one run.", rich_help_panel=_RUN)
    ] = None,
    device: Annotated[str | None, typer.Option("--device", help="cpu, cuda or mps.", rich_help_panel=_RUN)] = None,
) -> None:
    """Train the rows of the thesis's Tables 2.1 and 2.2, sample, score, and print the table with the published one.

    List options take several values: --models eae rae vae. The same command goes on where an interrupted one stopped.
    """
    from gausslab.comparison import ComparisonConfig, QualityConfig, Settings

    plan = ComparisonConfig(
        data=data,
        path=None if data_path is None else str(data_path),
        size=size,
        crop=crop,
        resampling=resampling,  # type: ignore[arg-type]
        scale=scale,
        rows=tuple(ROWS) if models == ["all"] else tuple(models),
        samplers=tuple(samplers),
        seeds=tuple(seeds),
        as_released=as_released,
        settings=Settings(
            width=width,
            channels=channels,
            depth=depth,
            weight=weight,
            images=images,
            batch=batch,
            epochs=epochs,
            lr=lr,
            threads=threads,
            device=device,
        ),
        quality=QualityConfig(
            extractor=extractor, weights=None if weights is None else str(weights), images=quality_images
        ),
    )
    _report(plan, _run(plan, out or Path("runs") / f"compare-{data}-{plan.digest}", jobs))


def _run(plan: "ComparisonConfig", out: Path, jobs: int | None) -> "ComparisonResult":
    from gausslab import comparison, grids
    from gausslab.cli.console import stderr
    from gausslab.cli.progress import live

    number, jobs = len(plan.configs()), jobs or grids.default_jobs(plan)
    stderr().print(f"{number} runs in {out}, {min(jobs, number)} at a time", soft_wrap=True)
    with live(plan.configs()) as display:
        return comparison.compare(plan, out, jobs, display.report, display.ended)


def _report(plan: "ComparisonConfig", result: "ComparisonResult") -> None:
    from gausslab.cli.comparison_table import print_comparison
    from gausslab.cli.ending import end_grid

    print_comparison(result.table, plan.data)
    end_grid(result.out / "comparison.csv", result.failures)
