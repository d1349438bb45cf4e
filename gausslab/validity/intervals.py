"""Whether value +- 1.96 standard errors covers what it should, and how far the value is off."""

import math
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from gausslab.validity.grid import KEY
from gausslab.validity.shares import LEVEL, at_least_p, binomial_p, clopper_pearson
from gausslab.validity.targets import Known, known

NOMINAL = 1 - LEVEL
REACH = float(stats.norm.ppf(1 - LEVEL / 2))
WINNERS = "winner="  # rows of the lower bound that only some codes have: parts of its value

COLUMNS = (
    *KEY,
    "replicates",
    "target",
    "truth",
    "mean",
    "bias",
    "sd",
    "mean_standard_error",
    *(f"covered{end}" for end in ("", "_low", "_high", "_p")),
    *(f"covered_mean{end}" for end in ("", "_low", "_high", "_p")),
    *(f"above{end}" for end in ("", "_low", "_high", "_p")),
)


def coverage(raw: pd.DataFrame) -> pd.DataFrame:
    r"""Bias, spread and coverage of every number that has a standard error, at two replicates or more.

    `covered_mean` counts the intervals that hold the statistic's own mean over the replicates: whether the standard
    error is right, whatever the value is off by. Deviations from the mean of R replicates are taken $\sqrt{R / (R -
    1)}$ times, so that 95 % is right for few of them too. `covered` counts those that hold the truth; empty where it is
    not known, and for a bound, which need not reach it. `target` says what the truth is of the number (`targets`).
    `above` counts intervals that lie wholly above the truth, which those of a bound may in 2.5 % of the replicates.

    Each share has its Clopper-Pearson limits and its binomial p, two-sided against 95 %; `above_p` is one-sided and
    there for bounds only. All replicates of a cell share a null law, whose mean and spread enter values and standard
    errors: that the p-values do not know.

    Args:
        raw: rows of `run`.
    """
    given = raw[raw["standard_error"].notna() & ~raw["statistic"].str.startswith(WINNERS)]
    groups = [(key, group) for key, group in given.groupby(KEY, sort=False) if len(group) > 1]
    return pd.DataFrame([_row(dict(zip(KEY, key, strict=True)), group) for key, group in groups], columns=list(COLUMNS))


def _row(key: dict[str, Any], group: pd.DataFrame) -> dict[str, Any]:
    found = known(key["estimator"], key["statistic"], key["law"], key["n_units"])
    values, errors = group["value"].to_numpy(), group["standard_error"].to_numpy()
    count, mean = len(values), float(values.mean())
    own = np.abs(values - mean) * math.sqrt(count / (count - 1)) <= REACH * errors
    row = {**key, "replicates": count, "mean": mean, "sd": float(values.std(ddof=1))}
    row |= {"mean_standard_error": float(errors.mean()), **_named("covered_mean", own)}
    return row if found is None else row | _beside(found, values, REACH * errors)


def _beside(found: Known, values: np.ndarray, reach: np.ndarray) -> dict[str, Any]:
    """What the truth adds to a row."""
    truth, kind = found
    row: dict[str, Any] = {"target": kind, "truth": truth, "bias": float(values.mean()) - truth}
    above = values - reach > truth
    row |= _named("above", above)
    if kind == "bound":
        return row | {"above_p": at_least_p(int(above.sum()), len(above), LEVEL / 2)}
    return row | {"above_p": math.nan} | _named("covered", np.abs(values - truth) <= reach)


def _named(name: str, held: np.ndarray) -> dict[str, float]:
    share = _share(int(held.sum()), len(held))
    return {f"{name}{ending}": value for ending, value in zip(("", "_low", "_high", "_p"), share, strict=True)}


@cache
def _share(count: int, total: int) -> tuple[float, float, float, float]:
    """Share, limits and p; the same few counts come again and again."""
    low, high = clopper_pearson(np.array(count), np.array(total))
    return count / total, float(low), float(high), binomial_p(count, total, NOMINAL)
