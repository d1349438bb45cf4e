"""Paired radii as rows of the tidy table: does a perturbation move activations inwards or outwards?"""

from dataclasses import replace

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from gausslab import tables
from gausslab.adversarial.bootstrap import DRAWS
from gausslab.adversarial.changes import RadiusChange, radius_change
from gausslab.adversarial.subspace import radius
from gausslab.errors import EstimatorError
from gausslab.seeding import numpy_generator
from gausslab.tables import Measurement

ESTIMATOR = "paired_radius"


def paired_radii(
    clean: Float[Tensor, "samples units"],
    adversarial: Float[Tensor, "_ _"],
    described: Measurement,
    seed: int = 0,
    draws: int = DRAWS,
) -> pd.DataFrame:
    """How the norm of each activation changes from its clean to its adversarial version, row i belonging to row i.

    Args:
        clean: activations of clean examples.
        adversarial: of the same examples after the attack, in the same order.
        described: the columns that say whose activations they are.
        seed: of the bootstrap.
        draws: of the bootstrap.

    Returns:
        Rows as `radius_rows` gives them.

    Raises:
        EstimatorError: the shapes differ, or there are fewer than two pairs.
    """
    _check(clean, adversarial)
    before, after = (radius(x.numpy()) for x in (clean, adversarial))
    found = radius_change(before, after, numpy_generator(seed, f"radii/{described.layer}"), draws)
    return radius_rows(found, replace(described, n_units=clean.shape[1]))


def radius_rows(found: RadiusChange, described: Measurement) -> pd.DataFrame:
    """Statistics of a `RadiusChange`: `mean_difference`, `standardised_effect`, `share_lower`, `auroc` and both means.

    Standard errors are those of the bootstrap over examples, of `auroc` in closed form.

    Args:
        found: the change.
        described: the columns that say whose it is.
    """
    mean, effect, share = found.mean_difference, found.standardised_effect, found.share_lower
    nan = float("nan")
    results = (
        ("mean_difference", mean.value, mean.standard_error, 0.0, found.p_value),
        ("standardised_effect", effect.value, effect.standard_error, 0.0, nan),
        ("share_lower", share.value, share.standard_error, 0.5, found.sign_p_value),
        ("auroc", found.auroc, found.auroc_error, 0.5, nan),
        ("clean_mean", found.before, nan, nan, nan),
        ("adversarial_mean", found.after, nan, nan, nan),
    )
    blank = replace(described, unit="all", n_samples=found.examples, estimator=ESTIMATOR)
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
