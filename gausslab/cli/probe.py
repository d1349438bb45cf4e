"""`gausslab probe`."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gausslab.adversarial.specs import parse_attacks
from gausslab.cli import opening as o
from gausslab.errors import RunError

if TYPE_CHECKING:
    from gausslab.inspection import Inspection, Request

_HOW, _ATTACKS, _RUN = "Layers and estimators", "Under attack", "Running"

EXAMPLES = "examples.csv"


def probe(
    file: Annotated[
        Path,
        typer.Argument(
            help="Checkpoint, state_dict, safetensors, activations; or pkg.mod:factory of a network that brings its "
            "weights.",
            show_default=False,
        ),
    ],
    model: o.Model = None,
    model_kwargs: o.ModelKwargs = "{}",
    strict: o.Strict = True,
    data: o.Data = None,
    data_path: o.DataPath = None,
    size: o.Size = 32,
    crop: o.Crop = None,
    resampling: o.Resampling = "bilinear",
    split: o.Split = "test",
    images: o.Images = None,
    input_: o.Input = None,
    unsafe_pickle: o.UnsafePickle = False,
    attack: Annotated[
        list[str],
        typer.Option(
            "--attack",
            help="Attack a classifier: names of `gausslab attack --list`, as ddn pgd-linf:0.1 noise.",
            show_default=False,
            rich_help_panel=_ATTACKS,
        ),
    ] = [],
    attack_images: Annotated[
        int, typer.Option("--attack-images", help="Images attacked, the first ones.", rich_help_panel=_ATTACKS)
    ] = 250,
    effort: Annotated[
        str, typer.Option("--effort", help="How long attacks search: quick or full.", rich_help_panel=_ATTACKS)
    ] = "full",
    adversarial: Annotated[
        Path | None,
        typer.Option(
            "--adv",
            help="Attacked elsewhere: images (a set of `gausslab attack`, or .npz), of activations activations.",
            rich_help_panel=_ATTACKS,
        ),
    ] = None,
    layers: Annotated[list[str], typer.Option("--layers", help="Globs on module paths.", rich_help_panel=_HOW)] = [
        "**"
    ],
    kinds: Annotated[
        str | None,
        typer.Option(
            "--kinds",
            help="batchnorm, layernorm (layer and group norm) or all (batchnorm; layernorm of a net without any).",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
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
    layers are listed. FILE may be pkg.mod:factory of a network that brings its own weights, as
    gausslab.models.pretrained:mobilenet_v2 does; it needs --data. With --attack the adversarial examples of a
    classifier are compared with its clean images, in every layer.
    """
    from gausslab.inspection import Request, needs_model

    request = Request(
        file=file,
        data=o.data_of(data, data_path, size, crop, resampling),
        split=split,
        images=images,
        input_shape=o.shape_of(input_),
        model=model,
        model_kwargs=o.kwargs_of(model_kwargs),
        strict=strict,
        unsafe_pickle=unsafe_pickle,
        adversarial=adversarial,
        attacks=parse_attacks(attack),
        attack_images=attack_images,
        effort=effort,
        duplicates=duplicates,
        limit=limit,
        capture=_capture(layers=layers, kinds=kinds, point=point, statistics=statistics, spatial=spatial),
        **({"estimators": tuple(estimators)} if estimators else {}),
    )
    if list_ or needs_model(request):
        _list(request)
    else:
        _measure(request, out)


def _capture(**options: Any) -> dict[str, Any]:
    """The options of a capture; the kind of layers is the network's to say, if the user does not."""
    return {name: value for name, value in options.items() if value is not None}


def _list(request: "Request") -> None:
    from gausslab.cli.report import print_layer_list
    from gausslab.inspection import layers_of_file, needs_model

    print_layer_list(layers_of_file(request))
    if needs_model(request):
        typer.echo(f"{request.file} is a state_dict: to measure it, add --model pkg.mod:factory and --data NAME")


def _measure(request: "Request", out: Path | None) -> None:
    from gausslab.cli.attack_report import print_attacks, print_remarks
    from gausslab.cli.console import stderr
    from gausslab.cli.report import print_layers, print_pairs, print_refusals
    from gausslab.inspection import probe_file, run_name
    from gausslab.plotting.redraw import redraw

    digest = request.digest
    folder = out or Path("runs") / f"probe-{run_name(request)}-{digest}"
    with _claimed(folder, digest):
        found = probe_file(request, lambda message: stderr().print(message, soft_wrap=True, markup=False))
        _write(found, folder)
    print_layers(found.table)
    if found.attacked is None:
        print_pairs(found.table)
    else:
        print_attacks(found.attacked, found.findings)
    print_remarks(found.remarks)
    print_refusals(found.refusals)
    typer.echo(f"table: {folder / 'probe.csv'}")
    if found.examples is not None:
        typer.echo(f"examples: {folder / EXAMPLES}")
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


def _write(found: "Inspection", folder: Path) -> None:
    from gausslab import tables
    from gausslab.files import write_atomically

    try:
        if found.examples is not None:
            text = found.examples.to_csv(index=False, lineterminator="\n")
            write_atomically(folder / EXAMPLES, text.encode())
        tables.write(found.table, folder / "probe.csv")
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}") from None
