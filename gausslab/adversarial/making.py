"""A folder of adversarial sets of one network: a file an attack, made batch by batch, so that what was killed goes on.

    FOLDER/pgd-linf-0.1.npz         the set of `pgd-linf:0.1`, whole
    FOLDER/pgd-linf-0.1.parts/      its batches while it is being made, each a set of some of the images

A folder has sets of one network, one choice of images, one seed, one effort; another configuration never mixes with it.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from gausslab.adversarial.examining import predicted
from gausslab.adversarial.generating import DEFAULT_SETTINGS, AttackSettings, DataSet, attack_pieces, run_attack
from gausslab.adversarial.outcomes import AttackBatch, Classes, Values, joined
from gausslab.adversarial.sets import AdversarialSet, is_set, load_set, read_about, save_set
from gausslab.adversarial.specs import AttackSpec, Effort
from gausslab.errors import ConfigError, RunError
from gausslab.runs import exclusive

MINIMAL = tuple(AttackSpec(name=name) for name in ("ddn", "deepfool", "cw"))
"""Whose norms `noise` without a size takes, the first that there is."""

SHORTEST = Effort(ddn_steps=1, deepfool_steps=1, cw_steps=1, cw_searches=1, pgd_steps=1)
TRIED = 2
"""Images that every attack is tried on before the first one runs; a midpoint needs two."""

_OWN = ("spec", "layers", "layer", "norms_of", "gausslab")
"""What may differ between sets of one folder."""

Report = Callable[[AttackSpec, int, int], None]


def _silent(_spec: AttackSpec, _done: int, _all: int) -> None: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """What is attacked.

    Attributes:
        model: images in [0, 1] to logits.
        images: in [0, 1], or bytes; at least two.
        labels: their classes; None where there are none: attacks are judged by the change of the prediction, and those
            that need a class take the network's own of the clean image.
        network: digest of the network.
        data: name of the data set.
        details: what else tells these images and this network from others, as JSON has it.
    """

    model: nn.Module
    images: DataSet
    labels: Classes | None
    network: str
    data: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """A set and where it lies.

    Attributes:
        set: the set.
        file: its file.
        seconds: that this call worked at it; None if it was there.
    """

    set: AdversarialSet
    file: Path
    seconds: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class SetFolder:
    """Where the sets of a subject lie.

    Attributes:
        path: the folder.
        subject: what is attacked.
        settings: seed, size of batches, layers, effort.
    """

    path: Path
    subject: Subject
    settings: AttackSettings = DEFAULT_SETTINGS

    def file(self, spec: AttackSpec) -> Path:
        """Where the set of an attack lies."""
        return self.path / f"{str(spec).replace(':', '-')}.npz"

    def make(self, specs: Sequence[AttackSpec], report: Report = _silent) -> Iterator[Made]:
        """The sets of these attacks, one after another, `noise` without a size last; those that are there are read.

        `noise` takes the norms of the first minimal attack among `specs`; without one, those that it has taken before
        in this folder; else those of the first of `MINIMAL` that lies in it.

        Args:
            specs: the attacks.
            report: told the attack, how many images are done, and of how many, after each batch.

        Raises:
            ConfigError: an attack needs norms or foolbox, and they are missing.
            CaptureError: the layers do not exist.
            CheckpointError: a file in the folder is damaged.
            EstimatorError: the model gives no logits.
            RunError: the folder has sets of another configuration, cannot be written, or is another process's.
        """
        ordered = sorted(specs, key=lambda spec: spec.needs_norms)
        abouts = {spec: self._about(spec, ordered) for spec in ordered}
        self._require_same(abouts)
        for spec in ordered:
            self._try(spec)
        with self._held():
            for spec in ordered:
                yield self._made(spec, abouts[spec], report)

    def _about(self, spec: AttackSpec, specs: Sequence[AttackSpec]) -> dict[str, Any]:
        about = configuration(self.subject, self.settings) | {"spec": str(spec)}
        layers = self.settings.layers
        if spec.family == "radial":
            about["layers"] = [layers] if isinstance(layers, str) else list(layers)
        if spec.family == "adaptive":
            about["layer"] = self.settings.layer
        if spec.needs_norms:
            about["norms_of"] = str(self._source(spec, specs))
        return about

    def _source(self, spec: AttackSpec, specs: Sequence[AttackSpec]) -> AttackSpec:
        """The minimal attack whose norms noise takes."""
        for other in specs:
            if other.family == "minimal":
                return other
        if self.file(spec).exists():
            return AttackSpec.parse(str(read_about(self.file(spec)).get("norms_of", MINIMAL[0])))
        for other in MINIMAL:
            if self.file(other).exists():
                return other
        raise ConfigError(
            f"attack {str(spec)!r} needs the norms of a minimal attack: add ddn, deepfool or cw, or give a size as in "
            f"{spec.name}:1.5"
        )

    def _require_same(self, abouts: Mapping[AttackSpec, dict[str, Any]]) -> None:
        """Every set in the folder has what these have in common, and the sets of these attacks all of it."""
        wanted = {self.file(spec).stem: about for spec, about in abouts.items()}
        common = configuration(self.subject, self.settings)
        for file in chain(self.path.glob("*.npz"), self.path.glob("*.parts/*.npz")):
            if not is_set(file):
                continue
            found = read_about(file)
            stem = file.stem if file.parent == self.path else file.parent.stem
            expected = wanted.get(stem, common)
            names = {*expected, *found} - ({"gausslab"} if stem in wanted else set(_OWN))
            for name in sorted(names):
                if found.get(name) != expected.get(name):
                    told = _difference(name, found.get(name), expected.get(name))
                    raise RunError(f"{file} was made with another configuration ({told}); choose another --out")

    def _try(self, spec: AttackSpec) -> None:
        """What is missing is told before the first attack begins, and not after hours."""
        if self.file(spec).exists():
            return
        subject, images, known = self.subject, self.subject.images[:TRIED], self.subject.labels
        labels = self._classes(spec, images, None if known is None else known[:TRIED])
        norms = torch.ones(len(images)) if spec.needs_norms else None
        settings = replace(self.settings, effort=SHORTEST)
        run_attack(subject.model, images, labels, spec, norms=norms, settings=settings)

    def _classes(self, spec: AttackSpec, images: DataSet, labels: Classes | None) -> Classes | None:
        """What an attack takes for classes."""
        if labels is None and spec.needs_labels:
            return predicted(self.subject.model, images, self.settings)
        return labels

    @contextmanager
    def _held(self) -> Iterator[None]:
        """The folder for this process alone; what cannot be written is told in a line."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with exclusive(self.path):
                yield
        except OSError as error:
            raise RunError(f"cannot write {error.filename or self.path}: {error.strerror or error}") from None

    def _made(self, spec: AttackSpec, about: dict[str, Any], report: Report) -> Made:
        file, start = self.file(spec), time.perf_counter()
        parts, there = file.with_name(f"{file.stem}.parts"), file.exists()
        if not there:
            batch = joined(list(self._batches(spec, about, parts, report)))
            save_set(file, self._set(batch, about, 0))
        shutil.rmtree(parts, ignore_errors=True)
        return Made(set=load_set(file), file=file, seconds=None if there else time.perf_counter() - start)

    def _batches(self, spec: AttackSpec, about: dict[str, Any], parts: Path, report: Report) -> Iterator[AttackBatch]:
        """Every batch of an attack: read where it is there, else run and written."""
        subject, done = self.subject, 0
        norms = self._norms(about)
        labels = self._classes(spec, subject.images, subject.labels)
        pieces = attack_pieces(subject.model, subject.images, labels, spec, norms=norms, settings=self.settings)
        for number, run in enumerate(pieces):
            part = parts / f"{number:03d}.npz"
            if not part.exists():
                save_set(part, self._set(run(), about, done))
            batch = load_set(part).batch
            done += len(batch)
            report(spec, done, len(subject.images))
            yield batch

    def _norms(self, about: dict[str, Any]) -> Values | None:
        source = about.get("norms_of")
        return None if source is None else load_set(self.file(AttackSpec.parse(source))).batch.minimal_norms

    def _set(self, batch: AttackBatch, about: dict[str, Any], first: int) -> AdversarialSet:
        stated = {name: about[name] for name in ("spec", "seed", "network", "data")}
        details = {name: value for name, value in about.items() if name not in stated}
        if self.subject.labels is None:
            batch = replace(batch, labels=None)  # what an attack took for classes are none
        ids = np.arange(first, first + len(batch), dtype=np.int64)
        return AdversarialSet(**stated, batch=batch, ids=ids, details=details)


def configuration(subject: Subject, settings: AttackSettings) -> dict[str, Any]:
    """What all sets of one folder have in common, as JSON has it."""
    about = {"network": subject.network, "data": subject.data, **subject.details}
    about |= {"seed": settings.seed, "batch": settings.batch, "effort": asdict(settings.effort)}
    plain: dict[str, Any] = json.loads(json.dumps(about))
    return plain


def _difference(name: str, found: Any, expected: Any) -> str:
    """What differs, in words; of effort, the first field that does.

    >>> _difference("effort", {"pgd_steps": 40}, {"pgd_steps": 10}), _difference("seed", 0, 1)
    ('pgd_steps 40, not 10', 'seed 0, not 1')
    """
    if isinstance(found, dict) and isinstance(expected, dict):
        inner = next(key for key in {**found, **expected} if found.get(key) != expected.get(key))
        return _difference(str(inner), found.get(inner), expected.get(inner))
    return f"{name} {_told(found)}, not {_told(expected)}"


def _told(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "unknown" if value is None else str(value)
