"""The classifiers' loss."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from gausslab.errors import ConfigError
from gausslab.losses import kozachenko_leonenko
from gausslab.models import Classifier
from gausslab.objectives.base import Batch, Loss


@dataclass(frozen=True)
class CrossEntropy:
    r"""Mean cross entropy in nats, less \(\lambda\) times the entropy of the batch's codes.

    Attributes:
        entropy_weight: lambda; 0 is a plain classifier, and the entropy is not computed.
        neighbours: k of the entropy's estimator.
    """

    entropy_weight: float = 0.0
    neighbours: int = 1

    def __call__(self, model: Classifier, batch: Batch, generator: torch.Generator) -> Loss:
        """The loss of one batch.

        Raises:
            ConfigError: the images have no classes.
        """
        if batch.labels is None:
            raise ConfigError("a classifier needs images with classes; choose another data set")
        codes = model.encode(batch.images)
        logits = model.head(codes)
        error = functional.cross_entropy(logits, batch.labels)
        accuracy = (logits.argmax(1) == batch.labels).float().mean()
        parts = {"cross_entropy": error.detach(), "accuracy": accuracy}
        if self.entropy_weight == 0:
            return Loss(error, parts)
        entropy = kozachenko_leonenko(codes, self.neighbours)
        return Loss(error - self.entropy_weight * entropy, {**parts, "entropy": entropy.detach()})
