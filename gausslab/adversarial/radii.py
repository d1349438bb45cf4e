"""Paired radii: does a perturbation move activations inwards or outwards?"""

import math
from dataclasses import replace

import pandas as pd
import torch
from jaxtyping import Float
from scipy import stats
from torch import Tensor

from gausslab import tables
from gausslab.errors import EstimatorError
from gausslab.tables import Measurement


def paired_radii(
    clean: Float[Tensor, "samples units"], adversarial: Float[Tensor, "_ _"], described: Measurement
) -> pd.DataFrame:
    r"""How the norm of each activation changes from its clean to its adversarial version, row i belonging to row i.

    With \(\delta_i = \|a_i\| - \|c_i\|\): `mean_difference` \(\bar\delta\) (standard error over examples; p of the
    paired t test), `standardised_effect` \(\bar\delta / s_\delta\) and `share_lower`, the share with \(\delta_i < 0\)
    (p of the exact sign test, ties left out).

    A lower radius by itself is no evidence that the sphere matters: points nearer to a decision boundary can have lower
    norms for that reason alone.

    Args:
        clean: activations of clean examples.
        adversarial: of the same examples after the attack, in the same order.
        described: the columns that say whose activations they are.

    Raises:
        EstimatorError: the shapes differ, or there are fewer than two pairs.
    """
    _check(clean, adversarial)
    before, after = (x.double().norm(dim=1) for x in (clean, adversarial))
    change = after - before
    n, mean, spread = len(change), change.mean().item(), change.std().item()
    lower, higher = int((change < 0).sum()), int((change > 0).sum())
    share = lower / n
    results = (
        ("mean_difference", mean, spread / math.sqrt(n), 0.0, _paired_t(before, after)),
        ("standardised_effect", mean / spread if spread else math.nan, math.nan, 0.0, math.nan),
        ("share_lower", share, math.sqrt(share * (1 - share) / n), 0.5, _sign_test(lower, higher)),
    )
    blank = replace(described, unit="all", n_units=clean.shape[1], n_samples=n, estimator="paired_radius")
    return tables.to_frame(
        replace(blank, statistic=name, value=value, standard_error=error, null_mean=null, p_value=p)
        for name, value, error, null, p in results
    )


def _check(clean: Tensor, adversarial: Tensor) -> None:
    if clean.shape != adversarial.shape:
        shapes = f"{tuple(clean.shape)} clean and {tuple(adversarial.shape)} adversarial"
        raise EstimatorError(f"paired radii need arrays of one shape, got {shapes}")
    if len(clean) < 2:
        raise EstimatorError(f"paired radii need at least 2 pairs, got {len(clean)}")
    if not (torch.isfinite(clean).all() and torch.isfinite(adversarial).all()):
        raise EstimatorError("paired radii need finite activations, got NaN or infinity")


def _paired_t(before: Tensor, after: Tensor) -> float:
    return float(stats.ttest_rel(after.numpy(), before.numpy()).pvalue) if (after != before).any() else 1.0


def _sign_test(lower: int, higher: int) -> float:
    return float(stats.binomtest(lower, lower + higher).pvalue) if lower + higher else 1.0
