r"""The Frechet distance between two sets of features, each told by its mean and covariance.

    $d^2 = \|\mu - \mu'\|^2 + \mathrm{tr}(S + S' - 2 (S S')^{1/2})$

It is the squared 2-Wasserstein distance of two normal laws with these moments.

Source: Dowson & Landau (1982), Journal of Multivariate Analysis 12:450-455; as a score of images Heusel, Ramsauer,
Unterthiner, Nessler & Hochreiter (2017), GANs Trained by a Two Time-Scale Update Rule, NeurIPS.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.errors import EstimatorError
from gausslab.streaming import COVARIANCE_UNITS, Moments, merge, moments_of

BLOCK = 2000  # features taken to float64 at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureStatistics:
    """All that the distance knows of a set of features, in float64.

    Attributes:
        n: samples, at least 2.
        mean: their mean.
        covariance: unbiased, over n - 1.
    """

    n: int
    mean: Float64[Tensor, " features"]
    covariance: Float64[Tensor, "features features"]

    def __post_init__(self) -> None:
        if self.n < 2:
            raise EstimatorError(f"feature statistics: expected at least 2 samples, got {self.n}")
        if not (self.mean.isfinite().all() and self.covariance.isfinite().all()):
            raise EstimatorError("feature statistics: expected finite features, got NaN or infinity")

    @classmethod
    def of(cls, features: Float[Tensor, "samples features"]) -> "FeatureStatistics":
        """Statistics of features held as a whole, whatever their precision.

        Raises:
            EstimatorError: as for `streamed`.
        """
        return cls.streamed(torch.split(features, BLOCK))

    @classmethod
    def streamed(cls, batches: Iterable[Float[Tensor, "_ features"]]) -> "FeatureStatistics":
        """Statistics of features that come in batches, by pairwise merging: no large numbers are subtracted.

        Raises:
            EstimatorError: fewer than two samples, values that are not finite, or more features than a covariance is
                kept of.
        """
        moments = (_moments(batch) for batch in batches if len(batch))
        first = next(moments, None)
        if first is None:
            raise EstimatorError("feature statistics: expected at least 2 samples, got 0")
        return cls._from(reduce(merge, moments, first))

    def merged(self, other: "FeatureStatistics") -> "FeatureStatistics":
        """Statistics of both sets together."""
        return self._from(merge(self._moments, other._moments))

    @property
    def _moments(self) -> Moments:
        return Moments(self.n, self.mean, self.covariance * (self.n - 1))

    @classmethod
    def _from(cls, moments: Moments) -> "FeatureStatistics":
        return cls(n=moments.count, mean=moments.mean, covariance=moments.covariance)


def frechet_distance(first: FeatureStatistics, second: FeatureStatistics) -> float:
    r"""$\|\mu - \mu'\|^2 + \mathrm{tr}\,S + \mathrm{tr}\,S' - 2 \sum_i \sigma_i(A^\top A')$ with $S = A A^\top$.

    The singular values $\sigma_i$ of $A^\top A'$ are the square roots of the eigenvalues of $S S'$, which are taken
    neither of a matrix without symmetry nor of numbers near 0: no complex numbers arise and nothing is added to a
    diagonal. Eigenvalues of S that are 0 to rounding are left out, so fewer samples than features cost no accuracy.
    Rounding is of the order of 1e-15 features times the larger trace; identical statistics give 0 to that.

    How it can mislead: sampling errors add to it on average, by a term of order 1/n that grows with the features: with
    1280 features and a few thousand images it is more than the differences between models. Compare scores of the same
    n only, and with the floor between real images. It sees means and covariances alone: sets of other shape can have
    distance 0.

    Args:
        first: statistics of one set.
        second: of the other, with the same features.

    Raises:
        EstimatorError: the numbers of features differ.
    """
    if len(first.mean) != len(second.mean):
        raise EstimatorError(f"frechet_distance: got {len(first.mean)} features and {len(second.mean)}, expected equal")
    factor, other = _factor(first.covariance), _factor(second.covariance)
    shift = (first.mean - second.mean).square().sum()
    traces = factor.square().sum() + other.square().sum()
    distance = shift + traces - 2 * torch.linalg.svdvals(factor.T @ other).sum()
    return max(0.0, float(distance))


def _factor(covariance: Float64[Tensor, "features features"]) -> Float64[Tensor, "features rank"]:
    """A with A A^T the covariance, of as many columns as it has eigenvalues above rounding."""
    values, vectors = torch.linalg.eigh(covariance)
    rounding = torch.finfo(values.dtype).eps * len(values) * values[-1]
    kept = values > rounding
    factor: Tensor = vectors[:, kept] * values[kept].sqrt()
    return factor


def _moments(features: Float[Tensor, "samples features"]) -> Moments:
    if features.shape[1] > COVARIANCE_UNITS:
        raise EstimatorError(
            f"feature statistics: at most {COVARIANCE_UNITS} features have their covariance kept, "
            f"got {features.shape[1]}"
        )
    return moments_of(features)
