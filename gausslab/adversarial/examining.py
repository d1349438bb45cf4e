"""A classifier examined: attacked, or shown adversarial images that were made elsewhere, and its table of examples.

What is held at a time is the images of one attack and what `record_examples` holds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import pandas as pd
from torch import Tensor, nn

from gausslab.adversarial.examples import checked
from gausslab.adversarial.foolbox_adapter import require_installed
from gausslab.adversarial.generating import DEFAULT_SETTINGS, AttackSettings, DataSet, run_attack, unattacked
from gausslab.adversarial.guards import Images
from gausslab.adversarial.outcomes import AttackBatch, Classes, attacked, joined
from gausslab.adversarial.recording import Attack, null_examples, record_examples
from gausslab.adversarial.specs import AttackSpec
from gausslab.errors import ConfigError, EstimatorError
from gausslab.layers import Globs, Kinds, unwrap

CODE = "bottleneck"
"""Layer of a gausslab classifier whose codes its head takes."""
Reporter = Callable[[str], None]
Pairs = Iterator[tuple[Attack, AttackBatch]]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Which codes are read.

    Attributes:
        layers: globs on module paths.
        kinds: which modules globs with a wildcard take.
        point: where a layer is read.
    """

    layers: Globs = "**"
    kinds: Kinds = "batchnorm"
    point: str = "normalized"


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What was found.

    Attributes:
        examples: the table of examples, nulls among them where the network has a head behind its code.
        remarks: what a reader of the table has to know.
    """

    examples: pd.DataFrame
    remarks: tuple[str, ...]


def examine(
    model: nn.Module,
    images: Images,
    labels: Classes | None,
    specs: Sequence[AttackSpec],
    *,
    attacked_images: int,
    reading: Reading = Reading(),
    settings: AttackSettings = DEFAULT_SETTINGS,
    report: Reporter = lambda message: None,
) -> Examined:
    """Attack a classifier and record what becomes of its codes.

    Args:
        model: images in [0, 1] to logits.
        images: clean ones, among which controls are looked for.
        labels: their classes, as the network counts them; None judges attacks by the change of the prediction, and
            attacks that need a class take the network's own of the clean image.
        specs: the attacks; `noise` without a size takes the norms of the first minimal one and comes last.
        attacked_images: how many are attacked, the first ones.
        reading: layers, their kind, the point.
        settings: of the attacks.
        report: told what is being done.

    Raises:
        ConfigError: foolbox or a minimal attack is missing.
        CaptureError: a layer cannot be read.
        EstimatorError: the model is no classifier, or images or labels do not fit.
    """
    _require_norms(specs)
    require_installed(specs)
    clean = unattacked(model, images, labels, settings)
    first = slice(attacked_images)
    known = None if labels is None else labels[first]
    pairs = run_attacks(model, images[first], known, specs, settings, report)
    return _examined(model, clean, pairs, reading, settings.seed)


def examine_given(
    model: nn.Module,
    given: AttackBatch,
    attack: Attack,
    *,
    reading: Reading = Reading(),
    seed: int = 0,
) -> Examined:
    """Record what becomes of codes under images that are there already.

    Args:
        model: images in [0, 1] to logits.
        given: the images, judged with this model: see `judge`.
        attack: what they are.
        reading: layers, their kind, the point.
        seed: of nulls.

    Raises:
        CaptureError: a layer cannot be read.
    """
    clean = unattacked(model, given.clean, given.labels)
    return _examined(model, clean, iter([(attack, given)]), reading, seed)


def run_attacks(
    model: nn.Module,
    images: Images,
    labels: Classes | None,
    specs: Iterable[AttackSpec],
    settings: AttackSettings = DEFAULT_SETTINGS,
    report: Reporter = lambda message: None,
) -> Pairs:
    """Several attacks on the same images, one after another, `noise` without a size last.

    Args:
        model: images in [0, 1] to logits.
        images: in [0, 1].
        labels: true classes; without them attacks that need some take the predictions of the clean images, and all are
            judged by the change of the prediction.
        specs: the attacks.
        settings: of the attacks.
        report: told which attack runs.
    """
    norms = None
    for spec in sorted(specs, key=lambda each: each.needs_norms):
        report(f"attack {spec} on {len(images):,} images")
        known = predicted(model, images, settings) if labels is None and spec.needs_labels else labels
        batch = run_attack(model, images, known, spec, norms=norms if spec.needs_norms else None, settings=settings)
        if norms is None and spec.family == "minimal":
            norms = batch.minimal_norms
        yield spec, batch if labels is not None else replace(batch, labels=None)


def predicted(model: nn.Module, images: DataSet, settings: AttackSettings = DEFAULT_SETTINGS) -> Classes:
    """What the network says of images."""
    return unattacked(model, images, None, settings).prediction


def judge(
    model: nn.Module, clean: Images, adversarial: Images, labels: Classes | None, batch: int = 250
) -> AttackBatch:
    """Adversarial images from elsewhere judged as attacks are: by a forward pass through this network.

    Args:
        model: images in [0, 1] to logits.
        clean: the images that they were made from, in [0, 1].
        adversarial: as many; brought into [0, 1]. Blank ones are dropped and counted.
        labels: true classes; None judges by the change of the prediction.
        batch: images judged at once.

    Raises:
        EstimatorError: the images or labels do not fit.
    """
    parts = [slice(start, start + batch) for start in range(0, len(clean), batch)]
    known = [None if labels is None else labels[rows] for rows in parts]
    return joined([_judged(model, clean[rows], adversarial[rows], own) for rows, own in zip(parts, known, strict=True)])


def usable_labels(model: nn.Module, images: Images, labels: Classes | None) -> tuple[Classes | None, str]:
    """The labels if they are of the network's classes, and else why not: in number there must be as many.

    How it can mislead: as many classes need not be the same ones; a low accuracy tells.

    Raises:
        EstimatorError: the model gives no logits.
    """
    classes = unattacked(model, images[:1], None).logits.shape[1]
    if labels is None:
        why = "the images have no classes"
    elif (found := int(labels.max()) + 1) != classes:
        why = f"the network tells {classes} classes apart and the images have {found}"
    else:
        return labels, ""
    return None, (
        f"{why}: an attack succeeds if it changes the prediction, whatever that is, and attacks that need a class take "
        "the prediction of the clean image"
    )


def _judged(model: nn.Module, clean: Images, adversarial: Images, labels: Classes | None) -> AttackBatch:
    def attack(_clean: Tensor) -> Tensor:
        return adversarial

    return attacked(model, clean, labels, attack, seed=0, name="given")


def _examined(model: nn.Module, clean: AttackBatch, pairs: Pairs, reading: Reading, seed: int) -> Examined:
    said = clean.prediction == clean.reference
    remarks = [] if clean.labels is None else [f"accuracy {said.double().mean():.1%} of {len(clean):,} clean images"]
    frame = record_examples(model, chain([(None, clean)], pairs), **vars(reading))
    try:
        nulls = [null_examples(model, frame, [(None, clean)], seed=seed)] if _has_code(model, frame) else []
    except EstimatorError as error:
        nulls, remarks = [], [*remarks, f"no nulls: {error}"]
    frames = [part for part in (frame, *nulls) if len(part)]
    return Examined(examples=checked(pd.concat(frames, ignore_index=True)), remarks=tuple(remarks))


def _has_code(model: nn.Module, frame: pd.DataFrame) -> bool:
    inner = unwrap(model)
    return isinstance(getattr(inner, "head", None), nn.Module) and bool((frame["layer"] == CODE).any())


def _require_norms(specs: Sequence[AttackSpec]) -> None:
    for spec in specs:
        if spec.needs_norms and not any(other.family == "minimal" for other in specs):
            raise ConfigError(
                f"attack {str(spec)!r} needs the norms of a minimal attack: add ddn, deepfool or cw, or give a size as "
                f"in {spec.name}:1.5"
            )
