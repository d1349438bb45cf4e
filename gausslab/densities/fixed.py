"""Laws that are fixed beforehand: of the codes they take no more than the number of units."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.densities.codes import LatentCodes
from gausslab.densities.contract import OnCodes, Reporter


@dataclass(frozen=True)
class StandardNormal(OnCodes):
    """N(0, I)."""

    name: ClassVar[str] = "isotropic"
    units: int
    dtype: torch.dtype

    def sample(self, count: int, generator: torch.Generator) -> Float[Tensor, "samples units"]:
        """Independent codes."""
        return torch.randn(count, self.units, generator=generator, dtype=self.dtype)


@dataclass(frozen=True)
class StandardLaplace(OnCodes):
    r"""Independent units of density $\frac12 e^{-|x|}$: mean absolute value 1, variance 2."""

    name: ClassVar[str] = "laplace"
    units: int
    dtype: torch.dtype

    def sample(self, count: int, generator: torch.Generator) -> Float[Tensor, "samples units"]:
        """Independent codes, as differences of two exponential numbers of mean 1."""
        pairs = torch.empty(2, count, self.units, dtype=self.dtype).exponential_(generator=generator)
        return pairs[0] - pairs[1]


@dataclass(frozen=True, kw_only=True)
class Isotropic:
    """N(0, I), the prior of variational autoencoders; no parameter is fitted.

    How it can mislead: codes that are no N(0, I) are sampled from where the decoder was never trained, so a poor image
    may be the code's fault and not the decoder's. That is what this sampler is there to show.
    """

    name: ClassVar[str] = "isotropic"

    def fit(self, codes: LatentCodes, seed: int, report: Reporter = lambda progress: None) -> StandardNormal:
        """The law of as many units."""
        return StandardNormal(codes.units, codes.dtype)


@dataclass(frozen=True, kw_only=True)
class Laplace:
    r"""Independent Laplace units of mean absolute value 1; no parameter is fitted.

    To a bottleneck that divides units by their mean absolute value it is what N(0, I) is to one that divides them by
    their standard deviation: the law of largest entropy among those that the bottleneck allows.

    How it can mislead: its variance is 2, so for codes of unit variance it is too wide, and its tails reach far.
    """

    name: ClassVar[str] = "laplace"

    def fit(self, codes: LatentCodes, seed: int, report: Reporter = lambda progress: None) -> StandardLaplace:
        """The law of as many units."""
        return StandardLaplace(codes.units, codes.dtype)
