"""A comparison's table cut into the lines of a chart: who is drawn, in which colour, by which name."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from gausslab.errors import GausslabError
from gausslab.plotting.selection import varying
from gausslab.plotting.theme import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILION
from gausslab.presets import base_of, label_parts, title_of

BASE = "base"
"""Column with the name of a row without what its variant sets: `eae` of `eae batch 25`."""

METHOD = "method"
"""Column with what a row is called, and what its variant sets beside a weight: `WAE-MMD, bottleneck batchnorm`."""

STYLES = ((BLUE, "o"), (VERMILION, "s"), (GREEN, "^"), (PURPLE, "D"), (ORANGE, "v"), (SKY, "P"), (INK, "X"))
"""Colour and marker, so that colours are never needed to tell lines apart."""


@dataclass(frozen=True, eq=False)
class Series:
    """One line.

    Attributes:
        label: what tells it from the others; empty if there is only one.
        rows: its part of the table.
        color: of line and marks.
        marker: of its means.
    """

    label: str
    rows: pd.DataFrame
    color: str
    marker: str


def with_base(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the column `base`."""
    return table.assign(**{BASE: table["row"].map(base_of)})


def with_method(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the column `method`."""
    return table.assign(**{METHOD: table["row"].map(_method)})


def _method(label: str) -> str:
    """Without the weight.

    >>> _method("wae bottleneck batchnorm, weight 0.03"), _method("eae weight 1")
    ('WAE-MMD, bottleneck batchnorm', 'EAE')
    """
    base, variant = label_parts(label)
    return ", ".join(
        [title_of(base), *(part for part in variant.split(", ") if part and not part.startswith("weight "))]
    )


def split(table: pd.DataFrame, columns: Sequence[str]) -> tuple[Series, ...]:
    """A line for every combination of values that occurs, in the table's order.

    Raises:
        GausslabError: a column is missing, or there are more lines than can be told apart.
    """
    missing = [name for name in columns if name not in table]
    if missing:
        raise GausslabError(f"cannot tell lines apart: the table lacks the columns {', '.join(missing)}")
    told = varying(table, columns)
    groups = list(table.groupby(told, sort=False, dropna=False)) if told else [((), table)]
    if len(groups) > len(STYLES):
        raise GausslabError(f"expected at most {len(STYLES)} lines, got {len(groups)}: draw one data set at a time")
    return tuple(
        Series(_label(told, tuple(key)), rows, *style) for (key, rows), style in zip(groups, STYLES, strict=False)
    )


def _label(columns: Sequence[str], values: Sequence[object]) -> str:
    return ", ".join(filter(None, map(_said, columns, values)))


def _said(column: str, value: object) -> str:
    """Nothing of a setting that a line does not have."""
    if pd.isna(value) or value == "":  # type: ignore[call-overload]
        return ""
    if column == BASE:
        return title_of(str(value))
    return str(value) if column in ("data", METHOD) else f"{column} {value}"
