"""A Gaussian mixture, fitted by scikit-learn and sampled here."""

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.config.checks import finite, require, whole
from gausslab.densities.codes import LatentCodes, require_more_samples_than_units
from gausslab.densities.contract import OnCodes, Reporter
from gausslab.densities.gaussian import root
from gausslab.errors import EstimatorError, first_line
from gausslab.seeding import derive


@dataclass(frozen=True, eq=False)
class MixtureDensity(OnCodes):
    r"""$\sum_k w_k N(m_k, S_k)$.

    Attributes:
        weights: of the components.
        means: of every component.
        covariances: of every component.
        dtype: of samples; parameters and draws are in float64.
        converged: whether the likelihood came to rest before the iterations ran out.
        iterations: how many it took.
    """

    name: ClassVar[str] = "gmm"
    weights: Float64[Tensor, " components"]
    means: Float64[Tensor, "components units"]
    covariances: Float64[Tensor, "components units units"]
    dtype: torch.dtype
    converged: bool
    iterations: int

    def sample(self, count: int, generator: torch.Generator) -> Float[Tensor, "samples units"]:
        """Independent codes; components come in random order."""
        chosen = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        codes = torch.randn(count, self.means.shape[1], generator=generator, dtype=torch.float64)
        for component, (mean, covariance) in enumerate(zip(self.means, self.covariances, strict=True)):
            own = chosen == component
            codes[own] = mean + codes[own] @ root(covariance).T
        return codes.to(self.dtype)


@dataclass(frozen=True, kw_only=True)
class GaussianMixture:
    r"""Components of full covariance by expectation-maximisation, begun from one run of k-means.

    The defaults are those of the code that the thesis compares with. `regularisation` is added to the diagonal of every
    covariance, which therefore is never singular: units that never vary get that variance.

    How it can mislead: one start finds one local maximum, and another seed another one; components of few samples fit
    those samples and no law; `regularisation` is a variance in the units of the code, not small for a code whose
    variances are no larger.

    Source: Ghosh, Sajjadi, Vergari, Black & Schoelkopf (2020), From variational to deterministic autoencoders, ICLR,
    and its published code; Dempster, Laird & Rubin (1977), Journal of the Royal Statistical Society B 39:1-38.

    Attributes:
        components: how many.
        tolerance: gain of the mean log-likelihood, in nats, below which it has converged.
        iterations: most of them.
        regularisation: added to variances.
    """

    name: ClassVar[str] = "gmm"
    components: int = 10
    tolerance: float = 1e-3
    iterations: int = 2000
    regularisation: float = 1e-6

    def __post_init__(self) -> None:
        for field in ("components", "iterations"):
            value = getattr(self, field)
            require(whole(value, 1), f"{self.name}: {field}", value, "a whole number of at least 1")
        for field in ("tolerance", "regularisation"):
            value = getattr(self, field)
            require(finite(value) and value >= 0, f"{self.name}: {field}", value, "a finite number of at least 0")

    def fit(self, codes: LatentCodes, seed: int, report: Reporter = lambda progress: None) -> MixtureDensity:
        """The mixture of the codes' means; whether it converged is told by the density, not by a warning.

        Raises:
            EstimatorError: no more samples than units, fewer than components, or a fit that breaks down.
        """
        require_more_samples_than_units(codes, self.name)
        if len(codes) < self.components:
            raise EstimatorError(f"{self.name}: expected at least {self.components} samples, got {len(codes)}")
        found = self._fitted(codes.mean.double(), derive(seed, self.name) % 2**32)
        weights, means, covariances = map(torch.from_numpy, (found.weights_, found.means_, found.covariances_))
        return MixtureDensity(weights, means, covariances, codes.dtype, bool(found.converged_), int(found.n_iter_))

    def _fitted(self, x: Float64[Tensor, "samples units"], seed: int) -> Any:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture as Mixture
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        mixture = Mixture(
            self.components,
            tol=self.tolerance,
            reg_covar=self.regularisation,
            max_iter=self.iterations,
            random_state=seed,
        )
        with warnings.catch_warnings(), threadpool_limits(1, "openmp"):  # k-means adds up its threads as they come
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                return mixture.fit(x.numpy())
            except ValueError as error:  # a covariance that is singular to rounding
                raise EstimatorError(f"{self.name}: scikit-learn cannot fit it ({first_line(error)})") from None
