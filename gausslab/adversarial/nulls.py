r"""What a step to the decision boundary does to radii of codes that are nothing but Gaussian.

null A: z ~ N(0, I), the network's own head       null B: a Gaussian a class, fitted to the clean codes

Even null A's radii fall. A step to the nearest boundary takes away what the code has along the boundary's normal: with
two classes, no bias and no overshoot, $r'^2 = r^2 - u^2$ with $u = n \cdot z$ is chi-squared of one degree less,
whatever d is: every single code moves inwards, by about $1 / (2 \sqrt d)$ on average, and the AUROC of -r, over
independent pairs, is $P(\chi_{d-1} < \chi_d)$, $\frac12 + .2 / \sqrt d$ for large d. So a paired fall (H1) is no sign
of anything, and an AUROC near 1/2 is what Gaussianity alone gives.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from gausslab.adversarial.heads import Codes, Distances, Head
from gausslab.adversarial.mixtures import ClassMixture
from gausslab.adversarial.subspace import radius
from gausslab.config.checks import finite, require
from gausslab.errors import EstimatorError

OVERSHOOT = 0.02  # DeepFool's


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Codes before and after a step.

    Attributes:
        before: codes from which the head's boundary was found.
        after: the same after the step.
        unreachable: codes left out, since no boundary was found from them.
    """

    before: Float64[np.ndarray, "samples units"]
    after: Float64[np.ndarray, "samples units"]
    unreachable: int

    @property
    def changes(self) -> Float64[np.ndarray, " samples"]:
        """Radius after less radius before."""
        return np.asarray(radius(self.after) - radius(self.before))


Step = Callable[[Codes, Head], Moved]


@dataclass(frozen=True, kw_only=True)
class MinimalStep:
    """To the nearest boundary and a little beyond.

    Attributes:
        overshoot: share of the distance that is added.
    """

    overshoot: float = OVERSHOOT

    def __post_init__(self) -> None:
        valid = finite(self.overshoot) and self.overshoot >= 0
        require(valid, "overshoot", self.overshoot, "a finite number of at least 0")

    def __call__(self, codes: Codes, head: Head) -> Moved:
        """Codes before and after."""
        found = head.boundary(codes)
        return _moved(codes, found.directions, (1 + self.overshoot) * found.distances)


@dataclass(frozen=True, kw_only=True)
class ObservedStep:
    """Towards the nearest boundary, as far as an attack really moved codes.

    A code whose distance from the boundary is at some quantile of all goes as far as the attacked code whose distance
    was at that quantile: near codes make short steps, as under the attack.

    How it can mislead: an attack on images moves codes sideways too. The whole displacement, spent in the direction of
    the boundary, goes far beyond it, where radii rise again.

    Attributes:
        distances: of the attacked codes from the boundary, before the attack.
        lengths: by how much the attack moved them, in the same order.
    """

    distances: Float64[np.ndarray, " examples"]
    lengths: Float64[np.ndarray, " examples"]

    def __post_init__(self) -> None:
        if not len(self.distances) or not (np.isfinite(self.lengths).all() and (self.lengths >= 0).all()):
            raise EstimatorError("an observed step needs finite lengths of at least 0 of one example or more")

    def __call__(self, codes: Codes, head: Head) -> Moved:
        """Codes before and after."""
        found = head.boundary(codes)
        lengths = by_quantile(found.distances, self.distances, self.lengths)
        return _moved(codes, found.directions, np.where(np.isfinite(found.distances), lengths, np.inf))


def observed_step(clean: Codes, adversarial: Float[np.ndarray, "samples units"], head: Head) -> ObservedStep:
    """The steps that an attack made in the space of the codes, row i of the one becoming row i of the other."""
    return ObservedStep(
        distances=head.boundary(clean).distances, lengths=radius(adversarial.astype(np.float64) - clean)
    )


def by_quantile(
    given: Distances, distances: Float64[np.ndarray, " examples"], lengths: Float64[np.ndarray, " examples"]
) -> Distances:
    """To every given distance the length that belongs to the same quantile of the distances.

    >>> by_quantile(np.array([9.0, 1.0]), np.array([0.3, 0.1, 0.2, 0.4]), np.array([3.0, 1.0, 2.0, 4.0])).tolist()
    [4.0, 2.0]
    """
    ranks = given.argsort(kind="stable").argsort(kind="stable")
    place = ((ranks + 0.5) * len(distances) / len(given)).astype(np.int64)
    return np.asarray(lengths[distances.argsort(kind="stable")][place])


def null_a(head: Head, units: int, samples: int, generator: np.random.Generator, step: Step | None = None) -> Moved:
    """An isotropic Gaussian code under the head.

    Args:
        head: of the network.
        units: of the code.
        samples: how many codes.
        generator: of the codes.
        step: the least one by default.
    """
    return (step or MinimalStep())(generator.standard_normal((samples, units)), head)


def null_b(
    head: Head, mixture: ClassMixture, samples: int, generator: np.random.Generator, step: Step | None = None
) -> Moved:
    """Codes of a class-wise Gaussian mixture under the head; only those put into their own class, as attacks start so.

    Args:
        head: of the network, of the same codes as the mixture.
        mixture: fitted to clean codes; `standardised()` for codes that follow a batch norm.
        samples: codes drawn, of which those that the head gets wrong are left out.
        generator: of the codes.
        step: the least one by default.

    Raises:
        EstimatorError: the head gets all of them wrong.
    """
    codes, labels = mixture.sample(samples, generator)
    right = head(codes).argmax(1) == labels
    if not right.any():
        raise EstimatorError("null B needs codes that the head puts into their own class, got none: other labels?")
    return (step or MinimalStep())(codes[right], head)


def _moved(codes: Codes, directions: Float64[np.ndarray, "samples units"], lengths: Distances) -> Moved:
    reached = np.isfinite(lengths)
    before = codes[reached].astype(np.float64)
    after = before + lengths[reached, None] * directions[reached]
    return Moved(before=before, after=after, unreachable=int((~reached).sum()))
