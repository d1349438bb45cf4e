"""Terms about the codes of a batch: what regularises them towards a law, or keeps them small.

Each is a function of the `Pass`; parameters are fields of a frozen dataclass.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.errors import ConfigError
from gausslab.losses import free_loss, kozachenko_leonenko, sigreg, two_sample_mmd
from gausslab.objectives.passes import Pass, normal_like
from gausslab.seeding import torch_generator


@dataclass(frozen=True, eq=False)
class Entropy:
    r"""Kozachenko-Leonenko entropy of the batch's codes in nats (thesis, equation 2.2 subtracts lambda times it).

    Its bias depends on the batch size, which is why the loop keeps that fixed. A large weight moves the codes past a
    Gaussian, to a thin shell.

    Attributes:
        neighbours: k of the estimator.
        projection: a fixed map of the code with orthonormal columns, whose image's entropy is taken; None is the code.
    """

    neighbours: int = 1
    projection: Float[Tensor, "units mapped"] | None = None

    def __call__(self, seen: Pass) -> Float[Tensor, ""]:
        """The entropy."""
        codes = seen.mean if self.projection is None else seen.mean @ self.projection.to(seen.mean)
        return kozachenko_leonenko(codes, self.neighbours)


def orthonormal_map(units: int, mapped: int, seed: int) -> Float[Tensor, "units mapped"]:
    """A random map to fewer dimensions with orthonormal columns, fixed by the seed."""
    gaussian = torch.randn(units, mapped, generator=torch_generator(seed, "entropy-map"), dtype=torch.float64)
    basis: Tensor = torch.linalg.qr(gaussian).Q
    return basis


def squared_code(seen: Pass) -> Float[Tensor, ""]:
    r"""\( \frac1{nd} \sum z^2 \): the RAE's, as its code has it (its paper writes half the squared norm)."""
    return seen.mean.square().mean()


def posterior_divergence(seen: Pass) -> Float[Tensor, ""]:
    r"""\( \frac1n \sum_i \frac12 \sum_j (\sigma_{ij}^2 + \mu_{ij}^2 - 1 - 2 \ln\sigma_{ij}) \): the VAE's KL, in nats.

    Raises:
        ConfigError: the encoder is deterministic.
    """
    if seen.log_sd is None:
        raise ConfigError("a deterministic encoder has no posterior to take the divergence of")
    terms = (2 * seen.log_sd).exp() + seen.mean.square() - 1 - 2 * seen.log_sd
    return terms.sum() / (2 * len(terms))


def discrepancy(seen: Pass) -> Float[Tensor, ""]:
    """Squared MMD of the codes to as many samples of N(0, I), drawn anew at every step: WAE-MMD's; may be negative."""
    return two_sample_mmd(seen.codes, normal_like(seen.codes, seen.generator))


def sliced_statistic(seen: Pass) -> Float[Tensor, ""]:
    """SIGReg of the codes, its directions drawn anew at every step."""
    step = int(torch.randint(2**31, (), generator=seen.generator))
    return sigreg(seen.mean, step)


def free_energy(seen: Pass) -> Float[Tensor, ""]:
    """Matricial free energy of the codes' singular values."""
    return free_loss(seen.mean)
