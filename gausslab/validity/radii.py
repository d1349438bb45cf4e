r"""Mean radius of every law of `gausslab.laws`, and with it the spread of its radii over that of chi(d).

Every unit has mean 0 and variance 1, so $E r^2 = d$ and $SD(r)^2 = d - (E r)^2$. $E r = \frac1{\sqrt\pi} \int_0^\infty
[1 - M(u^2)] u^{-2} du$ with $M(s) = E e^{-s r^2}$, which is known for every law; for two of them $E r$ is.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy import stats
from scipy.integrate import quad
from scipy.special import erf, erfcx, gammaln, hyperu

from gausslab.laws import CORRELATION, SEPARATION, SHELL

Transform = Callable[[float, int], float]
"""ln M(s) by s and the number of units."""


def radial_ratio(law: str, units: int, *, white: bool = False) -> float:
    r"""$SD(\|x\|) / SD(\chi_d)$ of a law, or (`white`) of the law whitened by its own covariance.

    Raises:
        KeyError: the law is none of `gausslab.laws`.
    """
    name = WHITE.get(law, law) if white else law
    mean = MEANS[name](units) if name in MEANS else mean_radius(TRANSFORMS[name], units)
    return math.sqrt(units - mean**2) / float(stats.chi.std(units))


def mean_radius(transform: Transform, units: int) -> float:
    """E r by quadrature, cut where nearly all radii are longer than 1 / u."""

    def term(u: float) -> float:
        return -math.expm1(transform(u * u, units)) / (u * u)

    knots = [1e-3, 0.1, 0.5, 1.0, 2.0, 8.0, 64.0]
    parts = [
        quad(term, low / math.sqrt(units), high / math.sqrt(units), epsabs=0, epsrel=1e-9)[0]
        for low, high in pairwise(knots)
    ]
    start = math.sqrt(units) * knots[0]  # of the integrand's E r^2 = d below the first knot
    beyond = quad(term, knots[-1] / math.sqrt(units), math.inf, epsrel=1e-9)[0]
    return float(start + sum(parts) + beyond) / math.sqrt(math.pi)


def _gaussian(s: float, units: int) -> float:
    return -units / 2 * math.log1p(2 * s)


def _equicorrelated(s: float, units: int) -> float:
    first, others = 1 + (units - 1) * CORRELATION, 1 - CORRELATION
    return -(math.log1p(2 * s * first) + (units - 1) * math.log1p(2 * s * others)) / 2


def _cube(s: float, units: int) -> float:
    root = math.sqrt(3 * s)
    return units * math.log(math.sqrt(math.pi) / 2 * float(erf(root)) / root)


def _laplace(s: float, units: int) -> float:
    z = 1 / math.sqrt(2 * s)
    return units * math.log(math.sqrt(math.pi) * z * float(erfcx(z)))


def _t(freedom: float) -> Transform:
    r"""$u^2 / (\nu - 2)$ is a ratio of gamma variables, beta-prime: its transform is Tricomi's function."""

    def transform(s: float, units: int) -> float:
        scale = float(np.exp(gammaln((freedom + 1) / 2) - gammaln(freedom / 2)))
        return units * math.log(scale * float(hyperu(0.5, 1 - freedom / 2, s * (freedom - 2))))

    return transform


def _modes(s: float, units: int, scale: float, others: float) -> float:
    """One coordinate of two modes, its square times `scale`, and Gaussian others of variance `others`."""
    one = 2 * s * scale
    return -(s * scale * SEPARATION**2 / (1 + one) + math.log1p(one) / 2 + (units - 1) / 2 * math.log1p(2 * s * others))


def _bimodal(s: float, units: int) -> float:
    return _modes(s, units, 1 / (1 + SEPARATION**2), 1.0)


def _clusters(s: float, units: int) -> float:
    each = 1 / (1 + SEPARATION**2 / units)
    return _modes(s, units, each, each)


def _elliptical(freedom: float) -> Callable[[int], float]:
    r"""$E r = \sqrt{\nu - 2}\, E\chi_d\, E\chi_\nu^{-1}$."""

    def mean(units: int) -> float:
        inverse = math.exp(gammaln((freedom - 1) / 2) - gammaln(freedom / 2)) / math.sqrt(2)
        return math.sqrt(freedom - 2) * float(stats.chi.mean(units)) * inverse

    return mean


def _shell(units: int) -> float:
    mean, variance = float(stats.chi.mean(units)), float(stats.chi.var(units))
    return mean * math.sqrt(units / (mean**2 + SHELL**2 * variance))


TRANSFORMS: dict[str, Transform] = {
    "gaussian": _gaussian,
    "correlated": _equicorrelated,
    "t10": _t(10.0),
    "t5": _t(5.0),
    "cube": _cube,
    "cube-rotated": _cube,
    "laplace": _laplace,
    "laplace-rotated": _laplace,
    "clusters": _clusters,
    "bimodal-direction": _bimodal,
}
MEANS: dict[str, Callable[[int], float]] = {"t5-elliptical": _elliptical(5.0), "thin-shell": _shell}
WHITE = {"correlated": "gaussian", "clusters": "bimodal-direction"}
"""Laws whose covariance is not I, by the law of the same radii once they are whitened."""
