"""How often every test rejects: its size on true Gaussians, its power on other laws."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from gausslab.validity.grid import KEY
from gausslab.validity.nulls import NULLS, promise
from gausslab.validity.promises import Promise
from gausslab.validity.rows import TRUE_NULL
from gausslab.validity.shares import LEVEL, clopper_pearson

ROUNDING = 1 + 1e-9  # many a Monte Carlo p is 5 % exactly, and was written and read as text

Promises = Callable[[str, str, int, int], Promise]


def rejection_rates(raw: pd.DataFrame, promises: Promises = promise) -> pd.DataFrame:
    """Share of replicates that each test of `NULLS` rejects at 5 %, with its Clopper-Pearson 95 % interval.

    A test of single units rejects a code when Holm rejects any of its units. `null` is simple or composite,
    `null_replicates` B of the Monte Carlo null law, empty where there is none, `nominal` the share of true Gaussians
    that is to be rejected. On the law `gaussian` the rate is the size: `size_p` is then the p of the number of
    rejections if the promise is kept (`promises`), two-sided and beta-binomial, for the lower bound one-sided;
    `binomial_p` is the same as if the null law were exact.

    Args:
        raw: rows of `run`.
        promises: by estimator, statistic, number of samples and of units.

    Raises:
        RunError: a null law is not there.
    """
    tests = _tests(raw)
    table = tests.groupby(KEY, sort=False)["rejected"].agg(rejections="sum", replicates="count").reset_index()
    shapes = list(zip(*(table[name] for name in (*KEY[3:], *KEY[1:3])), strict=True))
    known = {shape: promises(*shape) for shape in dict.fromkeys(shapes)}
    kept = [known[shape] for shape in shapes]
    counts, totals = table["rejections"].to_numpy(), table["replicates"].to_numpy()
    low, high = clopper_pearson(counts, totals)
    table = table.assign(
        rate=counts / totals,
        low=low,
        high=high,
        null=[each.null for each in kept],
        null_replicates=pd.array([each.replicates for each in kept], dtype="Int64"),
        nominal=[each.nominal for each in kept],
    )
    rows = list(zip(table["law"], kept, counts.tolist(), totals.tolist(), strict=True))
    return table.assign(
        size_p=[each.size_p(count, total) if law == TRUE_NULL else np.nan for law, each, count, total in rows],
        binomial_p=[each.binomial_p(count, total) if law == TRUE_NULL else np.nan for law, each, count, total in rows],
    )


def _tests(raw: pd.DataFrame) -> pd.DataFrame:
    """The rows that decide, and whether they reject."""
    pairs = zip(raw["estimator"], raw["statistic"], strict=True)
    family = raw["statistic"] == "rejected_share"
    decisive = np.array([pair in NULLS for pair in pairs], dtype=bool) & (family | raw["p_value"].notna())
    rejected = np.where(family, raw["value"] > 0, raw["p_value"] <= LEVEL * ROUNDING)
    return raw.assign(rejected=rejected)[decisive]
