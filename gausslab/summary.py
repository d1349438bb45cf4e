"""From the tidy table to the few numbers of a report: means and intervals over seeds, and the warning beside them.

No torch here: reports and figures are redrawn from the table alone.
"""

import math
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from gausslab.config import TERMS

CONFIDENCE = 0.95
FIXED_SCALE = 0.02
"""Nats a unit of mean and scale up to which the scale of a code counts as fixed: the variance of every unit 0.74 or
1.31, say. Batch-normed codes of held-out digits, 16 units, have up to 0.005; codes that nothing holds 0.3 (RAE) or 2.7
(CV-VAE).
"""


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


def own_reference(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows against the law that the code's bottleneck is made for, where it was measured against two."""
    own = rows[rows["reference"] == "laplace"] if "reference" in rows else rows.iloc[:0]
    return rows if own.empty else own


def over_entropised(rows: pd.DataFrame) -> str | None:
    r"""A warning if codes hold more entropy than Gaussian ones of the same number; None if they do not.

    At fixed mean and covariance no law has more than the Gaussian, so that what nearest neighbours find above it is no
    entropy but samples that keep apart, and ends in a thin shell. The gap to Gaussian samples is (exactly, were it not
    for the neighbours' bias) beyond_second_order + correlation - sum of ln s over the units' standard deviations s. It
    is told where most runs have

    - a scale that is fixed: `mean_scale` at most `FIXED_SCALE` a unit, else the gap is about the scale;
    - a gap below -2 standard deviations of its null;
    - the same of `beyond_second_order`, which no mean and covariance change: the rest of the scale does not make it.

    How it can mislead: above about 4 units the neighbours' bias depends on the law, and many units with bounds, such as
    uniform ones, have a negative gap too.

    Args:
        rows: one layer of one run, or of the runs of one configuration, a seed each.
    """
    own = own_reference(rows[rows["unit"] == "all"])
    gap, beyond, scale, radii = (_by_run(own, *number) for number in _ENTROPY)
    fixed = (scale["value"] <= FIXED_SCALE * scale["n_units"]).reindex(gap.index, fill_value=False)
    above = _far_below_zero(gap) & _far_below_zero(beyond).reindex(gap.index, fill_value=False) & fixed
    if gap.empty or above.mean() <= 0.5:
        return None
    law = "Laplace" if "laplace" in set(gap.get("reference", ())) else "Gaussian"
    spread = "" if radii.empty else f", radii spread {radii['value'].mean():.2f} of chi's"
    return (
        f"over-entropised, {-gap['value'].mean():.3g} nats above {law} samples of the same size{spread}: "
        f"{_why(own, law)}"
    )


_ENTROPY = (
    ("knn_entropy", "gap"),
    ("kl_decomposition", "beyond_second_order"),
    ("moment_kl", "mean_scale"),
    ("radial_spread", "statistic"),
)


def _by_run(rows: pd.DataFrame, estimator: str, statistic: str) -> pd.DataFrame:
    """One number, a row a run; a table of `measure` is of a single one, without a name."""
    named = rows[(rows["estimator"] == estimator) & (rows["statistic"] == statistic)]
    return named.set_index("run") if "run" in named else named.reset_index(drop=True)


def _far_below_zero(numbers: pd.DataFrame) -> "pd.Series[bool]":
    return numbers["value"] < -2 * numbers["null_sd"]


def _why(rows: pd.DataFrame, law: str) -> str:
    """The entropy weight, if these are codes that one acts on; else what is known of such samples."""
    if _has_entropy_weight(rows):
        return f"the entropy weight has moved the code past exact {law} samples, towards a thin shell"
    return f"its samples keep further apart than exact {law} ones, as on a thin shell or between bounds"


def _has_entropy_weight(rows: pd.DataFrame) -> bool:
    """By the label of the objective, which begins with its name and the weight of its first term."""
    if not {"model", "layer"} <= set(rows.columns) or set(rows["layer"]) - {"", "bottleneck"}:
        return False
    weighed = [name for name, terms in TERMS.items() if terms[:1] == ("entropy",)]
    name, _, rest = str(rows["model"].iloc[0]).partition("-")
    return name in weighed and rest.partition("-")[0] not in ("", "0")
