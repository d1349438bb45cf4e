"""Any file to measurements: which of the kinds it is decides how its activations are come by."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab import tables
from gausslab.activations import Activations, LayerActivations
from gausslab.adversarial import paired_radii
from gausslab.checkpoints import load_checkpoint
from gausslab.errors import CheckpointError, ConfigError
from gausslab.foreign import BatchNormRow, FileKind, batchnorm_table, read_activations, read_state_dict, recognise
from gausslab.listing import LayerRow, list_layers
from gausslab.networks import Request, open_network
from gausslab.probing import Identity, Probe, blank, measure_activations, probe
from gausslab.seeding import torch_generator

__all__ = ["Request", "layers_of_file", "needs_model", "probe_file", "run_name"]


def probe_file(request: Request, report: Callable[[str], None] = lambda message: None) -> Probe:
    """Measure the activations that a file holds, or that its network has on images.

    Raises:
        CheckpointError: the file is damaged, of a kind that is refused, or does not fit its network.
        ConfigError: an option is missing or makes no sense for the file.
        CaptureError: a layer cannot be captured.
        EstimatorError: nothing could be measured.
    """
    kind = recognise(request.file)
    report(f"{request.file}: {kind}")
    if kind is FileKind.ACTIVATIONS:
        return _probe_activations(request)
    if request.adversarial is not None:
        raise ConfigError(f"--adv pairs files of activations, but {request.file} is a {kind}")
    network = open_network(request, kind)
    report(f"{len(network.images):,} images of {network.identity.data}")
    options = {"limit": request.limit} | dict(request.capture)
    return probe(
        network.model,
        network.batches(),
        network.identity,
        estimators=request.estimators,
        duplicates=request.duplicates,
        report=report,
        **options,
    )


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
    return list_layers(network.model, next(network.batches()))


def needs_model(request: Request) -> bool:
    """Whether the file is a state dict for which no network was named: only its keys can be listed."""
    return request.model is None and recognise(request.file) in (FileKind.STATE_DICT, FileKind.SAFETENSORS)


def run_name(request: Request) -> str:
    """What the rows of a probe are named after: the run of a gausslab checkpoint, else the file.

    Raises:
        CheckpointError: the file is damaged or of no kind that is known.
    """
    if recognise(request.file) is FileKind.CHECKPOINT:
        return load_checkpoint(request.file).config.run_name
    return request.file.stem


def _probe_activations(request: Request) -> Probe:
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
        return measured
    pairs = [
        paired_radii(arrays[name], adversarial, replace(blank(identity), layer=name))
        for name, adversarial in _matched(arrays, request.adversarial).items()
    ]
    return Probe(tables.concat([measured.table, *pairs]), measured.refusals)


def _subsample(samples: Float[Tensor, "samples units"], limit: int) -> Float[Tensor, "kept units"]:
    order = torch.randperm(len(samples), generator=torch_generator(0, "subsample"))
    return samples[order[:limit].sort().values]


def _matched(clean: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Adversarial arrays under the names of the clean ones; a single array pairs with a single array."""
    arrays = read_activations(path)
    if len(arrays) == len(clean) == 1:
        return {next(iter(clean)): next(iter(arrays.values()))}
    missing = [name for name in clean if name not in arrays]
    if missing:
        raise CheckpointError(f"{path} has no array {missing[0]!r} to pair; it has: {', '.join(arrays)}")
    return {name: arrays[name] for name in clean}
