"""A change of radius in numbers: the same report for attacked codes and for the nulls'."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

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
    """Paired statistics with bootstrap intervals over examples, and the AUROC of -r.

    Args:
        before: radii of clean codes.
        after: of the same examples, in the same order.
        generator: of the bootstrap.
        draws: of the bootstrap.

    Raises:
        EstimatorError: fewer than two examples, or radii that are not finite.
    """
    found = paired_bootstrap(after - before, generator, draws)
    examples = np.arange(len(before))
    ranked = aurocs(-before[:, None], -after[:, None], (examples, examples))
    low, high = ranked.intervals[0]
    return RadiusChange(
        **found,
        auroc=float(ranked.areas[0]),
        auroc_error=float(ranked.standard_errors[0]),
        auroc_interval=(float(low), float(high)),
        before=float(before.mean()),
        after=float(after.mean()),
        examples=len(before),
    )
