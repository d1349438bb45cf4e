"""`gausslab probe`."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gausslab.config import DataConfig
from gausslab.errors import ConfigError, RunError

if TYPE_CHECKING:
    from gausslab.inspection import Request
    from gausslab.probing import Probe

_WHAT, _HOW, _RUN = "Network and images", "Layers and estimators", "Running"


def probe(
    file: Annotated[Path, typer.Argument(help="Checkpoint, state_dict, safetensors, activations.", show_default=False)],
    model: Annotated[
        str | None, typer.Option("--model", help="pkg.mod:factory of a foreign network.", rich_help_panel=_WHAT)
    ] = None,
    model_kwargs: Annotated[
        str, typer.Option("--model-kwargs", help="Its arguments, as a JSON object.", rich_help_panel=_WHAT)
    ] = "{}",
    strict: Annotated[
        bool, typer.Option("--strict/--no-strict", help="Ask for exactly the network's keys.", rich_help_panel=_WHAT)
    ] = True,
    data: Annotated[
        str | None, typer.Option("--data", help="Data set (the checkpoint's own).", rich_help_panel=_WHAT)
    ] = None,
    data_path: Annotated[
        Path | None, typer.Option("--data-path", help="Folder of your own files of it.", rich_help_panel=_WHAT)
    ] = None,
    size: Annotated[int, typer.Option("--size", help="Side the data set is loaded at.", rich_help_panel=_WHAT)] = 32,
    crop: Annotated[
        int | None, typer.Option("--crop", help="Side of a centre crop (image folders, celeba).", rich_help_panel=_WHAT)
    ] = None,
    resampling: Annotated[
        str,
        typer.Option(
            "--resampling",
            help="Filter of the resize: bilinear or lanczos (image folders, celeba).",
            rich_help_panel=_WHAT,
        ),
    ] = "bilinear",
    split: Annotated[
        str, typer.Option("--split", help="test, validation, train or all.", rich_help_panel=_WHAT)
    ] = "test",
    images: Annotated[
        int | None, typer.Option("--images", help="At most this many images (all).", rich_help_panel=_WHAT)
    ] = None,
    input_: Annotated[
        str | None,
        typer.Option("--input", help="Bring images to CHANNELSxHEIGHTxWIDTH, as 3x224x224.", rich_help_panel=_WHAT),
    ] = None,
    adversarial: Annotated[
        Path | None, typer.Option("--adv", help="Adversarial activations to pair with.", rich_help_panel=_WHAT)
    ] = None,
    unsafe_pickle: Annotated[
        bool, typer.Option("--unsafe-pickle", help="Load a pickled module; it may run any code.", rich_help_panel=_WHAT)
    ] = False,
    layers: Annotated[list[str], typer.Option("--layers", help="Globs on module paths.", rich_help_panel=_HOW)] = [
        "**"
    ],
    kinds: Annotated[str, typer.Option("--kinds", help="batchnorm or all.", rich_help_panel=_HOW)] = "batchnorm",
    point: Annotated[
        str, typer.Option("--point", help="pre, normalized or post.", rich_help_panel=_HOW)
    ] = "normalized",
    statistics: Annotated[
        str, typer.Option("--statistics", help="running, batch or recalibrated.", rich_help_panel=_HOW)
    ] = "running",
    spatial: Annotated[
        str, typer.Option("--spatial", help="Of maps: sample, pool or flatten.", rich_help_panel=_HOW)
    ] = "sample",
    duplicates: Annotated[
        str, typer.Option("--duplicates", help="Repeated samples: error, drop or jitter.", rich_help_panel=_HOW)
    ] = "error",
    limit: Annotated[
        int, typer.Option("--limit", help="Samples a layer that are measured.", rich_help_panel=_HOW)
    ] = 2000,
    estimators: Annotated[
        list[str],
        typer.Option(
            "--estimators",
            help="Names of `gausslab measure --list` (the eleven quick ones).",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = [],
    list_: Annotated[
        bool, typer.Option("--list", help="List the layers and measure nothing.", rich_help_panel=_HOW)
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Directory (runs/probe-...).", show_default=False, rich_help_panel=_RUN)
    ] = None,
) -> None:
    """Measure every batch-norm layer of a network, or activations that were saved.

    FILE comes before options that take a list: gausslab probe FILE --layers a b.

    A gausslab checkpoint needs no flag. A foreign state_dict needs --model and --data; without --model its batch-norm
    layers are listed.
    """
    from gausslab.inspection import Request, needs_model

    images_of = _data(data, data_path, size, crop, resampling)
    request = Request(
        file=file,
        data=images_of,
        split=split,
        images=images,
        input_shape=_shape(input_),
        model=model,
        model_kwargs=_json(model_kwargs),
        strict=strict,
        unsafe_pickle=unsafe_pickle,
        adversarial=adversarial,
        duplicates=duplicates,
        limit=limit,
        capture={"layers": layers, "kinds": kinds, "point": point, "statistics": statistics, "spatial": spatial},
        **({"estimators": tuple(estimators)} if estimators else {}),
    )
    if list_ or needs_model(request):
        _list(request)
    else:
        _measure(request, out)


def _list(request: "Request") -> None:
    from gausslab.cli.report import print_layer_list
    from gausslab.inspection import layers_of_file, needs_model

    print_layer_list(layers_of_file(request))
    if needs_model(request):
        typer.echo(f"{request.file} is a state_dict: to measure it, add --model pkg.mod:factory and --data NAME")


def _measure(request: "Request", out: Path | None) -> None:
    from gausslab.cli.console import stderr
    from gausslab.cli.report import print_layers, print_pairs, print_refusals
    from gausslab.inspection import probe_file, run_name
    from gausslab.plotting.redraw import redraw

    folder = out or Path("runs") / f"probe-{run_name(request)}-{request.digest}"
    with _claimed(folder, request.digest):
        found = probe_file(request, lambda message: stderr().print(message, soft_wrap=True, markup=False))
        _write(found, folder)
    print_layers(found.table)
    print_pairs(found.table)
    print_refusals(found.refusals)
    typer.echo(f"table: {folder / 'probe.csv'}")
    for picture in redraw(folder):
        typer.echo(f"figure: {picture}")


@contextmanager
def _claimed(folder: Path, digest: str) -> Iterator[None]:
    """A mark in the folder, so that no other probe takes this one's place; what is new is removed if the probe fails.

    Raises:
        RunError: the folder is another probe's, or cannot be written.
    """
    mark = folder / "probe.digest"
    absent = [place for place in (mark, folder, *folder.parents) if not place.exists()]
    try:
        _put_mark(mark, digest)
        yield
    except BaseException:
        for place in absent:
            with suppress(OSError):  # a folder in which something else lies by now stays
                place.unlink() if place == mark else place.rmdir()
        raise


def _put_mark(mark: Path, digest: str) -> None:
    from gausslab.files import write_atomically

    try:
        if mark.exists() and mark.read_bytes() != digest.encode():
            raise RunError(f"{mark.parent} holds another probe; choose another --out")
        write_atomically(mark, digest.encode())
    except OSError as error:
        raise RunError(f"cannot write {mark.parent}: {error.strerror or error}") from None


def _write(found: "Probe", folder: Path) -> None:
    from gausslab import tables

    try:
        tables.write(found.table, folder / "probe.csv")
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}") from None


def _data(
    name: str | None, path: Path | None, size: int, crop: int | None, resampling: str = "bilinear"
) -> DataConfig | None:
    if name is None:
        if path is not None:
            raise ConfigError("--data-path needs --data: which data set is it? `--data folder` is any folder of images")
        return None
    return DataConfig(
        name=name,
        path=None if path is None else str(path.expanduser().resolve()),
        size=size,
        crop=crop,
        resampling=resampling,  # type: ignore[arg-type]
    )


def _shape(text: str | None) -> tuple[int, int, int] | None:
    if text is None:
        return None
    parts = text.split("x")
    if len(parts) != 3 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ConfigError(f"input must be CHANNELSxHEIGHTxWIDTH, as 3x224x224, got {text!r}")
    return int(parts[0]), int(parts[1]), int(parts[2])


def _json(text: str) -> dict[str, Any]:
    import json

    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"model-kwargs must be a JSON object, got {text!r}: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"model-kwargs must be a JSON object, got {text!r}")
    return values
