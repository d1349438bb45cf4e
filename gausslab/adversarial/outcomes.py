"""What an attack achieved, judged afresh: an attack's own word about its success is never taken."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from gausslab.adversarial.balls import beside
from gausslab.adversarial.guards import Images, guarded, require_images, seeded
from gausslab.errors import EstimatorError

Classes = Int64[Tensor, " samples"]
Values = Float[Tensor, " samples"]
Attack = Callable[[Tensor], Tensor]
"""Clean images to adversarial ones of the same shape; run by `attacked`, which sees to everything else."""


@dataclass(frozen=True, kw_only=True)
class PairedMeans:
    """A number of the successful pairs, never without the rate of success and the clean mean of the same examples.

    Attributes:
        success_rate: share of the attempted examples that succeeded.
        attempted: examples attacked: those that the network has right.
        empty: results that were dropped for being blank.
        pairs: successful ones, over which both means go.
        clean_mean: of the clean examples whose attack succeeded; NaN without any.
        adversarial_mean: of their adversarial versions.
    """

    success_rate: float
    attempted: int
    empty: int
    pairs: int
    clean_mean: float
    adversarial_mean: float


@dataclass(frozen=True, kw_only=True, eq=False)
class AttackBatch:
    """Images and what became of them, row by row.

    Attributes:
        clean: the images attacked.
        adversarial: what the attack made of them, in [0, 1]; the clean image itself where the result was empty.
        labels: true classes; None where there are none.
        clean_logits: of the clean images.
        logits: of the adversarial images, from a forward pass of their own after the attack.
        attempted: the network has the clean image right. Where it has not, nothing has to be done for a wrong answer:
            those are no successes, and no failures. Without labels every image is attempted.
        success: attempted, neither empty nor violating, and the prediction is another one than the true class (without
            labels than the clean prediction; the target class, if the attack had one).
        empty: the result was blank, all zeros where the image was not, or not finite: a failure.
        violated: the result broke what the attack had to keep: a failure.
        d_l2: Euclidean distance from the clean image, NaN where the result was empty.
        d_linf: largest change of a pixel, likewise.
    """

    clean: Images
    adversarial: Images
    labels: Classes | None
    clean_logits: Float[Tensor, "samples classes"]
    logits: Float[Tensor, "samples classes"]
    attempted: Bool[Tensor, " samples"]
    success: Bool[Tensor, " samples"]
    empty: Bool[Tensor, " samples"]
    violated: Bool[Tensor, " samples"]
    d_l2: Values
    d_linf: Values

    def __len__(self) -> int:
        """Number of images."""
        return len(self.clean)

    @property
    def prediction(self) -> Classes:
        """Class with the largest logit, of the adversarial images."""
        return self.logits.argmax(1)

    @property
    def reference(self) -> Classes:
        """The class that the network should say: the true one, or what it said of the clean image."""
        return self.clean_logits.argmax(1) if self.labels is None else self.labels

    @property
    def margin(self) -> Values:
        """Decision margin of the adversarial images; negative where the prediction is wrong."""
        return margins(self.logits, self.reference)

    @property
    def lead(self) -> Values:
        """Largest logit less the second, of the adversarial images: the margin of whatever class is predicted."""
        return margins(self.logits, self.prediction)

    @property
    def max_softmax(self) -> Values:
        """Largest class probability of the adversarial images."""
        return self.logits.softmax(1).amax(1)

    @property
    def empty_count(self) -> int:
        """Results dropped for being blank."""
        return int(self.empty.sum())

    @property
    def success_rate(self) -> float:
        """Share of the attempted examples that succeeded; NaN when none was attempted."""
        attempted = int(self.attempted.sum())
        return int(self.success.sum()) / attempted if attempted else math.nan

    @property
    def minimal_norms(self) -> Values:
        """Euclidean distance where the attack succeeded, else NaN: what `noise` without a size takes."""
        return self.d_l2.where(self.success, math.nan)

    def paired_means(self, clean_values: Values, adversarial_values: Values) -> PairedMeans:
        """Means over the successful pairs of a number that each clean and each adversarial image has, all rows given.

        Raises:
            EstimatorError: there is not one value an image.
        """
        for values in (clean_values, adversarial_values):
            if values.shape != (len(self),):
                raise EstimatorError(f"expected one value for each of {len(self)} images, got {tuple(values.shape)}")
        clean, adversarial = (values[self.success].double().mean() for values in (clean_values, adversarial_values))
        return PairedMeans(
            success_rate=self.success_rate,
            attempted=int(self.attempted.sum()),
            empty=self.empty_count,
            pairs=int(self.success.sum()),
            clean_mean=float(clean),
            adversarial_mean=float(adversarial),
        )


def attacked(
    model: nn.Module,
    images: Images,
    labels: Classes | None,
    attack: Attack,
    *,
    seed: int,
    name: str,
    targets: Classes | None = None,
) -> AttackBatch:
    """Run an attack under all guards and judge what it gives.

    Args:
        model: images in [0, 1] to logits, samples x classes.
        images: in [0, 1].
        labels: true classes, used for the judgement alone; None judges by the change of the prediction.
        attack: the attack. It may draw from torch's global generator, which is seeded for it and put back.
        seed: root seed.
        name: of the stream of random numbers.
        targets: classes that the attack had to reach.

    Raises:
        EstimatorError: images outside [0, 1], labels that do not fit, or a model that gives no logits.
        GausslabError: the model's running statistics changed.
    """
    require_images(images)
    with guarded(model):
        clean = images.detach().clone()  # a tensor of inference mode could not be differentiated
        with seeded(seed, name):
            found = attack(clean.clone()).detach()
        return _judged(model, clean, found, labels, targets)


def logits_of(model: nn.Module, images: Images) -> Float[Tensor, "samples classes"]:
    """Logits without a graph; the caller sees to the model's mode.

    Raises:
        EstimatorError: the model gives something else.
    """
    with torch.no_grad():
        logits = model(images)
    shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(images) or logits.shape[1] < 2:
        raise EstimatorError(f"model must give logits, {len(images)} x at least 2 classes, got {shape}")
    return logits


def margins(logits: Float[Tensor, "samples classes"], classes: Classes) -> Values:
    """Logit of a class less the largest of the others."""
    own = logits.gather(1, classes.unsqueeze(1)).squeeze(1)
    others = logits.scatter(1, classes.unsqueeze(1), -math.inf)
    return own - others.amax(1)


def joined(batches: Sequence[AttackBatch]) -> AttackBatch:
    """Batches of one data set as a single one, in order."""
    names = [field.name for field in fields(AttackBatch) if getattr(batches[0], field.name) is not None]
    columns: dict[str, Any] = {name: torch.cat([getattr(batch, name) for batch in batches]) for name in names}
    return AttackBatch(**({"labels": None} | columns))


def _judged(
    model: nn.Module, clean: Images, found: Tensor, labels: Classes | None, targets: Classes | None
) -> AttackBatch:
    if found.shape != clean.shape:
        raise EstimatorError(f"attack gave images of shape {tuple(found.shape)}, expected {tuple(clean.shape)}")
    empty = _empty(clean, found)
    adversarial = clean.where(beside(empty, clean), found.clamp(0, 1))
    clean_logits, logits = logits_of(model, clean), logits_of(model, adversarial)
    _require_labels(labels, clean_logits)
    attempted = torch.ones_like(empty) if labels is None else clean_logits.argmax(1) == labels
    change = (adversarial - clean).flatten(1)
    return AttackBatch(
        clean=clean,
        adversarial=adversarial,
        labels=labels,
        clean_logits=clean_logits,
        logits=logits,
        attempted=attempted,
        success=attempted & ~empty & _reached(clean_logits.argmax(1), logits.argmax(1), targets),
        empty=empty,
        violated=torch.zeros_like(empty),
        d_l2=change.norm(dim=1).where(~empty, math.nan),
        d_linf=change.abs().amax(1).where(~empty, math.nan),
    )


def _empty(clean: Images, found: Images) -> Bool[Tensor, " samples"]:
    blank = (found == 0).flatten(1).all(1) & (clean != 0).flatten(1).any(1)
    return blank | ~found.isfinite().flatten(1).all(1)


def _reached(before: Classes, after: Classes, targets: Classes | None) -> Bool[Tensor, " samples"]:
    """Where an example was attempted, its clean prediction is its true class."""
    return after != before if targets is None else after == targets


def _require_labels(labels: Tensor | None, logits: Tensor) -> None:
    if labels is None:
        return
    if labels.shape != (len(logits),):
        raise EstimatorError(f"expected one label for each of {len(logits)} images, got {tuple(labels.shape)}")
    if not ((labels >= 0) & (labels < logits.shape[1])).all():
        raise EstimatorError(f"labels must be from 0 to {logits.shape[1] - 1}, the classes of the model")
