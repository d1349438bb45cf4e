"""The worst of a study's tables: what holds least of what is promised, and which tests see least."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gausslab.validity.intervals import NOMINAL
from gausslab.validity.rows import NEAR_TEST, SAME_INTERVAL, SAME_TEST, TRUE_NULL, labels, nothing_to_find, without

MOST = 5
NAMED = 3  # tests of the same power that are named


def worst_sizes(rates: pd.DataFrame, most: int = MOST) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sizes above and sizes below the nominal one, each the least compatible with it first; no test twice."""
    sizes = sizes_of(rates).sort_values("size_p", kind="stable")
    above = sizes["rate"] > sizes["nominal"]
    return sizes[above].head(most), sizes[~above].head(most)


def sizes_of(rates: pd.DataFrame) -> pd.DataFrame:
    """Rows of true Gaussians, every test once."""
    return without(rates[rates["law"] == TRUE_NULL], SAME_TEST)


def worst_coverage(table: pd.DataFrame, column: str, most: int = MOST) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Intervals that cover too little and too much, no interval twice.

    Ranked by the end of the Clopper-Pearson interval that is nearer to 95 %, so that few replicates do not lead.

    Args:
        table: of `coverage`.
        column: `covered`, of numbers that are offered as values, or `covered_mean`, of all.
        most: rows a side.
    """
    judged = judged_intervals(table, column)
    little = judged[judged[column] < NOMINAL].sort_values(f"{column}_high", kind="stable")
    much = judged[judged[column] >= NOMINAL].sort_values(f"{column}_low", kind="stable", ascending=False)
    return little.head(most), much.head(most)


def judged_intervals(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows of which 95 % is promised, every interval once; of the lower bound its own, not its rungs'."""
    kept = without(table, SAME_INTERVAL)
    kept = kept[(kept["target"] != "bound") | (kept["statistic"] == "statistic")]
    return kept[kept["target"] == "value"] if column == "covered" else kept


def worst_bounds(table: pd.DataFrame, most: int = MOST) -> pd.DataFrame:
    """Bounds whose intervals lie above the truth most often, ranked by the lower end of that share's interval."""
    return bounds_of(table).sort_values(["above_low", "above"], kind="stable", ascending=False).head(most)


def bounds_of(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the lower bound itself, rungs left out."""
    return table[(table["target"] == "bound") & (table["statistic"] == "statistic")]


def power_by_law(rates: pd.DataFrame) -> pd.DataFrame:
    """Law by law and size by size: the tests with the most and with the least power, each test once.

    `always` counts tests that reject every code, `blind` those whose power is not told from 5 % by its interval. Tests
    for which there is nothing to find (`rows.nothing_to_find`) are left out.
    """
    tests = without(rates[rates["law"] != TRUE_NULL], NEAR_TEST)
    tests = tests[~nothing_to_find(tests)]
    groups = tests.groupby(["law", "n_samples", "n_units"], sort=False)
    return pd.DataFrame([_powers(key, group) for key, group in groups])


def _powers(key: Sequence[Any], group: pd.DataFrame) -> dict[str, Any]:
    law, samples, units = key
    return {
        "law": law,
        "n_samples": samples,
        "n_units": units,
        "tests": len(group),
        "always": int((group["rate"] == 1).sum()),
        "blind": int((group["low"] <= group["nominal"]).sum()),
        "most": _named(group, group["rate"].max()),
        "most_rate": group["rate"].max(),
        "least": _named(group, group["rate"].min()),
        "least_rate": group["rate"].min(),
    }


def _named(group: pd.DataFrame, rate: float) -> str:
    """The tests of that power, the first few by name."""
    same = group[np.isclose(group["rate"], rate)]
    names = labels(same)
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest
