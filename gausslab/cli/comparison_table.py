"""A comparison in the terminal: the thesis's table with its numbers beside ours, then what the codes are like."""

import math
from collections.abc import Sequence

import pandas as pd
from rich import box
from rich.table import Table

from gausslab.cli.console import stdout
from gausslab.cli.report import interval_text, print_warning
from gausslab.labels import frechet_label
from gausslab.presets import title_of
from gausslab.scoreboard.layout import (
    FRECHET,
    LATENT,
    Column,
    cell,
    check,
    floors,
    rows,
    score_columns,
)
from gausslab.scoreboard.published import printed
from gausslab.tables import POSTERIOR

_SCORES = (
    "mean ± half of a 95% t interval over {seeds} seeds; {images:,} images a score; floor: as many real images. In "
    "parentheses what the thesis or its sources print, for networks at paper scale by FID: context, not a target. MSE: "
    "per element. Row 2SVAE: reconstructions pass through the second stage."
)
_CODES = (
    "nats a unit (KL, its parts, entropy gap); radial SD over chi's; participation ratio over the units; test codes, "
    "of a variational row its posteriors' means, against N(0, I), those of an L1 bottleneck against Laplace. Null: "
    "exact Gaussian samples. What rests on nearest neighbours (KL, beyond, entropy gap) tests above about 4 units, and "
    "does not measure."
)


def print_comparison(table: pd.DataFrame, data: str) -> None:
    """Scores, codes, warnings."""
    check(table)
    _print_scores(table, data)
    _print("codes", table, LATENT, {column: _null(table, column) for column in LATENT}, "null")
    stdout().print(_CODES, style="dim", soft_wrap=True)
    for row in rows(table):
        print_warning(row, table[(table["row"] == row) & (table["layer"] != POSTERIOR)])


def _print_scores(table: pd.DataFrame, data: str) -> None:
    label = frechet_label(next(name for name in table["extractor"] if name))
    columns = score_columns(table)
    _print(
        f"{data}: {label} of samples and reconstructions", table, columns, floors(table, columns), "real images", data
    )
    scored = table[table["estimator"] == FRECHET]
    caption = _SCORES.format(seeds=scored["seed"].nunique(), images=int(scored["n_samples"].max()))
    stdout().print(caption, style="dim", soft_wrap=True)


def _print(
    title: str,
    table: pd.DataFrame,
    columns: Sequence[Column],
    last: dict[Column, float],
    last_label: str,
    data: str = "",
) -> None:
    shown = [column for column in columns if any(cell(table, row, column) for row in rows(table))]
    made = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    made.add_column("row", no_wrap=True)
    for column in shown:
        made.add_column(column.label, justify="right")
    for row in rows(table):
        made.add_row(title_of(row), *(_text(table, row, column, data) for column in shown))
    made.add_row(last_label, *(_number(last.get(column)) for column in shown), style="dim")
    stdout().print(made)


def _text(table: pd.DataFrame, row: str, column: Column, data: str) -> str:
    found = cell(table, row, column)
    if found is None:
        return "-"
    return interval_text(found) + _printed(data, row, column)


def _printed(data: str, row: str, column: Column) -> str:
    if column.estimator != FRECHET or not data:
        return ""
    sampler = column.sampler if column.sampler is not None else ("second-stage" if row == "2svae" else "")
    value = printed(data, row, sampler, column.statistic)
    return "" if value is None else (" (unreadable)" if math.isnan(value) else f" ({value:g})")


def _null(table: pd.DataFrame, column: Column) -> float:
    found = [cell(table, row, column) for row in rows(table)]
    return next((each.null for each in found if each is not None), math.nan)


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3g}"
