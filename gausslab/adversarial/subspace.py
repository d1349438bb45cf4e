r"""Where a code lies: its radius, the parts inside and outside the class means' subspace, Mahalanobis distances.

A reference is fitted to clean codes and then asked about any codes, clean ones included.
"""

import contextlib
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int
from scipy import stats
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from gausslab.errors import EstimatorError

Codes = Float[np.ndarray, "samples units"]
Radii = Float64[np.ndarray, " samples"]
Labels = Int[np.ndarray, " samples"]
Matrix = Float64[np.ndarray, "units units"]
ROUNDING = 1e-6  # of the widest unit's spread: a direction in which codes vary less does not vary


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What clean codes of a layer are like.

    Attributes:
        means: of every class.
        mean: of all codes.
        directions: orthonormal basis of the subspace of the class means, a column a direction.
        within: lower Cholesky factor of the covariance within classes, the same for all.
        total: likewise of the covariance of all codes.
    """

    means: Float64[np.ndarray, "classes units"]
    mean: Float64[np.ndarray, " units"]
    directions: Float64[np.ndarray, "units directions"]
    within: Matrix
    total: Matrix

    def inside_outside(self, codes: Codes) -> tuple[Radii, Radii]:
        r"""$\|P z\|$ and $\|z - P z\|$ with P the projection on the class means' subspace: squares add up to r^2."""
        given = codes.astype(np.float64)
        inside = given @ self.directions
        return radius(inside), radius(given - inside @ self.directions.T)

    def class_mahalanobis(self, codes: Codes) -> Radii:
        r"""$\min_c \sqrt{(z - m_c)' S^{-1} (z - m_c)}$, S the covariance within classes, shared by all.

        The root of the negative confidence of Lee et al. (of one layer, without their input noise).

        Source: Lee, Lee, Lee & Shin (2018), NeurIPS, equations 1 and 2.
        """
        given, centres = (_whitened(x, self.within) for x in (codes, self.means))
        distances = np.stack([radius(given - centre) for centre in centres])
        return np.asarray(distances.min(0))

    def code_mahalanobis(self, codes: Codes) -> Radii:
        r"""$\sqrt{(z - m)' C^{-1} (z - m)}$ with mean and covariance of all codes, whatever their class.

        The radius of the whitened code: chi(d) for Gaussian codes of any covariance.
        """
        return radius(_whitened(codes - self.mean, self.total))


def reference(codes: Codes, labels: Labels) -> Reference:
    """Fitted to clean codes.

    The subspace is spanned by the class means less the mean of all codes, so that it has at most one direction fewer
    than there are classes. After a batch norm the mean of all codes is noise around 0, which would otherwise count as
    one more direction, a random one. Covariances divide by n.

    How it can mislead: with fewer units than classes the subspace is everything, and nothing lies outside.

    Args:
        codes: clean, of held-out images: those that the network was trained on lie nearer to their class means.
        labels: true classes.

    Raises:
        EstimatorError: fewer than two classes, or codes that fill no volume within them.
    """
    given = codes.astype(np.float64)
    classes, place = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise EstimatorError(f"a reference needs codes of at least 2 classes, got {len(classes)}")
    means, mean = class_means(given, place), given.mean(0)
    return Reference(
        means=means,
        mean=mean,
        directions=span(means - mean),
        within=_factor(given - means[place], "within classes"),
        total=_factor(given - mean, "of all codes"),
    )


def radius(codes: Codes) -> Radii:
    r"""$\|z\|$, in float64."""
    return np.asarray(np.linalg.norm(codes.astype(np.float64), axis=1))


def rectified_radius(codes: Codes) -> Radii:
    r"""$\|\max(z, 0)\|$: what a ReLU after the layer lets through."""
    return radius(np.maximum(codes, 0))


def chi_line(units: int) -> tuple[float, float]:
    """Mean and standard deviation of chi(d), the radii of N(0, I).

    >>> tuple(round(number, 4) for number in chi_line(2))
    (1.2533, 0.6551)
    """
    law = stats.chi(units)
    return float(law.mean()), float(law.std())


def geometry(codes: Codes, clean: Reference) -> dict[str, Radii]:
    """Every number of a code that the table of examples records, by its column."""
    inside, outside = clean.inside_outside(codes)
    return {
        "radius": radius(codes),
        "rectified_radius": rectified_radius(codes),
        "radius_inside": inside,
        "radius_outside": outside,
        "class_mahalanobis": clean.class_mahalanobis(codes),
        "code_mahalanobis": clean.code_mahalanobis(codes),
    }


def class_means(codes: Codes, place: Labels) -> Float64[np.ndarray, "classes units"]:
    """Of the classes 0, 1, ..., none of which is empty."""
    return np.stack([codes[place == label].astype(np.float64).mean(0) for label in range(place.max() + 1)])


def span(rows: Float64[np.ndarray, "rows units"]) -> Float64[np.ndarray, "units directions"]:
    """Orthonormal basis of what the rows span, to rounding, a column a direction."""
    _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
    limit = sizes.max(initial=0.0) * max(rows.shape) * np.finfo(np.float64).eps
    return np.asarray(directions[sizes > limit].T)


def _factor(centred: Float64[np.ndarray, "samples units"], what: str) -> Matrix:
    """A pivot is what is left of a unit's spread beside the units before it; that of float32 codes is known to 1e-7."""
    covariance = centred.T @ centred / len(centred)
    least = ROUNDING * math.sqrt(covariance.diagonal().max())
    with contextlib.suppress(LinAlgError):
        factor: Matrix = cholesky(covariance, lower=True)
        if factor.diagonal().min() > least:
            return factor
    raise EstimatorError(f"the covariance {what} is singular: {len(centred)} codes of {centred.shape[1]} units")


def _whitened(codes: Codes, factor: Matrix) -> Float64[np.ndarray, "samples units"]:
    return np.asarray(solve_triangular(factor, codes.astype(np.float64).T, lower=True).T)
