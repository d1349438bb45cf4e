r"""Laws whose divergence from a Gaussian is known: what estimators are checked against.

    law = get("laplace-rotated")
    x = law.draw(numpy_generator(0, "example"), samples=2000, units=32)
    law.kl(32)                        # KL(p || N(0, I)) in nats, exact up to a one-dimensional integral

Every law has mean 0 and unit variance in every unit, and all but `correlated` and `clusters` have covariance I, so that
their divergence is their negentropy. A rotated law is the same after a random rotation that its units share: no
measure that is blind to the axes may tell it from the law itself, and single units look almost Gaussian.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy import stats
from scipy.integrate import quad
from scipy.special import digamma, gammaln

from gausslab.config.checks import finite, require
from gausslab.errors import entry
from gausslab.seeding import numpy_generator

Samples = Float64[np.ndarray, "samples units"]
Drawing = Callable[[np.random.Generator, int, int], Samples]

HALF_LOG_2_PI_E = math.log(2 * math.pi * math.e) / 2
SEPARATION = 2.0  # of the two modes, in standard deviations of one mode, half of it to each side
SHELL = 0.5  # spread of the shell's radii over that of chi(d)
CORRELATION = 0.3
WIDEST = 0.1  # of a shell's thickness over its radius: ten standard deviations from there to the centre


@dataclass(frozen=True, kw_only=True)
class Law:
    """A law of samples x units, for any number of units.

    Attributes:
        name: in tables and on the command line.
        drawing: samples from a generator.
        divergence: KL(p || N(0, I)) in nats by the number of units.
        negentropy: KL(p || N(mean, covariance)) in nats by the number of units.
        unit_negentropy: negentropy of one unit by the number of units, if known.
        rotated: whether the units are mixed by a fixed random rotation.
    """

    name: str
    drawing: Drawing
    divergence: Callable[[int], float]
    negentropy: Callable[[int], float]
    unit_negentropy: Callable[[int], float] | None = None
    rotated: bool = False

    def draw(self, generator: np.random.Generator, samples: int, units: int) -> Samples:
        """Independent samples; the rotation, if there is one, is the same for every generator."""
        x = self.drawing(generator, samples, units)
        return x @ rotation(units) if self.rotated else x

    def kl(self, units: int) -> float:
        """KL(p || N(0, I)) in nats."""
        return self.divergence(units)

    def entropy(self, units: int) -> float:
        r"""Differential entropy in nats: since $E\|x\|^2 = d$, $\frac d2 \ln 2\pi e$ less the divergence."""
        return units * HALF_LOG_2_PI_E - self.kl(units)

    def marginal_negentropy(self, units: int) -> float | None:
        """Sum of the units' negentropies in nats; None where it is not known (rotated laws)."""
        return None if self.unit_negentropy is None else units * self.unit_negentropy(units)

    def dependence(self, units: int) -> float | None:
        """Negentropy of all units less the sum of theirs, in nats; None where it is not known."""
        marginal = self.marginal_negentropy(units)
        return None if marginal is None else self.negentropy(units) - marginal


def rotation(units: int) -> Float64[np.ndarray, "units units"]:
    """A rotation drawn uniformly, always the same for a number of units."""
    matrix = stats.ortho_group.rvs(units, random_state=numpy_generator(0, f"rotation/{units}")) if units > 1 else 1.0
    return np.asarray(matrix, dtype=np.float64).reshape(units, units)


def of_independent_units(name: str, one: Any, *, rotated: bool = False) -> Law:
    """Independent units of the same law (a frozen distribution of scipy), standardised. KL: d times that of one unit.

    >>> round(of_independent_units("cube", stats.uniform()).kl(2), 6)
    0.35297
    """
    mean, sd = float(one.mean()), float(one.std())
    each = HALF_LOG_2_PI_E - (float(one.entropy()) - math.log(sd))

    def drawing(generator: np.random.Generator, samples: int, units: int) -> Samples:
        return np.asarray((one.rvs((samples, units), random_state=generator) - mean) / sd, dtype=np.float64)

    def total(units: int) -> float:
        return units * each

    unit = None if rotated else lambda units: each
    return Law(name=name, drawing=drawing, divergence=total, negentropy=total, unit_negentropy=unit, rotated=rotated)


def elliptical_t(name: str, freedom: float) -> Law:
    r"""Multivariate t, scaled to covariance I: units that share a random scale.

    $h = \ln\frac{(\nu\pi)^{d/2} \Gamma(\nu/2)}{\Gamma((\nu+d)/2)} + \frac{\nu+d}2 [\psi(\frac{\nu+d}2) -
    \psi(\frac\nu2)]$ of the standard one, less $\frac d2 \ln\frac\nu{\nu-2}$.
    """

    def drawing(generator: np.random.Generator, samples: int, units: int) -> Samples:
        scale = np.sqrt((freedom - 2) / generator.chisquare(freedom, (samples, 1)))
        return np.asarray(generator.standard_normal((samples, units)) * scale)

    def total(units: int) -> float:
        whole, half = (freedom + units) / 2, freedom / 2
        entropy = units / 2 * math.log(freedom * math.pi) + gammaln(half) - gammaln(whole)
        entropy += whole * (digamma(whole) - digamma(half)) - units / 2 * math.log(freedom / (freedom - 2))
        return float(units * HALF_LOG_2_PI_E - entropy)

    return Law(name=name, drawing=drawing, divergence=total, negentropy=total, unit_negentropy=lambda units: total(1))


def thin_shell(name: str, spread: float = SHELL) -> Law:
    r"""A Gaussian whose radii lie closer together: $r = a [m + s (\chi_d - m)]$ with $m = E\chi_d$ and $E r^2 = d$.

    KL is that of the radius alone: $\int p(r) \ln\frac{p(r)}{\chi_d(r)} dr$. Its thickness, about $s / \sqrt2$, is
    nearly the same for every number of units, and always the same share of a Gaussian's.

    Args:
        name: of the law.
        spread: s, above 0.
    """
    require(finite(spread) and spread > 0, "spread", spread, "a number above 0")

    def constants(units: int) -> tuple[float, float]:
        chi = stats.chi(units)
        mean, variance = float(chi.mean()), float(chi.var())
        return mean, math.sqrt(units / (mean**2 + spread**2 * variance))

    def drawing(generator: np.random.Generator, samples: int, units: int) -> Samples:
        mean, scale = constants(units)
        x = generator.standard_normal((samples, units))
        radii = np.linalg.norm(x, axis=1, keepdims=True)
        return np.asarray(x / radii * scale * (mean + spread * (radii - mean)))

    def total(units: int) -> float:
        mean, scale = constants(units)
        chi = stats.chi(units)

        def term(before: float) -> float:
            after = scale * (mean + spread * (before - mean))
            log_ratio = chi.logpdf(before) - math.log(scale * spread) - chi.logpdf(after)
            return float(chi.pdf(before) * log_ratio)

        low, high = (float(chi.ppf(level)) for level in (1e-13, 1 - 1e-13))
        return float(quad(term, max(low, 1e-9), high, limit=400)[0])

    return Law(name=name, drawing=drawing, divergence=total, negentropy=total)


def relative_shell(name: str, width: float) -> Law:
    r"""A shell whose thickness is a share of its radius: $r = \sqrt{d / (1 + w^2)}\, (1 + w g)$, uniform directions.

    $h = h(r) + (d - 1) E\ln r + \ln\frac{2 \pi^{d/2}}{\Gamma(d/2)}$, with $h(r)$ that of a Gaussian and $E\ln r$ by
    quadrature. A Gaussian's own share is about $1 / \sqrt{2d}$: from $d = 1 / (2 w^2)$ on this shell is no thinner.

    Args:
        name: of the law.
        width: w, above 0 and at most .1, so that no radius comes near 0.
    """
    require(finite(width) and 0 < width <= WIDEST, "width", width, f"a number above 0 and at most {WIDEST}")
    scale = 1 / math.sqrt(1 + width**2)

    def drawing(generator: np.random.Generator, samples: int, units: int) -> Samples:
        x = generator.standard_normal((samples, units))
        radii = math.sqrt(units) * scale * (1 + width * generator.standard_normal((samples, 1)))
        return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True) * radii)

    def term(g: float) -> float:
        return float(stats.norm.pdf(g) * math.log1p(width * g))

    def total(units: int) -> float:
        radius = math.sqrt(units) * scale
        mean_log = math.log(radius) + float(quad(term, -9, 9)[0])
        sphere = math.log(2) + units / 2 * math.log(math.pi) - float(gammaln(units / 2))
        entropy = HALF_LOG_2_PI_E + math.log(radius * width) + (units - 1) * mean_log + sphere
        return units * HALF_LOG_2_PI_E - entropy

    return Law(name=name, drawing=drawing, divergence=total, negentropy=total)


def two_modes(name: str, *, joint: bool) -> Law:
    r"""Two equal Gaussian clusters, `SEPARATION` of their standard deviations to each side of 0.

    One unit of them and Gaussian others, rotated (`joint=False`: one bimodal direction that no unit shows), or
    clusters that differ in every unit (`joint=True`: units are correlated). Along the direction of the clusters
    $y = \pm m + g$, whose negentropy is a one-dimensional integral.
    """

    def per_unit(units: int) -> float:
        return SEPARATION / math.sqrt(units) if joint else SEPARATION

    def drawing(generator: np.random.Generator, samples: int, units: int) -> Samples:
        x = generator.standard_normal((samples, units))
        side = generator.choice([-1.0, 1.0], (samples, 1))
        mean = per_unit(units)
        if joint:
            return np.asarray((x + mean * side) / math.sqrt(1 + mean**2))
        x[:, :1] = (x[:, :1] + mean * side) / math.sqrt(1 + mean**2)
        return np.asarray(x)

    def beyond(units: int) -> float:
        return mode_negentropy(SEPARATION)

    def one(units: int) -> float:
        return mode_negentropy(per_unit(units))

    def total(units: int) -> float:
        if not joint:
            return beyond(units)
        correlation = per_unit(units) ** 2 / (1 + per_unit(units) ** 2)
        return beyond(units) - equicorrelated_log_determinant(units, correlation) / 2

    return Law(
        name=name,
        drawing=drawing,
        divergence=total,
        negentropy=beyond,
        unit_negentropy=one if joint else None,
        rotated=not joint,
    )


def mode_negentropy(separation: float) -> float:
    """Negentropy of an equal mixture of N(-separation, 1) and N(separation, 1), in nats."""

    def term(y: float) -> float:
        density = (stats.norm.pdf(y - separation) + stats.norm.pdf(y + separation)) / 2
        return float(-density * math.log(density))

    edge = separation + 12
    entropy = quad(term, -edge, edge, limit=200, points=[-separation, separation])[0]
    return float(HALF_LOG_2_PI_E + math.log1p(separation**2) / 2 - entropy)


def _nothing(units: int) -> float:
    return 0.0


def equicorrelated_log_determinant(units: int, correlation: float) -> float:
    """Log determinant of the correlation matrix with the same correlation between all units."""
    return (units - 1) * math.log1p(-correlation) + math.log1p((units - 1) * correlation)


def correlated_gaussian(name: str) -> Law:
    r"""A Gaussian whose units all correlate by 0.3. KL $-\frac12\ln\det R$, negentropy 0."""

    def drawing(generator: np.random.Generator, samples: int, units: int) -> Samples:
        shared = generator.standard_normal((samples, 1))
        own = generator.standard_normal((samples, units))
        return np.asarray(math.sqrt(CORRELATION) * shared + math.sqrt(1 - CORRELATION) * own)

    def total(units: int) -> float:
        return -equicorrelated_log_determinant(units, CORRELATION) / 2

    return Law(name=name, drawing=drawing, divergence=total, negentropy=_nothing, unit_negentropy=_nothing)


def gaussian(name: str) -> Law:
    """N(0, I)."""

    def drawing(generator: np.random.Generator, samples: int, units: int) -> Samples:
        return generator.standard_normal((samples, units))

    return Law(name=name, drawing=drawing, divergence=_nothing, negentropy=_nothing, unit_negentropy=_nothing)


_ALL = (
    gaussian("gaussian"),
    correlated_gaussian("correlated"),
    of_independent_units("t10", stats.t(10)),
    of_independent_units("t5", stats.t(5)),
    elliptical_t("t5-elliptical", 5.0),
    of_independent_units("cube", stats.uniform()),
    of_independent_units("cube-rotated", stats.uniform(), rotated=True),
    of_independent_units("laplace", stats.laplace()),
    of_independent_units("laplace-rotated", stats.laplace(), rotated=True),
    two_modes("clusters", joint=True),
    two_modes("bimodal-direction", joint=False),
    thin_shell("thin-shell"),
)
LAWS: dict[str, Law] = {law.name: law for law in _ALL}


def get(name: str) -> Law:
    """The law of that name.

    Raises:
        ConfigError: there is none; the choices are listed.
    """
    return entry(name, LAWS, "law")
