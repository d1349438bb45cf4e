"""What the two second stages minimise: the error of a passage and the divergence of its Gaussians from N(0, I)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.densities.second_stage.network import Passage

HALF_LOG_2_PI = math.log(2 * math.pi) / 2

Vectors = Float[Tensor, "samples units"]


def divergence(mean: Vectors, log_sd: Vectors) -> Float[Tensor, " samples"]:
    r"""KL of $N(m, \mathrm{diag}\, s^2)$ from N(0, I) in nats: $\frac12 \sum_j (s_j^2 + m_j^2 - 1 - 2 \ln s_j)$."""
    return ((2 * log_sd).exp() + mean.square() - 1 - 2 * log_sd).sum(1) / 2


class SquaredError(nn.Module):
    r"""$\frac1d \|\hat z - z\|^2 + w\,KL$, averaged over the batch; the error is a mean over units, the KL a sum."""

    def __init__(self, kl_weight: float) -> None:
        super().__init__()
        self.kl_weight = kl_weight

    def forward(self, z: Vectors, passage: Passage) -> Float[Tensor, ""]:
        """The loss of a batch."""
        error = (passage.back - z).square().mean(1)
        return (error + self.kl_weight * divergence(passage.mean, passage.log_sd)).mean()


class GaussianLikelihood(nn.Module):
    r"""$\sum_j [\frac{(\hat z_j - z_j)^2}{2 \gamma^2} + \ln\gamma + \frac12 \ln 2\pi] + KL$, averaged over the batch.

    In nats: an upper bound of the code's cross entropy.

    Attributes:
        log_gamma: logarithm of the one standard deviation of all units, learned; gamma begins at 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_gamma = nn.Parameter(torch.zeros(()))

    def forward(self, z: Vectors, passage: Passage) -> Float[Tensor, ""]:
        """The loss of a batch."""
        scaled = (passage.back - z) / self.log_gamma.exp()
        error = (scaled.square() / 2 + self.log_gamma + HALF_LOG_2_PI).sum(1)
        return (error + divergence(passage.mean, passage.log_sd)).mean()
