r"""A Gaussian a class, fitted to clean codes with their labels: the law of null B."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int

from gausslab.adversarial.subspace import class_means
from gausslab.errors import EstimatorError

Codes = Float[np.ndarray, "samples units"]
Labels = Int[np.ndarray, " samples"]


@dataclass(frozen=True, kw_only=True)
class ClassMixture:
    r"""$\sum_c p_c N(m_c, A_c A_c')$.

    Attributes:
        classes: their numbers.
        shares: of every class.
        means: of every class.
        factors: a square root of every class's covariance.
    """

    classes: Int[np.ndarray, " classes"]
    shares: Float64[np.ndarray, " classes"]
    means: Float64[np.ndarray, "classes units"]
    factors: Float64[np.ndarray, "classes units units"]

    def sample(
        self, samples: int, generator: np.random.Generator
    ) -> tuple[Float64[np.ndarray, "samples units"], Labels]:
        """Independent codes and their classes, in random order."""
        place = generator.choice(len(self.shares), samples, p=self.shares)
        codes = generator.standard_normal((samples, self.means.shape[1]))
        for label, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            own = place == label
            codes[own] = mean + codes[own] @ factor.T
        return codes, self.classes[place]

    def standardised(self) -> "ClassMixture":
        """The mixture after a batch norm that knows it exactly: every unit of mean 0 and variance 1.

        Units that never vary stay at 0.
        """
        mean = self.shares @ self.means
        spread = np.sqrt(self._variances())
        scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
        return ClassMixture(
            classes=self.classes,
            shares=self.shares,
            means=(self.means - mean) * scale,
            factors=scale[:, None] * self.factors,
        )

    def _variances(self) -> Float64[np.ndarray, " units"]:
        """Of the units over all classes."""
        within = self.shares @ np.square(self.factors).sum(2)
        return np.asarray(within + self.shares @ np.square(self.means - self.shares @ self.means))


def shared_mixture(codes: Codes, labels: Labels) -> ClassMixture:
    """Classes of one covariance, that within classes.

    Args:
        codes: clean.
        labels: true classes.
    """
    given, classes, place = _grouped(codes, labels)
    means = class_means(given, place)
    root = _root(given - means[place])
    return ClassMixture(
        classes=classes, shares=_shares(place), means=means, factors=np.repeat(root[None], len(classes), axis=0)
    )


def own_mixture(codes: Codes, labels: Labels) -> ClassMixture:
    """Every class with its own covariance, which with few samples a class is one of those samples, not of the law.

    Args:
        codes: clean.
        labels: true classes.
    """
    given, classes, place = _grouped(codes, labels)
    means = class_means(given, place)
    centred = given - means[place]
    factors = np.stack([_root(centred[place == label]) for label in range(len(classes))])
    return ClassMixture(classes=classes, shares=_shares(place), means=means, factors=factors)


def _grouped(
    codes: Codes, labels: Labels
) -> tuple[Float64[np.ndarray, "samples units"], Int[np.ndarray, " classes"], Labels]:
    """Codes in float64, the classes, and of every code the place of its own among them."""
    classes, place = np.unique(labels, return_inverse=True)
    if np.bincount(place).min() < 2:
        raise EstimatorError("a mixture of classes needs at least 2 codes of each class")
    return codes.astype(np.float64), classes, place


def _shares(place: Labels) -> Float64[np.ndarray, " classes"]:
    return np.asarray(np.bincount(place) / len(place))


def _root(centred: Float64[np.ndarray, "samples units"]) -> Float64[np.ndarray, "units units"]:
    """Symmetric square root of the covariance, singular ones too."""
    sizes, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    return np.asarray(axes * np.sqrt(np.maximum(sizes, 0)) @ axes.T)
