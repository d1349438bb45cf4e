r"""Where samples lie, by their distance from the origin: shares in the tails of the data's radii.

A law may have its highest density at the centre and no mass there: N(0, I) of 32 units has. So a flow is judged by how
many of its samples lie nearer to the centre, or further from it, than nearly all data do.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.config.checks import finite, require
from gausslab.errors import EstimatorError
from gausslab.validity.shares import binomial_p, clopper_pearson

LEVELS = (0.01, 0.05, 0.95, 0.99)
COLUMNS = ("tail", "level", "radius", "nominal", "share", "low", "high", "ratio", "ratio_low", "ratio_high", "p_value")

Radii = Float64[np.ndarray, " samples"]


def radii(x: Float[Tensor, "samples units"]) -> Radii:
    """Distances from the origin, in double precision."""
    return np.asarray(x.detach().double().norm(dim=1).cpu().numpy())


def mass_report(data: Radii, flow: Float64[np.ndarray, " others"], levels: Sequence[float] = LEVELS) -> pd.DataFrame:
    r"""Shares of a flow's samples inside the low and outside the high quantiles of the data's radii.

    A level below .5 is the quantile of which samples lie `inside`, one of .5 or more that of which they lie `outside`;
    `nominal` is the share of the data there. `share` has its Clopper-Pearson interval `low` to `high`, of the flow's
    samples alone. `ratio` is share over nominal, and its interval that of a ratio of two Poisson counts given their sum
    (Przyborowski & Wilenski 1940, Biometrika 31:313-323): it knows that the quantile is that of some samples too, and
    is somewhat wide where shares are not small. `p_value` is that of their test of a ratio of 1, two-sided.

    How it can mislead: radii are about the origin; of codes that are not centred there the tails say little. The ratio
    has a largest value, 1 / nominal. A ratio of 1 in both tails is no proof of the right radii, let alone of the law.

    Args:
        data: radii of data that the flow was not trained with.
        flow: radii of its samples.
        levels: of the quantiles, each between 0 and 1.

    Returns:
        A row a level, with the columns `COLUMNS`.

    Raises:
        ConfigError: a level is not between 0 and 1.
        EstimatorError: radii that are not finite, or too few for a level.
    """
    for level in levels:
        require(finite(level) and 0 < level < 1, "levels", level, "numbers between 0 and 1")
    if not (np.isfinite(data).all() and np.isfinite(flow).all()):
        raise EstimatorError("a mass report needs finite radii, got NaN or infinity")
    return pd.DataFrame([_row(data, flow, level) for level in levels], columns=list(COLUMNS))


def _row(data: Radii, flow: Float64[np.ndarray, " others"], level: float) -> dict[str, str | float]:
    inside = level < 0.5
    tail = min(level, 1 - level)
    expected = round(tail * len(data))  # samples of the data beyond the quantile, which is itself a sample
    if expected < 1 or not len(flow):
        needed = int(np.ceil(1 / tail))
        raise EstimatorError(f"a tail of {tail:g} needs at least {needed} radii of data and one of the flow")
    ordered = np.sort(data)
    edge = float(ordered[expected - 1] if inside else ordered[-expected])
    count = int(np.count_nonzero(flow < edge if inside else flow > edge))
    nominal = expected / len(data)
    share, (low, high) = count / len(flow), clopper_pearson(np.array(count), np.array(len(flow)))
    ratio_low, ratio_high = _ratio_limits(count, len(flow), expected, len(data))
    p_value = binomial_p(count, count + expected, len(flow) / (len(flow) + len(data)))
    values = (share, float(low), float(high), share / nominal, ratio_low, ratio_high, p_value)
    return dict(zip(COLUMNS, ("inside" if inside else "outside", level, edge, nominal, *values), strict=True))


def _ratio_limits(count: int, total: int, other: int, other_total: int) -> tuple[float, float]:
    """Of the rate count / total over the rate other / other_total."""
    low, high = clopper_pearson(np.array(count), np.array(count + other))
    scale = other_total / total
    return float(low / (1 - low)) * scale, float(high / (1 - high)) * scale
