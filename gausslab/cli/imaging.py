"""`gausslab sample` and `gausslab interpolate`: pictures of what a checkpoint makes of codes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from torch import Tensor

    from gausslab.checkpoints import Checkpoint
    from gausslab.data import ImageData
    from gausslab.densities import Density
    from gausslab.models import Autoencoder

Checkpoint_ = Annotated[Path, typer.Argument(help="checkpoint.pt of a sweep, comparison or training.", metavar="FILE")]
Out = Annotated[Path | None, typer.Option("--out", help="The picture, .png (beside FILE).", show_default=False)]
SamplerName = Annotated[
    str, typer.Option("--sampler", help="isotropic, mvg, gmm, laplace, second-stage, second-stage-dai-wipf.")
]
Scale = Annotated[str, typer.Option("--scale", help="Of a second stage: smoke, laptop or paper.")]
DataPath = Annotated[
    Path | None, typer.Option("--data-path", help="Folder of the images it was trained on.", show_default=False)
]


def sample(
    file: Checkpoint_,
    sampler: SamplerName = "isotropic",
    number: Annotated[int, typer.Option("--number", min=1, help="Images.")] = 64,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Root seed.")] = 0,
    columns: Annotated[int, typer.Option("--columns", min=1, help="Images a row of the picture.")] = 8,
    scale: Scale = "laptop",
    data_path: DataPath = None,
    out: Out = None,
) -> None:
    """Draw codes from a density, fitted to the training codes where it needs them, and decode them."""
    import torch

    from gausslab import generation

    checkpoint, model = _opened(file)
    density = _fitted(checkpoint, model, sampler, seed, scale, data_path)
    images = torch.cat(list(generation.samples(model, density, number, seed)))
    _write(images, out or file.with_name(f"samples-{sampler}.png"), columns)


def interpolate(
    file: Checkpoint_,
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Pairs of test images, a row each.")] = 8,
    points: Annotated[int, typer.Option("--points", min=2, help="Images a row, both ends among them.")] = 8,
    way: Annotated[str, typer.Option("--way", help="linear, rescaled or spherical.")] = "linear",
    sampler: Annotated[
        str, typer.Option("--sampler", help="A second stage, to go through its latent space.")
    ] = "isotropic",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Root seed: which pairs.")] = 0,
    scale: Scale = "laptop",
    data_path: DataPath = None,
    out: Out = None,
) -> None:
    """Decode what lies between the codes of pairs of test images; both ends are reconstructions."""
    import torch

    from gausslab import generation
    from gausslab.errors import ConfigError, entry
    from gausslab.quality import WAYS

    chosen = entry(way, WAYS, "way", ConfigError)
    checkpoint, model = _opened(file)
    density = _fitted(checkpoint, model, sampler, seed, scale, data_path)
    test = _images(checkpoint, data_path).test.images
    between = generation.paths(model, density, test, chosen, pairs, points, seed)
    _write(torch.cat(list(between)), out or file.with_name(f"interpolations-{way}.png"), points)


def _opened(file: Path) -> "tuple[Checkpoint, Autoencoder]":
    from gausslab.checkpoints import load_checkpoint
    from gausslab.errors import CheckpointError
    from gausslab.models import Autoencoder

    checkpoint = load_checkpoint(file)
    if not isinstance(checkpoint.model, Autoencoder):
        raise CheckpointError(f"{file} is a classifier; expected an autoencoder")
    return checkpoint, checkpoint.model


def _fitted(
    checkpoint: "Checkpoint", model: "Autoencoder", sampler: str, seed: int, scale: str, data_path: Path | None
) -> "Density":
    """The density; those that are the same for all codes look at no images."""
    import torch

    from gausslab import generation
    from gausslab.densities import LatentCodes, fit
    from gausslab.densities import sampler as sampler_named
    from gausslab.presets import ISOTROPIC, LAPLACE, family, sampler_options

    config = checkpoint.config
    options = sampler_options(sampler, family(config.data.name, config.data.size), scale)
    sampler_named(sampler, **options)  # a mistake is told before any image is read
    if sampler in (ISOTROPIC, LAPLACE):
        return fit(sampler, LatentCodes(torch.zeros(1, config.model.width)), seed)
    codes = generation.latent_codes(model, _images(checkpoint, data_path).train.images)
    return fit(sampler, codes, seed, **options)


def _images(checkpoint: "Checkpoint", data_path: Path | None) -> "ImageData":
    from dataclasses import replace

    from gausslab import data

    config = checkpoint.config.data
    return data.load(config if data_path is None else replace(config, path=str(data_path)))


def _write(images: "Tensor", out: Path, columns: int) -> None:
    from gausslab.errors import RunError
    from gausslab.sampling import write_grid

    try:
        write_grid(images, out, columns)
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror or error}") from None
    typer.echo(f"picture: {out}")
