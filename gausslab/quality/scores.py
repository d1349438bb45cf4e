"""Scores of images against real ones, and what real images themselves score."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.errors import EstimatorError
from gausslab.labels import frechet_label, kernel_label
from gausslab.quality.frechet import FeatureStatistics, frechet_distance
from gausslab.quality.kernel import kernel_distance
from gausslab.quality.reference import Reference
from gausslab.seeding import torch_generator


@dataclass(frozen=True, kw_only=True)
class Score:
    """Two distances between n images and a reference.

    Attributes:
        extractor: name of the extractor.
        digest: its digest.
        data: data set of the reference.
        split: its split.
        n: images that are scored.
        n_reference: real images they are compared with.
        frechet: see `frechet_distance`; comparable at this n and with this extractor alone.
        kernel: see `kernel_distance`.
        kernel_error: its standard error.
    """

    extractor: str
    digest: str
    data: str
    split: str
    n: int
    n_reference: int
    frechet: float
    kernel: float
    kernel_error: float

    @property
    def frechet_label(self) -> str:
        """What `frechet` may be called."""
        return frechet_label(self.extractor)

    @property
    def kernel_label(self) -> str:
        """What `kernel` may be called."""
        return kernel_label(self.extractor)


def score(features: Float[Tensor, "samples features"], reference: Reference) -> Score:
    """The score of images whose features these are.

    Args:
        features: as the reference's own extractor makes them of quantised images.
        reference: real images.

    Raises:
        EstimatorError: fewer than four images, features that are not finite, or another number of them.
    """
    kernel, error = kernel_distance(features, reference.features)
    return Score(
        extractor=reference.extractor,
        digest=reference.digest,
        data=reference.data,
        split=reference.split,
        n=len(features),
        n_reference=len(reference.features),
        frechet=frechet_distance(FeatureStatistics.of(features), reference.statistics),
        kernel=kernel,
        kernel_error=error,
    )


def real_floor(held_out: Reference, reference: Reference, n: int, seed: int = 0) -> Score:
    """The score of n real images of another split: what a perfect model of the data would score at this n.

    Args:
        held_out: real images, other than the reference's and not trained on.
        reference: as for the scores beside which the floor stands.
        n: as many as those scores are of.
        seed: which n of the held-out images, where there are more.

    Raises:
        EstimatorError: the splits are the same, the extractors differ, or there are fewer than n images.
    """
    if (held_out.data, held_out.split) == (reference.data, reference.split):
        raise EstimatorError(
            f"real_floor: expected held-out images of another split than the reference's, got {held_out.split!r} twice"
        )
    if held_out.digest != reference.digest:
        raise EstimatorError(
            f"real_floor: expected features of one extractor, got {held_out.extractor} {held_out.digest} and "
            f"{reference.extractor} {reference.digest}"
        )
    return score(_some(held_out, n, seed), reference)


def _some(held_out: Reference, n: int, seed: int) -> Float[Tensor, "samples features"]:
    available = len(held_out.features)
    if n > available:
        raise EstimatorError(
            f"real_floor: expected at least {n} real images, as many as are scored, got {available} of split "
            f"{held_out.split!r}; score fewer"
        )
    rows = torch.randperm(available, generator=torch_generator(seed, "quality/floor"))[:n]
    return held_out.features[rows]
