"""Any file to measurements: which of the kinds it is decides how its activations are come by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from gausslab import tables
from gausslab.activations import Activations, LayerActivations
from gausslab.adversarial import paired_radii
from gausslab.adversarial.examining import CODE, Examined, Reading, examine, examine_given, usable_labels
from gausslab.adversarial.findings import Finding
from gausslab.adversarial.generating import AttackSettings
from gausslab.adversarial.given import judge_given, read_given
from gausslab.adversarial.reading import chosen
from gausslab.adversarial.reporting import attack_report, constant_layers, report_findings, report_rows
from gausslab.adversarial.sets import is_set
from gausslab.adversarial.specs import EFFORTS
from gausslab.checkpoints import load_checkpoint
from gausslab.errors import CheckpointError, ConfigError
from gausslab.foreign import BatchNormRow, FileKind, batchnorm_table, read_activations, read_state_dict, recognise
from gausslab.layers import unwrap, usual_kind
from gausslab.listing import LayerRow, list_layers
from gausslab.networks import Network, Request, foreign_name, open_classifier, open_network
from gausslab.probing import Identity, Probe, blank, measure_activations, probe
from gausslab.seeding import torch_generator

__all__ = ["Inspection", "Request", "known_labels", "layers_of_file", "needs_model", "probe_file", "run_name"]

CLEAN_VALUES = 2**26
"""Pixels of clean images that are kept, a quarter of a gigabyte, where controls would ask for more."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Inspection(Probe):
    """What was measured, and what attacks did.

    Attributes:
        examples: the table of examples; None without attacks.
        attacked: `attack_report` of it.
        findings: verdicts that go with it.
        remarks: what a reader of the two has to know.
    """

    examples: pd.DataFrame | None = None
    attacked: pd.DataFrame | None = None
    findings: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()


def probe_file(request: Request, report: Report = lambda message: None) -> Inspection:
    """Measure the activations that a file holds, or that its network has on images, and under attack if that is asked.

    Raises:
        CheckpointError: the file is damaged, of a kind that is refused, or does not fit its network.
        ConfigError: an option is missing or makes no sense for the file.
        CaptureError: a layer cannot be captured.
        EstimatorError: nothing could be measured, or a network to be attacked is no classifier.
    """
    kind = recognise(request.file)
    report(f"{request.file}: {kind}")
    if kind is FileKind.ACTIVATIONS:
        return _probe_activations(request)
    attacked = bool(request.attacks) or request.adversarial is not None
    network = open_classifier(request) if attacked else open_network(request, kind)
    report(f"{len(network.images):,} images of {network.identity.data}")
    examined = _examine(request, network, report) if attacked else None  # first: what is missing is told at once
    options = {"limit": request.limit, "kinds": usual_kind(network.model)} | dict(request.capture)
    measured = probe(
        network.model,
        network.batches(),
        network.identity,
        estimators=request.estimators,
        duplicates=request.duplicates,
        report=report,
        **options,
    )
    return Inspection(**vars(measured)) if examined is None else _with_attacks(measured, examined, network, request)


def layers_of_file(request: Request) -> list[LayerRow] | list[BatchNormRow]:
    """The layers that could be probed: of the network if there is one, else as the keys of the state dict show them.

    Raises:
        CheckpointError: the file holds no network and no weights.
    """
    kind = recognise(request.file)
    if kind in (FileKind.STATE_DICT, FileKind.SAFETENSORS) and request.model is None:
        return batchnorm_table(read_state_dict(request.file))
    if kind is FileKind.ACTIVATIONS:
        raise CheckpointError(f"{request.file} holds activations, which have no layers to list")
    network = open_network(request, kind)
    kinds = request.capture.get("kinds", usual_kind(network.model))
    return list_layers(network.model, next(network.batches()), kinds=kinds)


def needs_model(request: Request) -> bool:
    """Whether the file is a state dict for which no network was named: only its keys can be listed."""
    return request.model is None and recognise(request.file) in (FileKind.STATE_DICT, FileKind.SAFETENSORS)


def run_name(request: Request) -> str:
    """What the rows of a probe are named after: the run of a gausslab checkpoint, a factory, else the file.

    Raises:
        CheckpointError: the file is damaged or of no kind that is known.
    """
    if recognise(request.file) is FileKind.CHECKPOINT:
        return load_checkpoint(request.file).config.run_name
    return foreign_name(request.file)


def known_labels(
    request: Request, network: Network, images: Tensor, labels: Tensor | None
) -> tuple[Tensor | None, str]:
    """Labels if they are the network's classes, as those of a checkpoint's own images are; else None, and why not.

    Raises:
        EstimatorError: the network gives no logits.
    """
    if labels is not None and request.data is None and request.model is None:
        return labels, ""
    return usable_labels(network.model, images, labels)


def _examine(request: Request, network: Network, report: Report) -> Examined:
    """The network under the attacks asked for, or under the images given."""
    reading = Reading(**_read_options(request, network))
    if request.adversarial is not None:
        return _examine_given(request, request.adversarial, network, reading)
    images = _first_images(network, request)
    labels, remark = known_labels(request, network, images, network.labels)
    read = list(chosen(unwrap(network.model), reading.layers, reading.kinds))
    settings = AttackSettings(layers=read, layer=CODE if CODE in read else read[-1], effort=EFFORTS[request.effort])
    attacked = min(request.attack_images, len(images))
    found = examine(
        network.model,
        images,
        None if labels is None else labels[: len(images)],
        request.attacks,
        attacked_images=attacked,
        reading=reading,
        settings=settings,
        report=report,
    )
    return _remarked(found, remark, f"the first {attacked:,} images attacked, effort {request.effort}")


def _examine_given(request: Request, path: Path, network: Network, reading: Reading) -> Examined:
    given = read_given(path)
    taken = tuple(next(network.batches()).shape[1:])
    if tuple(given.clean.shape[1:]) != taken:
        raise ConfigError(f"{path} has images of shape {tuple(given.clean.shape[1:])}, the network is shown {taken}")
    labels, remark = known_labels(request, network, given.clean, given.labels)
    batch, transferred = judge_given(network.model, given, labels)
    empty = f"{batch.empty_count} blank adversarial images dropped" if batch.empty_count else ""
    return _remarked(examine_given(network.model, batch, given.attack, reading=reading), remark, transferred, empty)


def _read_options(request: Request, network: Network) -> dict[str, Any]:
    options = {"kinds": usual_kind(network.model)} | dict(request.capture)
    return {name: options[name] for name in ("layers", "kinds", "point") if name in options}


def _first_images(network: Network, request: Request) -> Float[Tensor, "samples channels height width"]:
    """Those attacked, and as many as are measured to look for controls among."""
    pixels = next(network.batches())[0].numel()
    wanted = max(request.attack_images, min(request.limit, CLEAN_VALUES // pixels))
    return torch.cat(list(replace(network, images=network.images[:wanted]).batches()))


def _remarked(found: Examined, *remarks: str) -> Examined:
    return replace(found, remarks=(*(remark for remark in remarks if remark), *found.remarks))


def _with_attacks(measured: Probe, examined: Examined, network: Network, request: Request) -> Inspection:
    point = str(request.capture.get("point", "normalized"))
    described = replace(blank(network.identity), point=point, statistics="running")
    told = attack_report(examined.examples)
    rows = report_rows(examined.examples, told, described)
    table = pd.concat([measured.table.assign(attack=""), rows], ignore_index=True)
    return Inspection(
        tables.with_types(table),
        measured.refusals,
        examples=examined.examples,
        attacked=told,
        findings=tuple(report_findings(examined.examples)),
        remarks=(*examined.remarks, *_constant(examined.examples)),
    )


def _constant(examples: pd.DataFrame) -> list[str]:
    layers = ", ".join(constant_layers(examples))
    return [f"the radius is the same for every image, as layer norm makes it, and tells nothing: {layers}"] * bool(
        layers
    )


def _probe_activations(request: Request) -> Inspection:
    if is_set(request.file):
        raise ConfigError(
            f"{request.file} is an adversarial set, no activations; give its network: gausslab probe CHECKPOINT "
            f"--adv {request.file}"
        )
    if request.attacks:
        raise ConfigError(f"{request.file} holds activations; --attack needs the network, --adv other activations")
    given = {"--model": request.model, "--data": request.data, "--input": request.input_shape}
    for option, value in given.items():
        if value is not None:
            raise ConfigError(
                f"{request.file} holds activations, which need no network and no images; leave {option} out"
            )
    arrays = read_activations(request.file)
    identity = Identity(run=request.file.stem, data="", model="")
    kept = {name: _subsample(samples, request.limit) for name, samples in arrays.items()}
    layers = {name: LayerActivations.from_samples(name, samples) for name, samples in kept.items()}
    measured = measure_activations(Activations(layers), identity, request.estimators, request.duplicates)
    if request.adversarial is None:
        return Inspection(**vars(measured))
    pairs = [
        paired_radii(arrays[name], adversarial, replace(blank(identity), layer=name))
        for name, adversarial in _matched(arrays, request.adversarial).items()
    ]
    remark = "no logits, so that margins are not known: whether the change is that of points near a boundary stays open"
    return Inspection(tables.concat([measured.table, *pairs]), measured.refusals, remarks=(remark,))


def _subsample(samples: Float[Tensor, "samples units"], limit: int) -> Float[Tensor, "kept units"]:
    order = torch.randperm(len(samples), generator=torch_generator(0, "subsample"))
    return samples[order[:limit].sort()[0]]


def _matched(clean: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Adversarial arrays under the names of the clean ones; a single array pairs with a single array."""
    arrays = read_activations(path)
    if len(arrays) == len(clean) == 1:
        return {next(iter(clean)): next(iter(arrays.values()))}
    missing = [name for name in clean if name not in arrays]
    if missing:
        raise CheckpointError(f"{path} has no array {missing[0]!r} to pair; it has: {', '.join(arrays)}")
    return {name: arrays[name] for name in clean}
