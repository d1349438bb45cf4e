r"""The table of examples, recorded: clean and adversarial images shown to a network, numbers of every image kept.

A code is what a layer gives for an image. Where that is a vector, all of `examples.GEOMETRY` is known of it. Where it
is a map there is a vector at every position, and only the numbers that need no law of the vectors are recorded: radius,
rectified radius and displacement, each as root of the mean square over positions, of size $\sqrt d$ like a vector's.

How it can mislead: averaging over positions narrows the spread of a map's radius far below chi(d)'s.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float32, Float64
from torch import Tensor, nn

from gausslab.adversarial.code_numbers import CodeNumbers, Columns, Place, Watch
from gausslab.adversarial.examples import COLUMNS, NULL, clean_rows, null_rows
from gausslab.adversarial.generating import records
from gausslab.adversarial.heads import Head, LinearHead
from gausslab.adversarial.mixtures import ClassMixture, shared_mixture
from gausslab.adversarial.nulls import MinimalStep, ObservedStep, Step, null_a, null_b
from gausslab.adversarial.outcomes import AttackBatch
from gausslab.adversarial.reading import Activation, read_layers
from gausslab.adversarial.search import SearchedHead
from gausslab.adversarial.specs import AttackSpec, GivenImages
from gausslab.errors import CaptureError, ConfigError, EstimatorError
from gausslab.layers import Globs, Kinds, unwrap
from gausslab.seeding import numpy_generator

BATCH = 250
Attack = AttackSpec | GivenImages | None
Batches = Mapping[Attack, AttackBatch] | Iterable[tuple[Attack, AttackBatch]]
"""Attacks and what they gave; None stands for the clean images, and attacked ones are the first of them."""


def record_examples(
    model: nn.Module,
    batches: Batches,
    *,
    layers: Globs = ("bottleneck",),
    kinds: Kinds = "batchnorm",
    point: str = "normalized",
    ids: Sequence[int] | None = None,
    batch: int = BATCH,
) -> pd.DataFrame:
    """The table of examples of all attacks and layers: attack by attack, in each layer by layer.

    Activations are turned into numbers layer by layer while a batch goes through the network. What is held beyond that
    are codes of the clean images at layers of vectors with fewer units than there are images, for the reference of the
    layer; and of the attacks, which may come from a generator, one at a time. A layer whose reference cannot be made
    (more units than images, units that never vary, one class) has NaN in the columns that need it. Without labels the
    classes are those that the network says of the clean images.

    Args:
        model: the network attacked.
        batches: of the attacks, the clean images (`unattacked`) first if they come one by one. An attack has all of
            the clean images or the first ones.
        layers: globs on module paths; a path takes any module.
        kinds: which modules globs with a wildcard take.
        point: where a layer is read, see `reading.read_layers`.
        ids: numbers of the clean images, their place by default.
        batch: images shown at once.

    Raises:
        ConfigError: there are no clean images, or an attack is of others; ids do not fit.
        CaptureError: a layer cannot be read.
    """
    clean, attacked = clean_and_attacked(batches)
    numbers = list(range(len(clean)) if ids is None else ids)
    if len(numbers) != len(clean):
        raise ConfigError(f"ids must be one for each of {len(clean)} clean images, got {len(numbers)}")
    watch = Watch()
    show = read_layers(model, layers, watch.receive, kinds=kinds, point=point)
    codes = CodeNumbers(watch, show, batch)
    codes.refer(clean)
    frames = _rows(records(clean, None, numbers), codes.of_clean(clean.clean), codes.names)
    for spec, given in attacked:
        said = records(given, spec, numbers[: len(given)])
        frames += _rows(said, codes.of_attacked(given.clean, given.adversarial), codes.names)
    return pd.concat(frames, ignore_index=True)


def null_examples(
    model: nn.Module,
    frame: pd.DataFrame,
    batches: Batches,
    *,
    layer: str = "bottleneck",
    head: Head | None = None,
    samples: int | None = None,
    seed: int = 0,
    batch: int = BATCH,
) -> pd.DataFrame:
    """Rows of nulls A and B for every attack in the table, at the layer whose codes the network's head takes.

    The same codes for every attack, with steps like its own: the least one to the boundary for minimal attacks; for all
    others as far as the attack moved the codes of its successes. Null B's classes have the covariance within classes of
    the clean codes, one for all (a covariance of each would take many times more images than units). Where the layer is
    a batch norm its codes have mean 0 and variance 1 in every unit, as batch norm gives them. An attack without success
    has no rows.

    How it can mislead: null A's codes are N(0, I) whatever the layer is; where no norm sets the scale of real codes,
    read null B alone.

    Args:
        model: the network.
        frame: table of examples with the attacks at the layer.
        batches: of which the clean images are taken: those the table was recorded from.
        layer: its path.
        head: codes to logits; by default `head_of(model)`.
        samples: codes of each null; as many as clean images by default.
        seed: of the codes.
        batch: images shown at once.

    Raises:
        ConfigError: the network has no head, or batches do not start with the clean images.
        EstimatorError: the head gives other logits than the network, so that it is not of this layer's codes; or null
            B has no code that the head puts into its own class.
    """
    clean, _ = clean_and_attacked(batches)
    codes, own = codes_at(model, clean.clean, layer, batch), head or head_of(model)
    _require_own(own, codes, clean)
    mixture = _mixture(codes, clean, standardised=_is_batch_norm(model, layer))
    reach = pd.Series(own.boundary(codes).distances, index=clean_rows(frame, layer)["id"])
    attacked = frame[(frame["layer"] == layer) & ~frame["family"].isin(("clean", NULL)) & frame["success"].astype(bool)]
    frames = []
    for spec, rows in attacked.groupby("spec", sort=False):
        step, codes_of = _step(rows, reach), samples or len(clean)
        one = null_a(own, codes.shape[1], codes_of, numpy_generator(seed, "null A"), step)
        two = null_b(own, mixture, codes_of, numpy_generator(seed, "null B"), step)
        frames += [null_rows(moved, own, f"null {name}", str(spec), layer) for name, moved in (("A", one), ("B", two))]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))


def head_of(model: nn.Module) -> Head:
    """The map from a gausslab classifier's code to its logits, in float64.

    Raises:
        ConfigError: the network has no module `head`.
    """
    module = getattr(unwrap(model), "head", None)
    if not isinstance(module, nn.Module):
        raise ConfigError(f"nulls need a network with a module 'head' behind its code; {type(model).__name__} has none")
    exact = copy.deepcopy(module).to("cpu", torch.float64).eval()
    if isinstance(exact, nn.Linear):
        weight = exact.weight.detach().numpy()
        bias = np.zeros(len(weight)) if exact.bias is None else exact.bias.detach().numpy()
        return LinearHead(weight=weight, bias=bias)

    def logits(codes: Tensor) -> Tensor:
        found: Tensor = exact(codes.double())
        return found

    return SearchedHead(logits=logits)


def codes_at(model: nn.Module, images: Tensor, layer: str, batch: int = BATCH) -> Float32[np.ndarray, "images units"]:
    """Output of a layer for all images, batch by batch.

    Raises:
        CaptureError: there is no such layer, or it gives maps.
    """
    kept: list[Tensor] = []

    def keep(name: str, _call: int, activation: Activation) -> None:
        if activation.ndim != 2:
            raise CaptureError(f"layer {name!r} gives maps of shape {tuple(activation.shape[1:])}, expected vectors")
        kept.append(activation.to("cpu", torch.float32, copy=True))

    show = read_layers(model, layer, keep, point="post")
    for start in range(0, len(images), batch):
        show(images[start : start + batch])
    return np.asarray(torch.cat(kept).numpy())


def clean_and_attacked(batches: Batches) -> tuple[AttackBatch, Iterator[tuple[Attack, AttackBatch]]]:
    """The clean images, and the attacks one by one, each checked against them.

    Raises:
        ConfigError: the clean images are missing or not the first; from the iterator: an attack is of other images.
    """
    if isinstance(batches, Mapping):
        batches = sorted(batches.items(), key=lambda pair: pair[0] is not None)
    pairs = iter(batches)
    spec, clean = next(pairs, (None, None))
    if spec is not None or clean is None:
        raise ConfigError("batches must start with the clean images, whose attack is None")
    return clean, _of_the_same(pairs, clean)


def _of_the_same(
    pairs: Iterator[tuple[Attack, AttackBatch]], clean: AttackBatch
) -> Iterator[tuple[Attack, AttackBatch]]:
    for spec, given in pairs:
        if not torch.equal(clean.clean[: len(given)], given.clean):
            raise ConfigError(f"attack {str(spec)!r} is not of the first of the clean images")
        yield spec, given


def _rows(said: pd.DataFrame, found: dict[Place, Columns], names: dict[Place, str]) -> list[pd.DataFrame]:
    return [
        said.assign(layer=names[place], **columns).reindex(columns=list(COLUMNS)) for place, columns in found.items()
    ]


def _step(rows: pd.DataFrame, reach: "pd.Series[float]") -> Step:
    """That of an attack's successes."""
    if rows["family"].iloc[0] == "minimal":
        return MinimalStep()
    lengths = rows["displacement"].to_numpy(np.float64)
    return ObservedStep(distances=reach.loc[rows["id"]].to_numpy(np.float64), lengths=lengths)


def _mixture(codes: Float32[np.ndarray, "images units"], clean: AttackBatch, *, standardised: bool) -> ClassMixture:
    """Of the classes with at least two images."""
    labels = clean.reference.cpu().numpy()
    kept = np.isin(labels, np.flatnonzero(np.bincount(labels) > 1))
    fitted = shared_mixture(codes[kept], labels[kept])
    return fitted.standardised() if standardised else fitted


def _is_batch_norm(model: nn.Module, layer: str) -> bool:
    return isinstance(unwrap(model).get_submodule(layer), nn.BatchNorm1d)


def _require_own(head: Head, codes: Float32[np.ndarray, "images units"], clean: AttackBatch) -> None:
    """Logits of float32 agree to about 1e-5 of their size; a thousand times that is another head."""
    said: Float64[np.ndarray, "images classes"] = head(codes)
    expected = clean.clean_logits.cpu().numpy()
    if said.shape != expected.shape or np.abs(said - expected).max() > 0.01 * (1 + np.abs(expected).max()):
        raise EstimatorError("the head gives other logits than the network: it is not the head of this layer's codes")
