r"""Rank statistics that tell adversarial examples from clean ones: AUROC with its error, partial rank correlation.

AUROC of a score is $P(s_\mathrm{adversarial} > s_\mathrm{clean}) + \frac12 P(=)$: 1/2 if the score tells nothing.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int
from scipy import stats
from scipy.special import expit, logit

from gausslab.errors import EstimatorError

REACH = float(stats.norm.ppf(0.975))

Values = Float64[np.ndarray, " samples"]
Ids = Int[np.ndarray, " samples"]


@dataclass(frozen=True, kw_only=True)
class Aurocs:
    """AUROC of several scores on the same samples.

    Attributes:
        areas: one a score.
        covariance: of their estimates; between scores too, so that two scores can be compared.
        clean: samples that are clean.
        adversarial: and that are not.
    """

    areas: Float64[np.ndarray, " scores"]
    covariance: Float64[np.ndarray, "scores scores"]
    clean: int
    adversarial: int

    @property
    def standard_errors(self) -> Float64[np.ndarray, " scores"]:
        """Of every score's AUROC; 0 where a score separates the samples completely, which is no certainty."""
        return np.asarray(np.sqrt(np.maximum(np.diag(self.covariance), 0)))

    @property
    def intervals(self) -> Float64[np.ndarray, "scores 2"]:
        r"""95 %, normal on the scale of $\ln(a / (1 - a))$, so that they stay between 0 and 1."""
        slack = self.areas * (1 - self.areas)
        half = np.divide(REACH * self.standard_errors, slack, out=np.zeros_like(slack), where=slack > 0)
        with np.errstate(divide="ignore"):
            centre = logit(self.areas)
        return np.asarray(expit(np.stack([centre - half, centre + half], axis=1)))

    @property
    def p_values(self) -> Float64[np.ndarray, " scores"]:
        """Two-sided, against 1/2.

        Where a score separates completely its error is that of Mann and Whitney's U under the null.
        """
        null = math.sqrt((self.clean + self.adversarial + 1) / (12 * self.clean * self.adversarial))
        errors = self.standard_errors
        deviations = np.abs(self.areas - 0.5) / np.where(errors > 0, errors, null)
        return np.asarray(2 * stats.norm.sf(deviations))

    def difference(self, first: int, second: int) -> tuple[float, float]:
        """The first score's AUROC less the second's, and its standard error (DeLong's test)."""
        contrast = np.zeros(len(self.areas))
        contrast[first] += 1
        contrast[second] -= 1
        variance = float(contrast @ self.covariance @ contrast)
        return float(contrast @ self.areas), math.sqrt(max(variance, 0.0))


def auroc(clean: Float64[np.ndarray, " clean"], adversarial: Float64[np.ndarray, " adversarial"]) -> float:
    """AUROC of a single score.

    >>> auroc(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    0.875
    """
    return float(aurocs(clean[:, None], adversarial[:, None]).areas[0])


def aurocs(
    clean: Float64[np.ndarray, "clean scores"],
    adversarial: Float64[np.ndarray, "adversarial scores"],
    examples: tuple[Int[np.ndarray, " clean"], Int[np.ndarray, " adversarial"]] | None = None,
) -> Aurocs:
    r"""AUROC of many scores by midranks, O(n log n) each, with standard errors in closed form.

    $a = \frac1{mn} \sum_{ij} [s_i > s_j] + \frac12 [s_i = s_j]$ over adversarial i and clean j. The errors are those of
    DeLong, DeLong & Clarke-Pearson, from the share of the other group that each sample beats; where samples belong to
    the same example (a clean image and its adversarial version, a control that is used twice) Obuchowski's
    generalisation adds up the shares of an example first. No bootstrap: it would give the same to first order, for a
    thousand times the work.

    How it can mislead: an AUROC of .5 does not say that the laws are equal, only that neither is higher; the errors
    vanish where a score separates the samples completely; and beyond pairing, `examples` are taken as independent.

    Args:
        clean: scores of clean samples, a column a score.
        adversarial: of adversarial ones.
        examples: which example each sample belongs to, clean and adversarial, by the same numbers; by default every
            sample is its own.

    Raises:
        EstimatorError: fewer than two samples of a kind, or scores that are not finite.

    Source: DeLong et al. (1988), Biometrics 44:837-845; Obuchowski (1997), Biometrics 53:567-578; Sun & Xu (2014),
    IEEE Signal Processing Letters 21:1389-1393, for the midranks.
    """
    _check(clean, adversarial)
    of_clean, of_adversarial = _shares(clean, adversarial)
    values = of_adversarial.mean(0)
    numbers = examples or (np.arange(len(clean)), len(clean) + np.arange(len(adversarial)))
    covariance = _covariance(of_clean - values, of_adversarial - values, numbers)
    return Aurocs(areas=values, covariance=covariance, clean=len(clean), adversarial=len(adversarial))


@dataclass(frozen=True, kw_only=True)
class RankCorrelation:
    """Spearman's correlation of two variables at given others.

    Attributes:
        value: between -1 and 1.
        interval: 95 %, by Fisher's z with the error of Bonett & Wright.
        p_value: two-sided, of t.
        samples: how many.
        controls: variables held.
    """

    value: float
    interval: tuple[float, float]
    p_value: float
    samples: int
    controls: int


def partial_rank_correlation(x: Values, y: Values, given: Float64[np.ndarray, "samples controls"]) -> RankCorrelation:
    r"""Correlation of what is left of the ranks of x and y after a least-squares fit on the ranks of the others.

    p from $t = \rho \sqrt{f / (1 - \rho^2)}$ with f = n - 2 - k degrees of freedom. A group, coded 0 and 1, may be x or
    y; `given` without columns gives Spearman's own correlation.

    How it can mislead: it holds only what is linear in the *ranks* of the controls; a radius that depends on the margin
    in a bent way leaves a correlation behind. Pairs (a clean example and its adversarial version) are not independent,
    and t takes them for such.

    Raises:
        EstimatorError: too few samples, or a variable of which the others leave nothing.

    Source: Kendall & Stuart, The Advanced Theory of Statistics 2, ch. 27; Bonett & Wright (2000), Psychometrika
    65:23-28.
    """
    samples, controls = given.shape
    freedom = samples - 2 - controls
    if freedom < 2:
        raise EstimatorError(f"partial rank correlation needs at least {controls + 4} samples, got {samples}")
    design = np.column_stack([np.ones(samples), stats.rankdata(given, axis=0)])
    left, right = (_residual(stats.rankdata(variable), design) for variable in (x, y))
    value = float(np.clip(left @ right / math.sqrt((left @ left) * (right @ right)), -1, 1))
    deviation = value * math.sqrt(freedom / max(1 - value**2, np.finfo(float).tiny))
    return RankCorrelation(
        value=value,
        interval=_fisher(value, samples - controls),
        p_value=float(2 * stats.t.sf(abs(deviation), freedom)),
        samples=samples,
        controls=controls,
    )


def _check(clean: np.ndarray, adversarial: np.ndarray) -> None:
    if min(len(clean), len(adversarial)) < 2:
        counts = f"{len(clean)} clean and {len(adversarial)} adversarial"
        raise EstimatorError(f"an AUROC needs at least 2 samples of each kind, got {counts}")
    if not (np.isfinite(clean).all() and np.isfinite(adversarial).all()):
        raise EstimatorError("an AUROC needs finite scores, got NaN or infinity")


def _shares(
    clean: Float64[np.ndarray, "clean scores"], adversarial: Float64[np.ndarray, "adversarial scores"]
) -> tuple[Float64[np.ndarray, "clean scores"], Float64[np.ndarray, "adversarial scores"]]:
    """Of every sample the share of the other kind that it and the other order as the score should, ties by half."""
    together = stats.rankdata(np.concatenate([clean, adversarial]), axis=0)
    below_clean = together[: len(clean)] - stats.rankdata(clean, axis=0)
    below_adversarial = together[len(clean) :] - stats.rankdata(adversarial, axis=0)
    return 1 - below_clean / len(adversarial), below_adversarial / len(clean)


def _covariance(
    of_clean: Float64[np.ndarray, "clean scores"],
    of_adversarial: Float64[np.ndarray, "adversarial scores"],
    examples: tuple[Int[np.ndarray, " clean"], Int[np.ndarray, " adversarial"]],
) -> Float64[np.ndarray, "scores scores"]:
    """Obuchowski's S01/n + S10/m + (S11 + S11') / mn; DeLong's where all examples differ."""
    n, m = len(of_clean), len(of_adversarial)
    found, place = np.unique(np.concatenate(examples), return_inverse=True)
    one = _sums(of_clean, place[:n], len(found))
    two = _sums(of_adversarial, place[n:], len(found))
    crossed = one.T @ two * _unbiased(len(found)) / (n * m)
    own = one.T @ one * _unbiased(len(np.unique(place[:n]))) / n**2
    other = two.T @ two * _unbiased(len(np.unique(place[n:]))) / m**2
    return np.asarray(own + other + crossed + crossed.T)


def _sums(
    deviations: Float64[np.ndarray, "samples scores"], place: Ids, count: int
) -> Float64[np.ndarray, "examples scores"]:
    """Of each example, over its samples."""
    return np.stack([np.bincount(place, weights=column, minlength=count) for column in deviations.T], axis=1)


def _unbiased(count: int) -> float:
    return count / (count - 1) if count > 1 else math.nan


def _residual(ranks: Float[np.ndarray, " samples"], design: Float64[np.ndarray, "samples columns"]) -> Values:
    left: Values = ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0]
    if left @ left <= 1e-12 * len(left) * (ranks @ ranks):
        raise EstimatorError("partial rank correlation: a variable is constant, or the others leave nothing of it")
    return left


def _fisher(value: float, samples: int) -> tuple[float, float]:
    """Interval of a rank correlation whose samples are reduced by the controls."""
    if abs(value) == 1 or samples <= 3:
        return value, value
    half = REACH * math.sqrt((1 + value**2 / 2) / (samples - 3))
    return math.tanh(math.atanh(value) - half), math.tanh(math.atanh(value) + half)
