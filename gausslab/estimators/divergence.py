r"""Divergence from N(0, I) by nearest neighbours; from the law of another sample see `two_sample`."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from gausslab.estimators.contract import Estimate, computed_from
from gausslab.estimators.decomposition import whitened_null, whitened_readings
from gausslab.estimators.entropy import NeighbourEstimator, plain_null, plain_readings


@dataclass(frozen=True, kw_only=True)
class KnnKL(NeighbourEstimator):
    r"""One-sample nearest-neighbour estimate of KL(p || N(0, I)) in nats.

    `statistic`: $-\hat H_k(x) + \frac d2 \ln 2\pi + \frac1{2n} \sum_i \|x_i\|^2$ on the code as given, simple null.
    `whitened`: the same after whitening, composite null. `excess`: `whitened` minus its mean on whitened Gaussian
    samples of the same n and d: the part of the divergence that mean and covariance do not explain. Two-sided Monte
    Carlo p-values.

    Standard errors as in `KLDecomposition`.

    How it can mislead: on strongly correlated codes `statistic` is wrong by more than what it measures (an anisotropic
    Gaussian of condition number 100 is off by 7 nats at 32 units), so read `excess`; and above about 16 units that too
    is a test statistic, not a number of nats. Needs more samples than units.

    Source: Kozachenko & Leonenko (1987); Wang, Kulkarni & Verdu (2009), IEEE Transactions on Information Theory
    55:2392.

    Attributes:
        k: which neighbour.
        duplicates: `error`, `drop` or `jitter`, see `entropy.without_duplicates`.
    """

    name: ClassVar[str] = "knn_kl"

    def __call__(self, x: Float[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Rows `statistic`, `whitened` and `excess`."""
        x = self.usable(x)
        given, white = plain_readings(x, self.k)["divergence"], whitened_readings(x, self.k, self.name)["negentropy"]
        law = whitened_null(len(x), x.shape[1], self.k)["negentropy"]
        rows = (
            plain_null(len(x), x.shape[1], self.k)["divergence"].estimate("statistic", given, quantity="nats"),
            law.estimate("whitened", white, quantity="nats", null="composite"),
            law.excess("excess", white, quantity="nats", null="composite"),
        )
        return computed_from(len(x), rows)
