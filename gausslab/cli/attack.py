"""`gausslab attack`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gausslab.adversarial.specs import DEFAULT_EFFORT, EFFORTS, SUITE, AttackSpec, Effort, parse_attacks
from gausslab.cli import opening as o
from gausslab.errors import ConfigError, entry

if TYPE_CHECKING:
    from gausslab.adversarial.generating import AttackSettings
    from gausslab.adversarial.making import Subject
    from gausslab.networks import Network, Request

_HOW, _EFFORT, _RUN = "Attacks", "Effort", "Running"


def _steps(name: str, text: str) -> Any:
    value = getattr(DEFAULT_EFFORT, name.removeprefix("--").replace("-", "_"))
    return typer.Option(name, min=1, help=f"{text} (full: {value}).", show_default=False, rich_help_panel=_EFFORT)


def attack(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Checkpoint, state_dict, safetensors; or pkg.mod:factory of a network that brings its weights.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    attacks: Annotated[
        list[str],
        typer.Option(
            "--attacks",
            help="Attacks of --list, as ddn pgd-linf:0.1 noise; all is the whole suite.",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = [],
    list_: Annotated[bool, typer.Option("--list", help="List the attacks and run none.", rich_help_panel=_HOW)] = False,
    layers: Annotated[
        list[str],
        typer.Option("--layers", help="Whose latents the radial attack turns: globs on paths.", rich_help_panel=_HOW),
    ] = ["**"],
    layer: Annotated[
        str, typer.Option("--layer", help="Whose norm the adaptive attack keeps.", rich_help_panel=_HOW)
    ] = "bottleneck",
    effort: Annotated[
        str, typer.Option("--effort", help="quick or full; the next ones take its place.", rich_help_panel=_EFFORT)
    ] = "full",
    ddn_steps: Annotated[int | None, _steps("--ddn-steps", "Of DDN")] = None,
    deepfool_steps: Annotated[int | None, _steps("--deepfool-steps", "Of DeepFool, at most")] = None,
    cw_steps: Annotated[int | None, _steps("--cw-steps", "Of each of C&W's constants")] = None,
    cw_searches: Annotated[int | None, _steps("--cw-searches", "Constants that C&W tries")] = None,
    pgd_steps: Annotated[int | None, _steps("--pgd-steps", "Of PGD, the radial and the adaptive attack")] = None,
    model: o.Model = None,
    model_kwargs: o.ModelKwargs = "{}",
    strict: o.Strict = True,
    data: o.Data = None,
    data_path: o.DataPath = None,
    size: o.Size = 32,
    crop: o.Crop = None,
    resampling: o.Resampling = "bilinear",
    split: o.Split = "test",
    images: Annotated[
        int, typer.Option("--images", help="At most this many images, the first ones.", rich_help_panel=o.WHAT)
    ] = 1000,
    input_: o.Input = None,
    unsafe_pickle: o.UnsafePickle = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Root seed.", rich_help_panel=_RUN)] = 0,
    batch: Annotated[
        int,
        typer.Option(
            "--batch", min=1, help="Images attacked together; the results depend on it.", rich_help_panel=_RUN
        ),
    ] = 250,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Directory (runs/attack-...).", show_default=False, rich_help_panel=_RUN),
    ] = None,
) -> None:
    """Attack a classifier's images and keep the adversarial ones: a file an attack, with success and distances.

    FILE comes before options that take a list: gausslab attack FILE --attacks ddn pgd-linf:0.1 noise.

    Images lie in [0, 1], normalisation belongs inside the network. The same command goes on where an interrupted one
    stopped and leaves alone what is done.
    """
    if list_:
        _list()
        return
    from gausslab.adversarial.generating import AttackSettings
    from gausslab.networks import Request

    specs = _specs(file, attacks)
    steps = {"ddn_steps": ddn_steps, "deepfool_steps": deepfool_steps, "pgd_steps": pgd_steps}
    steps |= {"cw_steps": cw_steps, "cw_searches": cw_searches}
    settings = AttackSettings(seed=seed, batch=batch, layers=layers, layer=layer, effort=_effort(effort, steps))
    request = Request(
        file=file or Path(),
        data=o.data_of(data, data_path, size, crop, resampling),
        split=split,
        images=images,
        input_shape=o.shape_of(input_),
        model=model,
        model_kwargs=o.kwargs_of(model_kwargs),
        strict=strict,
        unsafe_pickle=unsafe_pickle,
    )
    _attack(request, specs, settings, out)


def _specs(file: Path | None, attacks: list[str]) -> tuple[AttackSpec, ...]:
    example = "gausslab attack FILE --attacks ddn pgd-linf:0.1 noise"
    if file is None:
        told = [
            f"{name} was taken as the name of an attack: put FILE first, " for name in attacks if Path(name).exists()
        ]
        raise ConfigError(f"which FILE? {''.join(told[:1])}as in {example}")
    if not attacks:
        raise ConfigError(f"which attacks? {example}, or gausslab attack --list for all of them")
    return parse_attacks(SUITE if attacks == ["all"] else attacks)


def _effort(name: str, steps: Mapping[str, int | None]) -> Effort:
    given = {field: number for field, number in steps.items() if number is not None}
    return replace(entry(name, EFFORTS, "effort"), **given)


def _list() -> None:
    from gausslab.cli.attacked import print_attacks

    print_attacks()


def _attack(request: "Request", specs: tuple[AttackSpec, ...], settings: "AttackSettings", out: Path | None) -> None:
    from gausslab.adversarial.making import SetFolder
    from gausslab.cli.attack_report import print_remarks
    from gausslab.cli.attacked import live, print_sets, row
    from gausslab.cli.console import stderr
    from gausslab.networks import open_classifier

    network = open_classifier(request)
    subject, remark = _subject(request, network)
    stderr().print(f"{len(network.images):,} images of {network.identity.data}", soft_wrap=True)
    folder = SetFolder(path=out or _default(network, subject, settings), subject=subject, settings=settings)
    with live(len(network.images)) as report:
        rows = [row(made) for made in folder.make(specs, report)]
    print_sets(rows, f"{network.identity.run} on {network.identity.data}")
    print_remarks([remark] if remark else [])
    for spec in specs:
        typer.echo(f"set: {folder.file(spec)}")


def _subject(request: "Request", network: "Network") -> tuple["Subject", str]:
    """What is attacked, and a remark if its images' classes are not the network's."""
    import torch

    from gausslab.adversarial.making import Subject
    from gausslab.inspection import known_labels
    from gausslab.networks import network_digest

    images = torch.cat(list(network.batches()))
    labels, remark = known_labels(request, network, images, network.labels)
    details = {"split": request.split, "images": len(network.images), "pixels": network.digest}
    details |= {"input": None if network.input_shape is None else list(network.input_shape)}
    if request.model is not None:
        details |= {"model": request.model, "strict": request.strict}
    if request.model is not None or request.model_kwargs:
        details |= {"model_kwargs": dict(request.model_kwargs)}
    subject = Subject(
        model=network.model,
        images=images,
        labels=labels,
        network=network_digest(request)[:16],
        data=network.identity.data,
        details=details,
    )
    return subject, remark


def _default(network: "Network", subject: "Subject", settings: "AttackSettings") -> Path:
    import hashlib
    import json

    from gausslab.adversarial.making import configuration

    text = json.dumps(configuration(subject, settings), sort_keys=True)
    return Path("runs") / f"attack-{network.identity.run}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
