"""A study's tables in words, and its worst cells: what `answer.txt` holds."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import pandas as pd

from gausslab.validity.grid import KEY, Cell
from gausslab.validity.intervals import NOMINAL
from gausslab.validity.shares import LEVEL
from gausslab.validity.worst import (
    bounds_of,
    judged_intervals,
    power_by_law,
    sizes_of,
    worst_bounds,
    worst_coverage,
    worst_sizes,
)

SHOWN = {
    "size": [*KEY[1:], "rejections", "replicates", "rate", "low", "high", "nominal", "null_replicates", "size_p"],
    "coverage": [*KEY, "replicates", "target", "truth", "bias", "sd", "mean_standard_error"],
    "bound": [*KEY[:3], "replicates", "truth", "mean", "sd", "above", "above_low", "above_high", "above_p"],
}


def answer(rates: pd.DataFrame, intervals: pd.DataFrame, missing: Sequence[Cell]) -> str:
    """Size, coverage, bound and power: a sentence each, and the cells that hold least of what is promised."""
    parts = [*_missing(missing), *_sizes(rates), *_coverage(intervals, "covered")]
    parts += [*_coverage(intervals, "covered_mean"), *_bounds(intervals), *_power(rates)]
    return "\n\n".join(parts) + "\n"


def _missing(cells: Sequence[Cell]) -> list[str]:
    if not cells:
        return []
    counts = Counter((cell.samples, cell.units) for cell in cells)
    told = "; ".join(f"{count} of n = {n:,}, d = {d}" for (n, d), count in counts.items())
    return [f"PARTIAL: {len(cells)} cells are missing: {told}."]


def _sizes(rates: pd.DataFrame) -> list[str]:
    sizes = sizes_of(rates)
    if sizes.empty:
        return []
    high, low = (frame[SHOWN["size"]] for frame in worst_sizes(rates))
    said = _against("sizes", sizes["size_p"])
    return [f"Size. {said}", _table("too high", high), _table("too low", low)]


def _coverage(intervals: pd.DataFrame, column: str) -> list[str]:
    judged = judged_intervals(intervals, column)
    if judged.empty:
        return []
    what = {"covered": "the truth, where it is promised", "covered_mean": "the statistic's own mean"}[column]
    shown = [*SHOWN["coverage"], *(f"{column}{end}" for end in ("", "_low", "_high", "_p"))]
    little, much = (frame[shown] for frame in worst_coverage(intervals, column))
    mean = 100 * judged[column].mean()
    said = f"{_against('coverages', judged[f'{column}_p'])} Their mean is {mean:.1f} %, promised {100 * NOMINAL:.0f} %."
    return [f"Coverage of {what}. {said}", _table("too little", little), _table("too much", much)]


def _bounds(intervals: pd.DataFrame) -> list[str]:
    bounds = bounds_of(intervals)
    if bounds.empty:
        return []
    count, total = round((bounds["above"] * bounds["replicates"]).sum()), int(bounds["replicates"].sum())
    share = f"{count} of {total} intervals, {100 * count / total:.1f} %"
    said = f"{share}, lie wholly above the truth, promised of at most 2.5 %."
    return [
        f"Lower bound. {said} {_against('laws and sizes', bounds['above_p'])}",
        _table("most often above", worst_bounds(intervals)[SHOWN["bound"]]),
    ]


def _power(rates: pd.DataFrame) -> list[str]:
    power = power_by_law(rates)
    if power.empty:
        return []
    fewest = power["n_samples"].min()
    lines = [_said(row) for row in power[power["n_samples"] == fewest].to_dict("records")]
    return ["\n".join([f"Power at n = {fewest:,}; power.csv has all sizes.", *lines])]


def _said(row: dict[Hashable, Any]) -> str:
    """One law at one size."""
    most, least = (f"{name} {row[name]} ({100 * row[f'{name}_rate']:.0f} %)" for name in ("most", "least"))
    counts = f"{row['always']} of {row['tests']} tests reject every code, {row['blind']} blind"
    return f"{row['law']}, d = {row['n_units']}: {counts}; {most}; {least}"


def _against(what: str, p_values: Iterable[float]) -> str:
    """How a family of p-values compares with one of promises that are all kept."""
    known = pd.Series(list(p_values)).dropna()
    below = int((known <= LEVEL).sum())
    told = (
        f"Of {len(known)} {what} {below} differ from what is promised at p <= 5 % ({LEVEL * len(known):.0f} by chance)"
    )
    return f"{told}; the smallest p times their number is {min(1.0, known.min() * len(known)):.2g}."


def _table(title: str, table: pd.DataFrame) -> str:
    if table.empty:
        return f"{title}: none"
    return f"{title}:\n{table.to_string(index=False, float_format='%.3g', na_rep='')}"
