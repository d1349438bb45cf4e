"""How often every test rejects: its size on true Gaussians, its power on other laws."""

import numpy as np
import pandas as pd

from gausslab.validity.grid import KEY
from gausslab.validity.met import Met, replicates_met
from gausslab.validity.nulls import NULLS, promise
from gausslab.validity.promises import Promise
from gausslab.validity.rows import TRUE_NULL
from gausslab.validity.shares import LEVEL, clopper_pearson

ROUNDING = 1 + 1e-9  # many a Monte Carlo p is 5 % exactly, and was written and read as text


def rejection_rates(raw: pd.DataFrame) -> pd.DataFrame:
    """Share of replicates that each test of `NULLS` rejects at 5 %, with its Clopper-Pearson 95 % interval.

    A test of single units rejects a code when Holm rejects any of its units. `null` is simple or composite, `nominal`
    the share of true Gaussians that is to be rejected. On the law `gaussian` the rate is the size: `null_replicates` is
    then B of the Monte Carlo null law that the codes met (`met`), empty where there is none; `size_p` the p of the
    number of rejections if the promise is kept (`promises`), two-sided and beta-binomial, for the lower bound
    one-sided; `binomial_p` is the same as if the null law were exact.

    Args:
        raw: rows of `run`.

    Raises:
        RunError: a null law is not there, or p-values fit no number of replicates.
    """
    tests = _tests(raw)
    table = tests.groupby(KEY, sort=False)["rejected"].agg(rejections="sum", replicates="count").reset_index()
    kept = _promises(table, replicates_met(raw))
    counts, totals = table["rejections"].to_numpy(), table["replicates"].to_numpy()
    low, high = clopper_pearson(counts, totals)
    table = table.assign(
        rate=counts / totals,
        low=low,
        high=high,
        null=[each.null for each in kept],
        nominal=[each.nominal for each in kept],
    )
    return _with_sizes(table, kept)


def _with_sizes(table: pd.DataFrame, kept: list[Promise]) -> pd.DataFrame:
    """What is said of true Gaussians alone."""
    rows = list(zip(table["law"] == TRUE_NULL, kept, table["rejections"], table["replicates"], strict=True))
    return table.assign(
        null_replicates=pd.array([each.replicates if size else None for size, each, _, _ in rows], dtype="Int64"),
        size_p=[each.size_p(count, total) if size else np.nan for size, each, count, total in rows],
        binomial_p=[each.binomial_p(count, total) if size else np.nan for size, each, count, total in rows],
    )


def _promises(table: pd.DataFrame, met: Met) -> list[Promise]:
    """Of every row; each is made once."""
    names = ("estimator", "statistic", "n_samples", "n_units")
    shapes = list(zip(*(table[name] for name in names), strict=True))
    made = {(e, s, n, d): promise(e, s, n, d, met.get((e, s, n, d))) for e, s, n, d in dict.fromkeys(shapes)}
    return [made[shape] for shape in shapes]


def _tests(raw: pd.DataFrame) -> pd.DataFrame:
    """The rows that decide, and whether they reject."""
    pairs = zip(raw["estimator"], raw["statistic"], strict=True)
    family = raw["statistic"] == "rejected_share"
    decisive = np.array([pair in NULLS for pair in pairs], dtype=bool) & (family | raw["p_value"].notna())
    rejected = np.where(family, raw["value"] > 0, raw["p_value"] <= LEVEL * ROUNDING)
    return raw.assign(rejected=rejected)[decisive]
