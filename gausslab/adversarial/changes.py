"""A change of radius in numbers: the same report for attacked codes and for the nulls'."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy import stats

from gausslab.adversarial.bootstrap import DRAWS, Bootstrapped, paired_bootstrap
from gausslab.adversarial.ranks import aurocs

Radii = Float64[np.ndarray, " examples"]


@dataclass(frozen=True, kw_only=True)
class RadiusChange:
    """Of the same examples before and after.

    Attributes:
        mean_difference: after less before.
        standardised_effect: the same in standard deviations of the change.
        share_lower: share of examples whose radius falls.
        p_value: of the paired t test, of no mean change.
        sign_p_value: of the exact sign test, that radii fall as often as they rise; ties left out.
        auroc: of -r; standard error and interval by pairs.
        auroc_error: its standard error.
        auroc_interval: 95 %.
        before: mean radius before.
        after: and after.
        examples: how many.
    """

    mean_difference: Bootstrapped
    standardised_effect: Bootstrapped
    share_lower: Bootstrapped
    p_value: float
    sign_p_value: float
    auroc: float
    auroc_error: float
    auroc_interval: tuple[float, float]
    before: float
    after: float
    examples: int

    @property
    def line(self) -> str:
        """In words."""
        mean, share = self.mean_difference, self.share_lower
        low, high = self.auroc_interval
        return (
            f"radius {self.before:.4g} to {self.after:.4g}, change {mean.value:+.3g} ({mean.low:+.3g} to "
            f"{mean.high:+.3g}), {self.standardised_effect.value:+.2f} SD; lower in {share.value:.0%} of "
            f"{self.examples}; AUROC of -r {self.auroc:.3f} ({low:.3f} to {high:.3f})"
        )


def radius_change(before: Radii, after: Radii, generator: np.random.Generator, draws: int = DRAWS) -> RadiusChange:
    r"""Paired statistics with bootstrap intervals over examples, and the AUROC of -r.

    With $\delta_i$ the radius of example i after less that before: $\bar\delta$, $\bar\delta / s_\delta$, and the share
    with $\delta_i < 0$.

    How it can mislead: a lower radius by itself is no evidence that the sphere matters. Points nearer to a decision
    boundary can have lower norms for that reason alone, and so do Gaussian codes after a step to it (`nulls`).

    Args:
        before: radii of clean codes.
        after: of the same examples, in the same order.
        generator: of the bootstrap.
        draws: of the bootstrap.

    Raises:
        EstimatorError: fewer than two examples, or radii that are not finite.
    """
    change = after - before
    found = paired_bootstrap(change, generator, draws)
    examples = np.arange(len(before))
    ranked = aurocs(-before[:, None], -after[:, None], (examples, examples))
    low, high = ranked.intervals[0]
    return RadiusChange(
        **found,
        p_value=float(stats.ttest_rel(after, before).pvalue) if change.any() else 1.0,
        sign_p_value=_sign_test(int((change < 0).sum()), int((change > 0).sum())),
        auroc=float(ranked.areas[0]),
        auroc_error=float(ranked.standard_errors[0]),
        auroc_interval=(float(low), float(high)),
        before=float(before.mean()),
        after=float(after.mean()),
        examples=len(before),
    )


def _sign_test(lower: int, higher: int) -> float:
    return float(stats.binomtest(lower, lower + higher).pvalue) if lower + higher else 1.0
