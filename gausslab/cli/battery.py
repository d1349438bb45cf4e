"""What `gausslab measure` prints: the estimators there are, and the table of one code."""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import pandas as pd
from rich import box
from rich.table import Table

from gausslab.cli.console import stderr, stdout
from gausslab.cli.decomposition import print_decomposition
from gausslab.errors import GausslabError
from gausslab.verdicts import verdict

_WORST = 3
_LEGEND = (
    "null_mean, null_sd: of exact Gaussian samples of the same n and d. p_value: two-sided by Monte Carlo where no law "
    "is known. standard_error: empty where none is known."
)
_TWO_SIDED = "a two-sided p is at least 2 / (B + 1)"
_COLUMNS = ("value", "standard_error", "null_mean", "null_sd", "p_value")


def print_estimators() -> None:
    """A row an estimator: its name, what it measures, of what, under which null, from how many samples on."""
    from gausslab.estimators.registry import ESTIMATORS
    from gausslab.estimators.univariate.base import UnitTest

    table = Table("estimator", "measures", "of", "null", "from n", box=box.SIMPLE_HEAD)
    for name, kind in ESTIMATORS.items():
        estimator = kind()
        of = "each unit" if isinstance(estimator, UnitTest) else "the code"
        table.add_row(name, _first_line(kind.__doc__), of, estimator.null, str(estimator.min_samples))
    stdout().print(table)
    stdout().print(
        "null: simple is N(0, I) itself; composite leaves mean and covariance free. What a number means and how it can "
        "mislead: the docstrings in gausslab.estimators.",
        style="dim",
        soft_wrap=True,
    )


def _first_line(doc: str | None) -> str:
    r"""The first line of a docstring up to its formula.

    >>> _first_line("Mardia's kurtosis: $b$ of.\n\n    More."), _first_line("KL in nats = a + b.")
    ("Mardia's kurtosis", 'KL in nats = a + b')
    """
    return (doc or "").split("\n")[0].partition("$")[0].strip().rstrip(":.,")


def print_table(table: pd.DataFrame, title: str, units: Sequence[str] = ()) -> None:
    """The numbers of the whole code, the tests of single units in short, the decomposition, the verdict."""
    whole = table[(table["unit"] == "all") & (table["statistic"] != "rejected_share")]
    parts = whole["estimator"] == "kl_decomposition"
    if len(rows := whole[~parts]):
        _print_whole(rows, title)
    _print_units(table, units)
    if parts.any():
        print_decomposition(table)
        _print_replicates(whole[parts], _TWO_SIDED)
    with suppress(GausslabError):  # no test of the whole code, no verdict
        stdout().print(verdict(table), soft_wrap=True)


def print_refused(refused: Mapping[str, Iterable[str]]) -> None:
    """What could not be measured, and why, on stderr."""
    for reason, names in refused.items():
        stderr().print(f"not measured: {', '.join(names)}: {reason}", soft_wrap=True, markup=False)


def _print_whole(rows: pd.DataFrame, title: str) -> None:
    shown = Table(title=f"{title}: the whole code", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("estimator", "statistic"):
        shown.add_column(name, no_wrap=True)
    for name in _COLUMNS:
        shown.add_column(name, justify="right", no_wrap=True)
    for estimator, part in rows.groupby("estimator", sort=False):
        for index, row in enumerate(part.to_dict("records")):
            cells = (_p(row[name]) if name == "p_value" else _number(row[name]) for name in _COLUMNS)
            shown.add_row("" if index else str(estimator), str(row["statistic"]), *cells)
    stdout().print(shown)
    stdout().print(_LEGEND, style="dim", soft_wrap=True)
    _print_replicates(rows, f"null_mean to about null_sd / sqrt(B); {_TWO_SIDED}")


def _print_replicates(rows: pd.DataFrame, rest: str) -> None:
    if len(drawn := rows["null_replicates"][rows["null_replicates"] > 0]):
        stdout().print(replicates_line(int(drawn.min()), int(drawn.max()), rest), style="dim", soft_wrap=True)


def replicates_line(fewest: int, most: int, rest: str) -> str:
    """How many replicates the null laws have, and how well a p-value is known by the fewest.

    A two-sided p is twice a share q of B replicates, whose standard error is sqrt(q (1 - q) / B).

    >>> replicates_line(119, 4999, "no less")
    'Monte Carlo: B = 119 to 4,999 replicates (column null_replicates), so p = 0.05 is known to ±0.029; no less.'
    """
    shown = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    error = 2 * math.sqrt(0.025 * 0.975 / fewest)
    return (
        f"Monte Carlo: B = {shown} replicates (column null_replicates), so p = 0.05 is known to ±{error:.2g}; {rest}."
    )


def _print_units(table: pd.DataFrame, names: Sequence[str]) -> None:
    """A row a test of single units: how many it rejects, and which are the worst."""
    shares = table[table["statistic"] == "rejected_share"]
    if shares.empty:
        return
    shown = Table(title="single units", box=box.SIMPLE_HEAD, title_justify="left")
    shown.add_column("estimator", no_wrap=True)
    for name in ("rejected_share", "null_mean", "p_value"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("worst units", overflow="fold")
    for row in shares.to_dict("records"):
        single = table[(table["estimator"] == row["estimator"]) & (table["unit"] != "all")]
        cells = (_number(row["value"]), _number(row["null_mean"]), _p(row["p_value"]), _worst(single, names))
        shown.add_row(str(row["estimator"]), *cells)
    stdout().print(shown)
    stdout().print("rejected_share: of the units, at 5 % after Holm's correction for their number.", style="dim")
    single = table[(table["unit"] != "all") & table["estimator"].isin(shares["estimator"])]
    _print_replicates(single, "a p too small for B follows a tail fitted to the largest")


def _worst(rows: pd.DataFrame, names: Sequence[str]) -> str:
    """The units with the smallest p; among equals those furthest from the null's mean."""
    away = (rows["value"] - rows["null_mean"]).abs()
    ranked = rows.assign(away=-away).sort_values(["p_value", "away"], kind="stable").head(_WORST)
    return ", ".join(f"{_unit(row['unit'], names)} (p {_p(row['p_value'])})" for row in ranked.to_dict("records"))


def _unit(unit: str, names: Sequence[str]) -> str:
    return names[int(unit)] if names else unit


def _number(value: float) -> str:
    """Four digits.

    >>> _number(0.123456), _number(12345.6), _number(float("nan")), _number(0.0)
    ('0.1235', '1.235e+04', '', '0')
    """
    return "" if math.isnan(value) else f"{value:.4g}"


def _p(value: float) -> str:
    """Two digits, and no more than can be meant.

    >>> _p(0.0312), _p(3e-17), _p(float("nan"))
    ('0.031', '≤1e-12', '')
    """
    if math.isnan(value):
        return ""
    return f"{value:.2g}" if value > 1e-12 else "≤1e-12"
