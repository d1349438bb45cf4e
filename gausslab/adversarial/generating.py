"""Any attack on a whole data set, batch by batch, and the table of what became of each example."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from gausslab.adversarial.adaptive import adaptive_attack
from gausslab.adversarial.controls import midpoints, noisy, partners
from gausslab.adversarial.foolbox_adapter import generate
from gausslab.adversarial.outcomes import Attack, AttackBatch, Classes, Values, attacked, joined
from gausslab.adversarial.radial_attack import radial_attack
from gausslab.adversarial.specs import DEFAULT_EFFORT, AttackSpec, Effort, GivenImages
from gausslab.data import to_float
from gausslab.errors import ConfigError
from gausslab.layers import Globs
from gausslab.seeding import derive, torch_generator

DataSet = Float[Tensor, "samples ..."] | UInt8[Tensor, "samples ..."]

COLUMNS = (
    *("id", "class", "attack", "spec", "family", "attempted", "success", "empty", "violated"),
    *("d_l2", "d_linf", "margin", "lead", "max_softmax", "prediction"),
)
NO_CLASS = -1
"""Stands in the column `class` where no label was given."""


@dataclass(frozen=True, kw_only=True)
class AttackSettings:
    """What all attacks of a run share.

    Attributes:
        seed: root seed.
        batch: images attacked together; results depend on it, see `generate`.
        layers: layers whose latents the radial attack turns.
        layer: the layer whose norm the adaptive attack keeps.
        effort: how long the attacks search.
    """

    seed: int = 0
    batch: int = 250
    layers: Globs = "**"
    layer: str = "bottleneck"
    effort: Effort = DEFAULT_EFFORT

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ConfigError(f"batch must be at least 1, got {self.batch}")


DEFAULT_SETTINGS = AttackSettings()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """One batch with what controls take beside it."""

    images: Tensor
    labels: Tensor | None
    others: Tensor | None
    norms: Tensor | None
    seed: int


def run_attack(
    model: nn.Module,
    images: DataSet,
    labels: Classes | None,
    spec: AttackSpec,
    *,
    norms: Values | None = None,
    settings: AttackSettings = DEFAULT_SETTINGS,
) -> AttackBatch:
    """Run one attack on all images.

    The outcomes of controls are those of attacks: a success is noise, or the midpoint with another image, that changes
    a right prediction; a midpoint is judged by the class of the first of its two images and measured from it.

    Args:
        model: images in [0, 1] to logits.
        images: in [0, 1], or bytes.
        labels: true classes; None for attacks that take none.
        spec: the attack.
        norms: for `noise` without a size: `AttackBatch.minimal_norms` of a minimal attack on the same images; where
            that is NaN the image is left as it is and not attempted.
        settings: seed, size of batches, layers, effort.

    Raises:
        ConfigError: labels, norms or foolbox are missing, or norms are given to an attack that takes none.
        CaptureError: the layers do not exist.
        EstimatorError: the images or labels do not fit.
    """
    return joined([run() for run in attack_pieces(model, images, labels, spec, norms=norms, settings=settings)])


def attack_pieces(
    model: nn.Module,
    images: DataSet,
    labels: Classes | None,
    spec: AttackSpec,
    *,
    norms: Values | None = None,
    settings: AttackSettings = DEFAULT_SETTINGS,
) -> Iterator[Callable[[], AttackBatch]]:
    """The attack batch by batch, each of which runs when it is called: `run_attack` calls and joins them.

    A batch gives the same rows whether or not those before it were run.

    Args:
        model: as of `run_attack`; likewise the others.
        images: all of them.
        labels: of all.
        spec: the attack.
        norms: of all.
        settings: seed, size of batches, layers, effort.

    Raises:
        ConfigError: labels or norms are missing, or norms are given to an attack that takes none.
    """
    _require_inputs(spec, images, labels, norms)
    attack = _ATTACKS.get(spec.name, _by_foolbox)
    return (partial(attack, model, part, spec, settings) for part in _parts(images, labels, spec, norms, settings))


def unattacked(
    model: nn.Module, images: DataSet, labels: Classes | None, settings: AttackSettings = DEFAULT_SETTINGS
) -> AttackBatch:
    """The clean images as if an attack had left them alone: the rows that others are compared with."""
    starts = range(0, len(images), settings.batch)
    return joined(
        [
            attacked(model, _floats(images[rows]), _some(labels, rows), lambda clean: clean, seed=0, name="clean")
            for rows in (slice(start, start + settings.batch) for start in starts)
        ]
    )


def records(
    batch: AttackBatch, spec: AttackSpec | GivenImages | None, ids: Sequence[int] | None = None
) -> pd.DataFrame:
    """A row an example, with `COLUMNS`; figures and statistics need neither the network nor the attack again.

    The names are those of `gausslab.adversarial.examples`, whose table has the layers beside. `attack` is the label and
    `spec` the command line's form. `margin`, `lead`, `max_softmax` and `prediction` are of the adversarial image; those
    of the clean one are in the records of `unattacked`, for which `spec` is None and all three names are `clean`.
    `class` is -1 without labels, where `margin` is that of the clean prediction. Rows that failed stand in the table:
    choose by `success`.

    Args:
        batch: what `run_attack` or `unattacked` gave.
        spec: the attack.
        ids: what tells the examples apart across tables; their place by default.

    Raises:
        ConfigError: there is not one id an example.
    """
    if ids is not None and len(ids) != len(batch):
        raise ConfigError(f"ids must be one for each of {len(batch)} examples, got {len(ids)}")
    names = ("clean",) * 3 if spec is None else (spec.label, str(spec), spec.family)
    classes = torch.full((len(batch),), NO_CLASS) if batch.labels is None else batch.labels
    columns = {"id": list(range(len(batch)) if ids is None else ids), "class": _numbers(classes)}
    columns |= dict(zip(("attack", "spec", "family"), ([name] * len(batch) for name in names), strict=True))
    columns |= {name: _numbers(getattr(batch, name)) for name in COLUMNS if name not in columns}
    return pd.DataFrame(columns, columns=list(COLUMNS))


def _by_foolbox(model: nn.Module, part: _Part, spec: AttackSpec, settings: AttackSettings) -> AttackBatch:
    assert part.labels is not None
    return generate(model, part.images, part.labels, spec, effort=settings.effort, seed=part.seed)


def _adaptive(model: nn.Module, part: _Part, spec: AttackSpec, settings: AttackSettings) -> AttackBatch:
    assert part.labels is not None
    return adaptive_attack(
        model, part.images, part.labels, spec, layer=settings.layer, effort=settings.effort, seed=part.seed
    )


def _radial(model: nn.Module, part: _Part, spec: AttackSpec, settings: AttackSettings) -> AttackBatch:
    return radial_attack(
        model, part.images, part.labels, spec, layers=settings.layers, effort=settings.effort, seed=part.seed
    )


def _noise(model: nn.Module, part: _Part, spec: AttackSpec, _settings: AttackSettings) -> AttackBatch:
    sizes = torch.full((len(part.images),), float(spec.value or 0)) if part.norms is None else part.norms
    generator = torch_generator(part.seed, "noise")
    batch = _control(model, part, lambda clean: noisy(clean, sizes.to(clean), generator))
    return replace(batch, attempted=batch.attempted & ~sizes.isnan(), success=batch.success & ~sizes.isnan())


def _midpoint(model: nn.Module, part: _Part, _spec: AttackSpec, _settings: AttackSettings) -> AttackBatch:
    assert part.others is not None
    others = part.others
    return _control(model, part, lambda clean: midpoints(clean, others))


def _control(model: nn.Module, part: _Part, attack: Attack) -> AttackBatch:
    return attacked(model, part.images, part.labels, attack, seed=part.seed, name="control")


_ATTACKS: dict[str, Callable[[nn.Module, _Part, AttackSpec, AttackSettings], AttackBatch]] = {
    "adaptive": _adaptive,
    "radial-linf": _radial,
    "radial-l2": _radial,
    "noise": _noise,
    "midpoint": _midpoint,
}


def _parts(
    images: DataSet, labels: Classes | None, spec: AttackSpec, norms: Values | None, settings: AttackSettings
) -> Iterator[_Part]:
    """A midpoint's other image comes from the whole data set."""
    pairs = spec.name == "midpoint"
    other = partners(len(images), torch_generator(settings.seed, "midpoint")) if pairs else None
    for start in range(0, len(images), settings.batch):
        rows = slice(start, start + settings.batch)
        yield _Part(
            images=_floats(images[rows]),
            labels=_some(labels, rows),
            others=None if other is None else _floats(images[other[rows]]),
            norms=_some(norms, rows),
            seed=derive(settings.seed, f"{spec}/{start}"),
        )


def _require_inputs(spec: AttackSpec, images: DataSet, labels: Classes | None, norms: Values | None) -> None:
    if not len(images):
        raise ConfigError("images must be at least one, got none")
    if labels is None and spec.needs_labels:
        raise ConfigError(f"attack {str(spec)!r} needs labels; without: the families radial and control")
    if (norms is not None) != spec.needs_norms:
        wanted = "needs the norms of a minimal attack, or a size as in noise:1.5" if norms is None else "takes no norms"
        raise ConfigError(f"attack {str(spec)!r} {wanted}")
    for name, values in (("labels", labels), ("norms", norms)):
        if values is not None and values.shape != (len(images),):
            raise ConfigError(f"{name} must be one for each of {len(images)} images, got {tuple(values.shape)}")


def _floats(images: DataSet) -> Tensor:
    return to_float(images) if images.dtype == torch.uint8 else images


def _some(values: Tensor | None, rows: slice) -> Tensor | None:
    return None if values is None else values[rows]


def _numbers(values: Tensor) -> np.ndarray:
    found: np.ndarray = values.cpu().numpy()
    return found.astype(float) if values.is_floating_point() else found
