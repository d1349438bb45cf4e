"""From the tidy table to an answer: means and intervals over seeds, and the trend over widths.

No torch here: reports and figures are redrawn from the table alone.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from gausslab.errors import GausslabError
from gausslab.seeding import numpy_generator

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Quantity:
    """One column of the report.

    Attributes:
        label: its heading.
        estimator: registry name of the estimator.
        statistic: which of its numbers.
        per_unit: whether it is divided by the number of units, since it adds up over dimensions.
    """

    label: str
    estimator: str
    statistic: str
    per_unit: bool = False


KL_PER_UNIT = Quantity("KL/dim", "kl_decomposition", "total", per_unit=True)
QUANTITIES = (
    Quantity("KL", "kl_decomposition", "total"),
    Quantity("mean/scale", "kl_decomposition", "mean_scale"),
    Quantity("correlation", "kl_decomposition", "correlation"),
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
    """The rows of one quantity, with `value` and `null_mean` per unit where the quantity says so."""
    chosen = (frame.estimator == quantity.estimator) & (frame.statistic == quantity.statistic) & (frame.unit == "all")
    rows = frame.loc[chosen].copy()
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


@dataclass(frozen=True)
class Trend:
    """A rank trend of a quantity over widths.

    Attributes:
        quantity: what was ranked.
        widths: the widths, ascending.
        means: mean over seeds at each.
        tau: Kendall's tau-b between width and value over all runs.
        interval: its 95 % bootstrap interval, seeds resampled within each width; NaN with a single seed a width.
        p_value: two-sided, by permutation of the values over the runs.
        n_runs: runs.
    """

    quantity: Quantity
    widths: tuple[int, ...]
    means: tuple[float, ...]
    tau: float
    interval: tuple[float, float]
    p_value: float
    n_runs: int

    @property
    def verdict(self) -> str:
        """`yes` if the quantity rises with width, `no` if it falls, `undecided` if neither is shown at 5 %."""
        if not self.p_value < 1 - CONFIDENCE:
            return "undecided"
        return "yes" if self.tau > 0 else "no"


def trend(frame: pd.DataFrame, quantity: Quantity = KL_PER_UNIT, draws: int = 9999) -> Trend:
    """Whether a quantity rises or falls with the width, over the runs of a table.

    Args:
        frame: the table of a sweep.
        quantity: by default KL(code || N(0, I)) per dimension, since the total adds up over dimensions.
        draws: permutations and bootstrap samples; fixed seed.

    Raises:
        GausslabError: fewer than two widths, or no such rows.
    """
    rows = select(frame, quantity).dropna(subset=["width", "value"])
    widths = rows["width"].to_numpy(int)
    values = rows["value"].to_numpy(float)
    if len(np.unique(widths)) < 2:
        raise GausslabError("a trend needs at least two widths")
    observed = kendall_tau(widths, values)
    generator = numpy_generator(0, "trend")
    permuted = np.array([kendall_tau(widths, generator.permutation(values)) for _ in range(draws)])
    p_value = (1 + np.count_nonzero(np.abs(permuted) >= abs(observed) - 1e-12)) / (draws + 1)
    by_width = rows.groupby("width")["value"].mean()
    return Trend(
        quantity=quantity,
        widths=tuple(int(width) for width in by_width.index),
        means=tuple(float(mean) for mean in by_width),
        tau=observed,
        interval=_bootstrap(widths, values, generator, draws),
        p_value=float(p_value),
        n_runs=len(values),
    )


def kendall_tau(x: np.ndarray, y: np.ndarray) -> float:
    r"""Kendall's tau-b: \( (C - D) / \sqrt{(P - T_x)(P - T_y)} \) over all P pairs, T of them tied (Kendall 1945).

    0 where one of the two is constant. Written out because a permutation test calls it ten thousand times.

    >>> kendall_tau(np.array([1, 1, 2, 3]), np.array([0.0, 1.0, 2.0, 3.0])).round(6)
    np.float64(0.912871)
    """
    agreement, scale = _concordance(x, y)
    return agreement / scale if scale else 0.0


def _concordance(x: np.ndarray, y: np.ndarray) -> tuple[np.float64, np.float64]:
    """Numerator and denominator of tau-b."""
    i, j = np.triu_indices(len(x), 1)
    sign_x, sign_y = _order(x[i], x[j]), _order(y[i], y[j])
    return np.float64(np.sum(sign_x * sign_y)), np.sqrt(np.count_nonzero(sign_x) * np.count_nonzero(sign_y))


def _order(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """1, 0 or -1 as the right is greater, equal or less; two infinities of one sign are equal."""
    order: np.ndarray = np.greater(right, left).astype(int) - np.less(right, left)
    return order


def _bootstrap(
    widths: np.ndarray, values: np.ndarray, generator: np.random.Generator, draws: int
) -> tuple[float, float]:
    """The percentile interval; over the table's own denominator.

    A seed drawn twice ties with itself, which a denominator of the drawn table would take for better agreement: the
    interval could lie wholly above tau.
    """
    groups = [np.flatnonzero(widths == width) for width in np.unique(widths)]
    scale = _concordance(widths, values)[1]
    if min(len(group) for group in groups) < 2 or not scale:
        return math.nan, math.nan
    taus = [
        _concordance(widths[index], values[index])[0] / scale
        for index in (np.concatenate([generator.choice(g, len(g)) for g in groups]) for _ in range(draws))
    ]
    low, high = np.quantile(taus, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


QUESTION = "Do narrower codes come closer to a Gaussian here?"
_ANSWERS = {
    "yes": "Yes: {what} rises with width",
    "no": "No, the other way round: {what} falls with width",
    "undecided": "Undecided: {what} shows no trend over widths",
}


def answer(found: Trend) -> str:
    """One plain sentence that answers the question of a width sweep."""
    what = "KL to N(0,I) per dimension"
    low, high = found.interval
    interval = "no interval" if math.isnan(low) else f"95% interval {low:+.2f} to {high:+.2f}"
    means = ", ".join(f"{mean:.3g} at {width}" for width, mean in zip(found.widths, found.means, strict=True))
    return (
        f"{QUESTION} {_ANSWERS[found.verdict].format(what=what)} (Kendall tau {found.tau:+.2f}, {interval}, "
        f"p = {found.p_value:.2g}, {found.n_runs} runs): {means} nats."
    )
