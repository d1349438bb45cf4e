"""Tables of the adversarial studies: reading, choosing, and cutting into the rows and columns of a chart."""

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gausslab.errors import GausslabError, choices
from gausslab.plotting.selection import of_data, varying

NETWORK = ("data", "width", "weight", "seed")
"""Columns that tell the networks of the study `adversarial_norm` apart."""

CLEAN, NULL = "clean", "null"
"""Families of rows that no attack made."""

_UNREADABLE = (OSError, ValueError, EOFError, zlib.error)


@dataclass(frozen=True, eq=False)
class Block:
    """The networks that a row of panels shows.

    Attributes:
        label: what tells them from the others; empty if there are no others.
        rows: their part of the table.
    """

    label: str
    rows: pd.DataFrame


def read(path: Path) -> pd.DataFrame:
    """A table, compressed or not; each chart says which columns it needs.

    Raises:
        GausslabError: the file is absent, or no table.
    """
    try:
        return pd.read_csv(path, keep_default_na=False, na_values=[""])  # a network may be called `none` or `NA`
    except _UNREADABLE as error:
        raise GausslabError(f"cannot read the table {path}: {' '.join(str(error).split())}") from None


def checked(table: pd.DataFrame, columns: Collection[str], what: str) -> pd.DataFrame:
    """The table, if it has the columns and a row.

    Raises:
        GausslabError: naming the columns that are missing.
    """
    if missing := [name for name in columns if name not in table]:
        raise GausslabError(f"{what} lacks the columns {', '.join(missing)}")
    if table.empty:
        raise GausslabError(f"{what} has no rows: nothing to draw")
    return table


def chosen(table: pd.DataFrame, data: str | None = None, weight: float | None = None) -> pd.DataFrame:
    """The rows about one data set and one entropy weight, each only if it is given.

    Raises:
        GausslabError: there are none; what the table has is listed.
    """
    rows = table if data is None else of_data(checked(table, ["data"], "the table"), data)
    if weight is None:
        return rows
    known = sorted(checked(rows, ["weight"], "the table")["weight"].unique())
    if weight not in known:
        raise GausslabError(f"the table has no rows of weight {weight:g}, only of {', '.join(f'{w:g}' for w in known)}")
    found: pd.DataFrame = rows[rows["weight"] == weight]
    return found


def of_least_weight(table: pd.DataFrame) -> pd.DataFrame:
    """The rows about the networks of the smallest entropy weight."""
    rows = checked(table, ["weight"], "the table")
    found: pd.DataFrame = rows[rows["weight"] == rows["weight"].min()]
    return found


def of_attack(table: pd.DataFrame, spec: str) -> pd.DataFrame:
    """The rows of one attack, never those of the nulls that make its steps.

    Raises:
        GausslabError: the table has none; its attacks are listed.
    """
    attacked = table if "family" not in table else table[~table["family"].isin([CLEAN, NULL])]
    known = [str(each) for each in attacked["spec"].unique()]
    if spec not in known:
        raise GausslabError(f"the table has no attack {spec!r}; {choices(spec, known)}")
    return attacked[attacked["spec"] == spec]


def successful(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of an attack that succeeded."""
    return rows[rows["success"].astype(bool)]


def success_rate(rows: pd.DataFrame) -> float:
    """Share of the attempted examples that succeeded; NaN without any."""
    attempted = int(rows["attempted"].sum())
    return len(successful(rows)) / attempted if attempted else float("nan")


def blocks(table: pd.DataFrame, columns: Sequence[str] = ("data", "weight")) -> list[Block]:
    """A block for every combination that occurs: the first column in the table's order, the others ascending."""
    told = varying(table, columns)
    first = {value: place for place, value in enumerate(table[columns[0]].unique())}
    groups = dict(list(table.groupby(list(columns), sort=False)))
    keys = sorted(groups, key=lambda key: (first[key[0]], *key[1:]))
    return [Block(_label(dict(zip(columns, key, strict=True)), told), groups[key]) for key in keys]


def one_each(rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The rows themselves, if no two have the same keys.

    Raises:
        GausslabError: naming the first that occurs twice.
    """
    twice = rows[rows.duplicated(list(keys))]
    if len(twice):
        told = ", ".join(f"{name} {twice.iloc[0][name]}" for name in keys)
        raise GausslabError(f"expected one number of {told}, got several: draw one kind of network at a time")
    return rows


def networks_told(table: pd.DataFrame) -> str:
    """The data sets, entropy weights and widths of a table: `mnist; entropy weight 0, 1; bottleneck width 8, 16`."""
    numbers = [
        f"{said} {', '.join(f'{value:g}' for value in sorted(table[name].unique()))}"
        for name, said in (("weight", "entropy weight"), ("width", "bottleneck width"))
    ]
    return "; ".join([", ".join(map(str, table["data"].unique())), *numbers])


def counted(numbers: "pd.Series[int]") -> str:
    """A number, or the range of several.

    >>> counted(pd.Series([1000, 1000])), counted(pd.Series([40, 1000]))
    ('1,000', '40 to 1,000')
    """
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _label(values: dict[str, object], told: Collection[str]) -> str:
    """What varies, in words."""
    return ", ".join(_SAID.get(name, "{}").format(value) for name, value in values.items() if name in told)


_SAID = {"weight": "entropy weight {:g}"}
