"""From the tidy table to the few numbers of a report: means and intervals over seeds.

No torch here: reports and figures are redrawn from the table alone.
"""

import math
from dataclasses import dataclass

import pandas as pd
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Quantity:
    """One column of the report.

    Attributes:
        label: its heading.
        estimator: registry name of the estimator.
        statistic: which of its numbers.
        per_unit: whether it is divided by the number of units, since it adds up over dimensions.
        over_units: whether it is the mean over the single units' numbers, instead of one number of all units together.
    """

    label: str
    estimator: str
    statistic: str
    per_unit: bool = False
    over_units: bool = False


KL_PER_UNIT = Quantity("KL/dim", "kl_decomposition", "total", per_unit=True)
QUANTITIES = (
    Quantity("KL", "kl_decomposition", "total"),
    Quantity("mean/scale", "moment_kl", "mean_scale"),  # the same as the decomposition's, also where samples repeat
    Quantity("correlation", "moment_kl", "correlation"),
    Quantity("beyond", "kl_decomposition", "beyond_second_order"),
    KL_PER_UNIT,
    Quantity("entropy gap", "knn_entropy", "gap"),
    Quantity("kNN-KL", "knn_kl", "whitened"),
    Quantity("rejected", "shapiro_wilk", "rejected_share"),
    Quantity("radial SD", "radial_spread", "statistic"),
    Quantity("MSE", "reconstruction", "mse_per_element"),
)


@dataclass(frozen=True)
class Interval:
    """A mean over seeds.

    Attributes:
        mean: the mean.
        half_width: of its 95 % t interval over seeds; NaN with a single seed.
        null: what a Gaussian gives on average; NaN where there is no such thing.
        n: seeds.
    """

    mean: float
    half_width: float
    null: float
    n: int


def select(frame: pd.DataFrame, quantity: Quantity) -> pd.DataFrame:
    """The rows of one quantity, one a run and layer; `value` and `null_mean` per unit where the quantity says so."""
    named = frame[(frame.estimator == quantity.estimator) & (frame.statistic == quantity.statistic)]
    if quantity.over_units:
        single = named[named.unit != "all"]
        means = single.groupby(["run", "layer"], sort=False)[["value", "null_mean"]].transform("mean")
        return single.assign(value=means["value"], null_mean=means["null_mean"]).drop_duplicates(["run", "layer"])
    rows = named[named.unit == "all"].copy()
    if quantity.per_unit:
        rows[["value", "null_mean"]] = rows[["value", "null_mean"]].div(rows["n_units"].astype(float), axis=0)
    return rows


def over_seeds(rows: pd.DataFrame) -> Interval:
    """Mean and 95 % t interval of the rows' values.

    >>> over_seeds(pd.DataFrame({"value": [1.0, 2.0, 3.0], "null_mean": [0.0, 0.0, 0.0]})).half_width.round(3)
    np.float64(2.484)
    """
    values = rows["value"].to_numpy(float)
    n = len(values)
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) if n > 1 else math.nan
    spread = values.std(ddof=1) / math.sqrt(n) if n > 1 else math.nan
    return Interval(float(values.mean()), quantile * spread, float(rows["null_mean"].astype(float).mean()), n)
