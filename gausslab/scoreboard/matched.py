r"""Regularisers compared where they cost the same: their numbers at equal reconstruction error.

Every method is trained on a ladder of weights. Along the ladder of one seed, number and error are joined by straight
lines over the error's logarithm, and read off where the error has a given value. A method whose ladder does not reach
that error has no number there.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from gausslab.presets import base_of
from gausslab.scoreboard.layout import Column, numbers, rows
from gausslab.summary import Interval, over_seeds

ERROR = Column("MSE", "reconstruction", "mse_per_element")


def at_error(errors: Sequence[float], values: Sequence[float], error: float) -> float:
    """The value at an error, between the two neighbouring points of a ladder; NaN beyond its ends.

    >>> round(at_error([0.01, 0.04], [3.0, 1.0], 0.02), 6)
    2.0
    """
    if not min(errors) <= error <= max(errors):
        return math.nan
    order = np.argsort(errors)
    return float(np.interp(math.log(error), np.log(errors)[order], np.asarray(values)[order]))


def matched(table: pd.DataFrame, base: str, column: Column, error: float) -> Interval | None:
    """Mean and interval over seeds of a method's number at an error; None where a seed's ladder does not reach it.

    Args:
        table: of comparisons with variants.
        base: the method: name of the row, without its variants.
        column: the number; one about posteriors falls back on the code itself where the method has none.
        error: squared, per element.
    """
    own = table[table["row"].map(base_of) == base]
    if own.empty:
        return None
    values = _of(own, column)
    if values.empty and column.posterior:
        values = _of(own, replace(column, posterior=False))
    ladder = values.assign(error=_of(own, ERROR)["value"]).dropna(subset=["value", "error"])
    found = [at_error(list(part["error"]), list(part["value"]), error) for _, part in ladder.groupby("seed")]
    if not found or any(map(math.isnan, found)):
        return None
    return over_seeds(pd.DataFrame({"value": found, "null_mean": ladder["null_mean"].mean()}))


def _of(table: pd.DataFrame, column: Column) -> pd.DataFrame:
    """The numbers of all rows of a method, by row and seed."""
    found = pd.concat([numbers(table, row, column) for row in rows(table)])
    return found.set_index(["row", "seed"])[["value", "null_mean"]]
