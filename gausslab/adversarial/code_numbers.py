"""From images to numbers of their codes in every layer, batch by batch; activations do not outlive the batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Shaped
from torch import Tensor

from gausslab.adversarial.examples import GEOMETRY
from gausslab.adversarial.guards import Images
from gausslab.adversarial.outcomes import AttackBatch
from gausslab.adversarial.reading import Activation, Show
from gausslab.adversarial.subspace import Codes, Labels, Reference, geometry, reference
from gausslab.errors import EstimatorError

Values = Float64[np.ndarray, " images"]
Place = tuple[str, int]
"""A layer, and which of its calls within a pass."""
Columns = dict[str, Shaped[np.ndarray, "_"]]
"""Of a batch or of all images, a number an image."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What is kept of a batch in one layer, a number an image shown.

    Attributes:
        units: of the layer.
        radius: norm of a vector; of a map the root of the mean square over its positions.
        rectified: the same of the positive part.
        displacement: likewise between the two halves of the batch; None where it has no two halves.
        codes: the vectors; None of maps.
    """

    units: int
    radius: Values
    rectified: Values
    displacement: Float64[np.ndarray, " half"] | None
    codes: Float[np.ndarray, "images units"] | None


class Watch:
    """Numbers of the batch that is going through the network, by layer.

    Attributes:
        paired: whether the first half of the images is clean and the second what an attack made of them.
        seen: what has run.
    """

    def __init__(self) -> None:
        self.paired = False
        self.seen: dict[Place, Seen] = {}

    def receive(self, name: str, call: int, activation: Activation) -> None:
        """Take the numbers of an activation, and nothing else of it."""
        half = len(activation) // 2
        gap = size(activation[half:] - activation[:half]) if self.paired else None
        self.seen[name, call] = Seen(
            units=activation.shape[1],
            radius=size(activation),
            rectified=size(activation.clamp_min(0)),
            displacement=gap,
            codes=activation.to("cpu", torch.float32, copy=True).numpy() if activation.ndim == 2 else None,
        )


class CodeNumbers:
    """Columns of the table of examples that come from codes.

    Args:
        watch: what the hooks of `show` hand activations to.
        show: of `reading.read_layers`.
        batch: images shown at once.
    """

    def __init__(self, watch: Watch, show: Show, batch: int) -> None:
        self._watch = watch
        self._show = show
        self._batch = batch
        self._references: dict[Place, Reference | None] = {}

    @property
    def names(self) -> dict[Place, str]:
        """Paths, with `#0`, `#1`, ... where a layer runs several times in a pass, as `gausslab.capture` writes them."""
        repeated = {name for name, call in self._references if call}
        return {(name, call): f"{name}#{call}" if name in repeated else name for name, call in self._references}

    def refer(self, clean: AttackBatch) -> None:
        """Fit the reference of every layer of vectors that has fewer units than there are images.

        Their codes are what is held: of all clean images, and of no other layer.
        """
        codes: dict[Place, list[Codes]] = {}
        for start in range(0, len(clean), self._batch):
            for place, seen in self._pass(clean.clean[start : start + self._batch]).items():
                self._references[place] = None
                if seen.codes is not None and seen.units < len(clean):
                    codes.setdefault(place, []).append(seen.codes)
        labels = clean.reference.cpu().numpy()
        for place in list(codes):
            self._references[place] = _reference(np.concatenate(codes.pop(place)), labels)

    def of_clean(self, images: Images) -> dict[Place, Columns]:
        """Of the clean images themselves."""
        starts = range(0, len(images), self._batch)
        return _joined([self._columns(self._pass(images[start : start + self._batch])) for start in starts])

    def of_attacked(self, clean: Images, adversarial: Images) -> dict[Place, Columns]:
        """Of adversarial images beside the clean ones they were made from, which are shown in the same pass."""
        step = max(1, self._batch // 2)
        parts = (slice(start, start + step) for start in range(0, len(clean), step))
        both = (torch.cat([clean[rows], adversarial[rows].to(clean)]) for rows in parts)
        return _joined([self._columns(self._pass(images, paired=True)) for images in both])

    def _columns(self, found: dict[Place, Seen]) -> dict[Place, Columns]:
        return {place: _numbers(seen, self._references.get(place)) for place, seen in found.items()}

    def _pass(self, images: Images, *, paired: bool = False) -> dict[Place, Seen]:
        self._watch.paired, self._watch.seen = paired, {}
        self._show(images)
        return self._watch.seen


def size(activation: Float[Tensor, "images units ..."]) -> Values:
    """Norm of a vector, root of the mean square over positions of a map's.

    >>> size(torch.full((1, 4, 3, 3), 2.0)).tolist()
    [4.0]
    """
    positions = activation[0, 0].numel()
    sizes = torch.linalg.vector_norm(activation.flatten(1), dim=1, dtype=torch.float64) / positions**0.5
    return np.asarray(sizes.cpu().numpy())


def _numbers(seen: Seen, known: Reference | None) -> Columns:
    """Of a batch, or of its second half."""
    paired = seen.displacement is not None
    images = len(seen.radius) // 2 if paired else len(seen.radius)
    own = slice(len(seen.radius) - images, None)
    columns: Columns = dict.fromkeys(GEOMETRY, np.full(images, np.nan)) | {
        "n_units": np.full(images, seen.units),
        "displacement": np.zeros(images) if seen.displacement is None else seen.displacement,
        "clean_radius": seen.radius[:images],
        "radius": seen.radius[own],
        "rectified_radius": seen.rectified[own],
    }
    placed = geometry(seen.codes[own], known) if known is not None and seen.codes is not None else {}
    return columns | {name: placed[name] for name in GEOMETRY if name in placed}


def _reference(codes: Codes, labels: Labels) -> Reference | None:
    try:
        return reference(codes, labels)
    except EstimatorError:
        return None


def _joined(parts: Sequence[dict[Place, Columns]]) -> dict[Place, Columns]:
    return {
        place: {name: np.concatenate([part[place][name] for part in parts]) for name in columns}
        for place, columns in parts[0].items()
    }
