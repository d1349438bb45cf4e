r"""What a head says of codes, and how far their decision boundary is.

A linear head has its boundary in closed form. One of several layers needs a search: `gausslab.adversarial.search`.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float64, Int
from scipy.special import logsumexp

from gausslab.errors import EstimatorError

Codes = Float[np.ndarray, "samples units"]
Distances = Float64[np.ndarray, " samples"]


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What a head decides.

    Attributes:
        predictions: the class of the highest logit.
        margins: that logit less the next one; never negative, whatever the true class is.
        max_softmax: probability of the predicted class.
    """

    predictions: Int[np.ndarray, " samples"]
    margins: Float64[np.ndarray, " samples"]
    max_softmax: Float64[np.ndarray, " samples"]


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """The nearest point at which the prediction changes, from each code.

    Attributes:
        distances: Euclidean; infinite where none was found.
        directions: of length 1; 0 where none was found.
    """

    distances: Distances
    directions: Float64[np.ndarray, "samples units"]


@runtime_checkable
class Head(Protocol):
    """Codes to logits, with a boundary."""

    def __call__(self, codes: Codes) -> Float64[np.ndarray, "samples classes"]:
        """Logits."""

    def boundary(self, codes: Codes) -> Boundary:
        """The nearest boundary of every code."""


@dataclass(frozen=True, kw_only=True)
class LinearHead:
    r"""$W z + b$.

    Attributes:
        weight: a row a class.
        bias: one a class.
    """

    weight: Float[np.ndarray, "classes units"]
    bias: Float[np.ndarray, " classes"]

    def __post_init__(self) -> None:
        if len(self.weight) < 2:
            raise EstimatorError(f"a head decides between at least 2 classes, got {len(self.weight)}")
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            raise EstimatorError("a head needs finite weights, got NaN or infinity")

    def __call__(self, codes: Codes) -> Float64[np.ndarray, "samples classes"]:
        """Logits, in float64."""
        return np.asarray(codes.astype(np.float64) @ self.weight.T.astype(np.float64) + self.bias)

    def boundary(self, codes: Codes) -> Boundary:
        r"""Exact: the nearest of the hyperplanes between the predicted class i and each other class j.

        Distance $\min_j (l_i - l_j) / \|w_i - w_j\|$, in direction $w_j - w_i$. The nearest hyperplane is part of the
        boundary where the code's own region ends, since another class that led there would have a nearer one.

        Source: Moosavi-Dezfooli, Fawzi & Frossard (2016), DeepFool, CVPR, equations 6 and 7.
        """
        logits, rows = self(codes), np.arange(len(codes))
        own = logits.argmax(1)
        lengths = _lengths(self.weight.astype(np.float64))[own]
        gaps = logits[rows, own][:, None] - logits
        distances = np.divide(gaps, lengths, out=np.full_like(gaps, np.inf), where=lengths > 0)
        nearest = distances.argmin(1)
        reached = np.isfinite(distances[rows, nearest])
        normals = (self.weight[nearest] - self.weight[own]).astype(np.float64)
        scale = np.where(reached, lengths[rows, nearest], 1.0)
        directions = np.where(reached[:, None], normals / scale[:, None], 0.0)
        return Boundary(distances=distances[rows, nearest], directions=directions)


def decisions(logits: Float[np.ndarray, "samples classes"]) -> Decisions:
    """Prediction, margin and highest probability.

    >>> found = decisions(np.array([[0.0, 2.0, 1.5]]))
    >>> found.predictions.tolist(), found.margins.tolist(), found.max_softmax.round(3).tolist()
    ([1], [0.5], [0.574])
    """
    given = logits.astype(np.float64)
    second, top = np.partition(given, -2, axis=1)[:, -2:].T
    return Decisions(
        predictions=given.argmax(1), margins=top - second, max_softmax=np.exp(top - logsumexp(given, axis=1))
    )


def _lengths(weight: Float64[np.ndarray, "classes units"]) -> Float64[np.ndarray, "classes classes"]:
    """Lengths of the differences of all rows; 0 between a row and itself."""
    return np.asarray(np.linalg.norm(weight[:, None] - weight[None], axis=2))
