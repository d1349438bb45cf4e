"""Adversarial images that lie in a file: a set of `gausslab attack`, or plain arrays of anyone's; needs no attack."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from gausslab.adversarial.examining import judge
from gausslab.adversarial.generating import NO_CLASS
from gausslab.adversarial.guards import Images
from gausslab.adversarial.outcomes import AttackBatch, Classes
from gausslab.adversarial.sets import AdversarialSet, is_set, load_set
from gausslab.adversarial.specs import AttackSpec, GivenImages
from gausslab.data import to_float
from gausslab.errors import CheckpointError, first_line

WANTED = "a set of gausslab attack, or an .npz of images `clean` and `adversarial` in [0, 1], optionally `labels`"
SAME = 1e-3
"""Logits that differ by less, in parts of the largest, are of one network: those of float32 do by about 1e-5."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """Images from a file.

    Attributes:
        attack: what made them.
        clean: the images that were attacked.
        adversarial: what became of them.
        labels: true classes; None where there are none.
        found: what the attack found, of a set.
    """

    attack: AttackSpec | GivenImages
    clean: Images
    adversarial: Images
    labels: Classes | None
    found: AttackBatch | None


def read_given(path: Path) -> Given:
    """The images of a file; nothing in it is executed.

    Raises:
        CheckpointError: it is absent, damaged, or holds no pairs of images.
    """
    if is_set(path):
        return _of_set(load_set(path))
    arrays = _arrays(path)
    clean, adversarial = (_images(path, name, arrays.get(name)) for name in ("clean", "adversarial"))
    if clean.shape != adversarial.shape:
        shapes = f"{tuple(clean.shape)} clean and {tuple(adversarial.shape)} adversarial"
        raise CheckpointError(f"{path} must hold images of one shape, got {shapes}")
    attack, labels = GivenImages(name=path.stem), _labels(path, arrays.get("labels"), len(clean))
    return Given(attack=attack, clean=clean, adversarial=adversarial, labels=labels, found=None)


def judge_given(model: nn.Module, given: Given, labels: Classes | None) -> tuple[AttackBatch, str]:
    """The images judged with a network, and a remark if that is not the one that a set was made with.

    What the attack had to keep or to reach is known of a set alone, and counts where the network is the same.

    Args:
        model: images in [0, 1] to logits.
        given: the images.
        labels: their classes, as the network counts them.

    Raises:
        EstimatorError: images or labels do not fit the model.
    """
    fresh = judge(model, given.clean, given.adversarial, labels)
    if given.found is None:
        return fresh, ""
    if not _alike(given.found.clean_logits, fresh.clean_logits):
        return fresh, "the set was made with another network: what succeeds here was carried over from that one"
    found = given.found
    kept = {name: getattr(fresh, name) & getattr(found, name) for name in ("attempted", "success")}
    blank = {"empty": found.empty, "violated": found.violated, "d_l2": found.d_l2, "d_linf": found.d_linf}
    return replace(fresh, **kept, **blank), ""


def _of_set(made: AdversarialSet) -> Given:
    found = made.batch
    return Given(attack=made.attack, clean=found.clean, adversarial=found.adversarial, labels=found.labels, found=found)


def _alike(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool((one - other).abs().max() <= SAME * other.abs().max())


def _arrays(path: Path) -> dict[str, Shaped[np.ndarray, "..."]]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.lib.npyio.NpzFile):
            with loaded:
                return {name: loaded[name] for name in ("clean", "adversarial", "labels") if name in loaded.files}
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or first_line(error)}") from None
    except Exception as error:  # damage can surface as any exception of the reader
        raise CheckpointError(f"{path} holds no adversarial images ({first_line(error)}); expected {WANTED}") from None
    raise CheckpointError(f"{path} holds no adversarial images; expected {WANTED}")


def _images(path: Path, name: str, array: Shaped[np.ndarray, "..."] | None) -> Tensor:
    if array is None or array.ndim < 2 or not len(array) or array.dtype.kind not in "fu":
        got = "none" if array is None else f"{array.dtype} {array.shape}"
        raise CheckpointError(f"{path}: {name!r} must be images, samples first, got {got}; expected {WANTED}")
    if array.dtype == np.uint8:
        return to_float(torch.from_numpy(array))
    images = torch.from_numpy(array.astype(np.float32))
    if not ((images >= 0) & (images <= 1)).all():
        lowest, highest = float(array.min()), float(array.max())
        raise CheckpointError(f"{path}: {name!r} must lie in [0, 1], got {lowest:g} to {highest:g}")
    return images


def _labels(path: Path, array: Shaped[np.ndarray, "..."] | None, images: int) -> Tensor | None:
    if array is None or (array.dtype.kind in "iu" and (array == NO_CLASS).all()):
        return None
    if array.shape != (images,) or array.dtype.kind not in "iu":
        raise CheckpointError(f"{path}: 'labels' must be {images} whole numbers, got {array.dtype} {array.shape}")
    return torch.from_numpy(array.astype(np.int64))
