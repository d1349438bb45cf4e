"""The entropic autoencoder's loss (thesis, section 2.3)."""

from dataclasses import dataclass

import torch

from gausslab.errors import ConfigError
from gausslab.estimators import kozachenko_leonenko
from gausslab.models import Autoencoder
from gausslab.objectives.reconstruction import Batch, Loss, summed_squared_error


@dataclass(frozen=True)
class Entropic:
    r"""Squared error minus weighted code entropy (thesis, equation 2.2).

    \[ L = \frac1n \sum_i \|\hat x_i - x_i\|^2 - \lambda\, \hat H(z_1, \dots, z_n) \]

    with \(\hat H\) the Kozachenko-Leonenko estimate of the minibatch of batch-normed codes, in nats. Its bias depends
    on the batch size, which is why the loop keeps that fixed. A large weight moves the codes past a Gaussian, to a thin
    shell.

    Attributes:
        entropy_weight: lambda.
        neighbours: k of the estimator.
    """

    entropy_weight: float
    neighbours: int = 1

    def __post_init__(self) -> None:
        if self.entropy_weight < 0:
            raise ConfigError(f"entropy_weight must be at least 0, got {self.entropy_weight}")

    def __call__(
        self,
        model: Autoencoder,
        batch: Batch,
        generator: torch.Generator,
    ) -> Loss:
        """The loss of one batch."""
        codes = model.encode(batch.images)
        error = summed_squared_error(batch.images, model.decode(codes))
        entropy = kozachenko_leonenko(codes, self.neighbours)
        parts = {"reconstruction": error.detach(), "entropy": entropy.detach()}
        return Loss(error - self.entropy_weight * entropy, parts)
