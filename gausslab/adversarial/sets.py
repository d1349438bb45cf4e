"""Adversarial sets as files: one attack's images, clean and adversarial, and what became of each.

An `.npz` of plain arrays that NumPy alone reads: a row an image in each, and `about`, a JSON text that says what the
rows depend on. Nothing in a file is executed, and equal sets give equal bytes.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from gausslab import __version__
from gausslab.adversarial.generating import NO_CLASS
from gausslab.adversarial.outcomes import AttackBatch
from gausslab.adversarial.specs import AttackSpec
from gausslab.errors import CheckpointError, ConfigError, first_line
from gausslab.files import write_atomically
from gausslab.validity.shares import Limits, clopper_pearson

FORMAT = "gausslab-adversarial-set"
VERSION = 1

ARRAYS = {
    "clean": "f",
    "adversarial": "f",
    "labels": "i",
    "ids": "i",
    "clean_logits": "f",
    "logits": "f",
    "attempted": "b",
    "success": "b",
    "empty": "b",
    "violated": "b",
    "d_l2": "f",
    "d_linf": "f",
}
"""Names of a file's arrays, a row an image, and the kind of their numbers; beside them lies `about`."""

_STATED = ("format", "version", "spec", "seed", "network", "data", "gausslab")

Array = Shaped[np.ndarray, "..."]


@dataclass(frozen=True, kw_only=True, eq=False)
class AdversarialSet:
    """What one attack made of the images of a data set.

    Attributes:
        spec: the attack, as the command line writes it.
        seed: root seed.
        network: digest of the network's file.
        data: name of the data set.
        batch: the images and their outcomes.
        ids: number of each image in its data set.
        details: what else the rows depend on, as JSON has it: effort, size of batches, layers.
        made_by: gausslab's version.
    """

    spec: str
    seed: int
    network: str
    data: str
    batch: AttackBatch
    ids: Int64[np.ndarray, " samples"]
    details: Mapping[str, Any] = field(default_factory=dict)
    made_by: str = __version__

    def __post_init__(self) -> None:
        if self.spec != str(self.attack):
            raise ConfigError(f"spec must be written {str(self.attack)!r}, got {self.spec!r}")
        if len(self.ids) != len(self.batch):
            raise ConfigError(f"ids must be one for each of {len(self.batch)} images, got {len(self.ids)}")
        if taken := [name for name in self.details if name in _STATED]:
            raise ConfigError(f"details must not have {taken[0]!r}, which a set states itself")

    def __len__(self) -> int:
        """Number of images."""
        return len(self.batch)

    @property
    def attack(self) -> AttackSpec:
        """The attack, parsed.

        Raises:
            ConfigError: there is no such attack.
        """
        return AttackSpec.parse(self.spec)

    @property
    def about(self) -> dict[str, Any]:
        """What the rows depend on, gausslab's version apart: the same `about`, the same rows."""
        stated = {"spec": self.spec, "seed": self.seed, "network": self.network, "data": self.data}
        details: dict[str, Any] = json.loads(json.dumps(dict(self.details)))
        return stated | details

    @property
    def success_interval(self) -> Limits:
        """Exact (Clopper-Pearson) 95 % limits of the rate of success; NaN when nothing was attempted."""
        attempted, success = (np.array(int(flags.sum())) for flags in (self.batch.attempted, self.batch.success))
        if not attempted:
            return Limits(np.array(np.nan), np.array(np.nan))
        return clopper_pearson(success, attempted)

    @property
    def summary(self) -> str:
        """The set in one line."""
        batch, (low, high) = self.batch, self.success_interval
        tried = f"{self.attack.label} on {self.data}: {int(batch.attempted.sum()):,} of {len(self):,} images attempted"
        rate = f"{batch.success_rate:.1%} succeeded [{float(low):.1%}, {float(high):.1%}]"
        sizes = f"median distance {median(batch.d_l2, batch):.3g} (l2), {median(batch.d_linf, batch):.3g} (linf)"
        return f"{tried}, {rate}, {sizes}, {batch.empty_count:,} empty"


def median(values: Tensor, batch: AttackBatch) -> float:
    """Of the successful pairs; NaN without any."""
    chosen = values[batch.success].double()
    return float(chosen.quantile(0.5)) if len(chosen) else float("nan")


def save_set(path: Path, made: AdversarialSet) -> None:
    """Write a set whole or not at all; equal sets give equal bytes.

    Images are kept as float32. Labels that are not known are kept as -1.

    Raises:
        OSError: the file cannot be written.
    """
    write_atomically(path, _to_bytes(made))


def load_set(path: Path) -> AdversarialSet:
    """The set that `save_set` wrote, on the CPU; nothing in the file is executed.

    Raises:
        CheckpointError: the file is absent, damaged, of another kind, or of a later version.
    """
    arrays, about = _read(path, tuple(ARRAYS)), read_about(path)
    _require_rows(path, arrays)
    tensors: dict[str, Any] = {name: torch.from_numpy(array) for name, array in arrays.items() if name != "ids"}
    labels = None if (arrays["labels"] == NO_CLASS).all() else tensors["labels"]
    stated = {name: about.pop(name) for name in ("spec", "seed", "network", "data")}
    made_by = str(about.pop("gausslab", ""))
    try:
        batch = AttackBatch(**tensors | {"labels": labels})
        return AdversarialSet(**stated, batch=batch, ids=arrays["ids"], details=about, made_by=made_by)
    except ConfigError as error:
        raise CheckpointError(f"{path} is damaged: {first_line(error)}") from None


def read_about(path: Path) -> dict[str, Any]:
    """What a set's rows depend on, with the version of gausslab that wrote them; the rows are not read.

    Raises:
        CheckpointError: the file is absent, damaged, of another kind, or of a later version.
    """
    text = _read(path, ("about",))["about"]
    try:
        about = json.loads(str(text))
        form, version = about.pop("format"), about.pop("version")
        known = {"spec": str, "seed": int, "network": str, "data": str}
        whole = all(isinstance(about.get(name), kind) for name, kind in known.items())
    except (ValueError, KeyError, AttributeError):
        form, version, whole = None, None, False
    if form != FORMAT or (version == VERSION and not whole):
        raise CheckpointError(f"{path} is not an adversarial set of gausslab")
    if version != VERSION:
        raise CheckpointError(f"{path} is a set of version {version!r}; this gausslab reads version {VERSION}")
    return dict(about)


def is_set(path: Path) -> bool:
    """Whether a file is an adversarial set, by the names of its arrays."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {f"{name}.npy" for name in (*ARRAYS, "about")} <= set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _to_bytes(made: AdversarialSet) -> bytes:
    batch = made.batch
    labels = torch.full((len(made),), NO_CLASS) if batch.labels is None else batch.labels
    arrays = {name: _array(getattr(batch, name)) for name in ARRAYS if name not in ("labels", "ids")}
    arrays |= {"labels": _array(labels), "ids": made.ids}
    arrays |= {name: arrays[name].astype(np.float32) for name in ("clean", "adversarial")}
    about = {"format": FORMAT, "version": VERSION, "gausslab": made.made_by} | made.about
    ordered: dict[str, Any] = {name: np.ascontiguousarray(arrays[name]) for name in ARRAYS}
    ordered["about"] = np.array(json.dumps(about, sort_keys=True))
    content = io.BytesIO()
    np.savez_compressed(content, **ordered)  # which gives none of the members a date
    return content.getvalue()


def _array(values: Tensor) -> Array:
    array: Array = values.detach().cpu().numpy()
    return array


def _read(path: Path, names: tuple[str, ...]) -> dict[str, Array]:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile) or not {*ARRAYS, "about"} <= set(loaded.files):
                raise CheckpointError(f"{path} is not an adversarial set of gausslab")
            return {name: loaded[name] for name in names}
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or first_line(error)}") from None
    except Exception as error:  # damage can surface as any exception of the reader
        raise CheckpointError(f"{path} is truncated, damaged or no adversarial set: {first_line(error)}") from None


def _require_rows(path: Path, arrays: Mapping[str, Array]) -> None:
    rows = arrays["clean"].shape[:1]
    for name, array in arrays.items():
        if array.dtype.kind != ARRAYS[name] or array.shape[:1] != rows or not rows:
            raise CheckpointError(f"{path} is damaged: its array {name!r} is {array.dtype} {array.shape}")
    for first, second in (("clean", "adversarial"), ("clean_logits", "logits")):
        if arrays[first].shape != arrays[second].shape:
            raise CheckpointError(f"{path} is damaged: {first!r} and {second!r} differ in shape")
