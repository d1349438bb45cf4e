"""From the tidy table to the few numbers that one panel draws."""

from collections.abc import Sequence

import pandas as pd

from gausslab import summary
from gausslab.errors import GausslabError
from gausslab.tables import check

BOTTLENECK = "bottleneck"
_SCALED = ["value", "standard_error", "null_mean", "null_sd"]
_NUMBERS = [*_SCALED, "n_units", "n_samples"]
_SERIES = ("data", "model", "channels", "depth")
_MIXED = ("data", "model", "channels", "depth", "layer", "point", "statistics", "run")


def checked(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The table with its numbers as floats, if it has every column.

    Raises:
        GausslabError: naming the columns that are missing.
    """
    return check(frame, source).astype(dict.fromkeys(_NUMBERS, float))


def varying(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Those of the columns that hold more than one value."""
    return [name for name in columns if len(frame[name].unique()) > 1]


def of_data(frame: pd.DataFrame, data: str) -> pd.DataFrame:
    """The rows about one data set.

    Raises:
        GausslabError: there are none; the data sets of the table are listed.
    """
    rows = frame[frame["data"] == data]
    if rows.empty:
        raise GausslabError(f"the table has no rows about {data!r}, only about {', '.join(frame['data'].unique())}")
    return rows


def numbers(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column of settings as numbers, which the table holds as text; NaN where a row does not have the setting.

    Raises:
        GausslabError: there is no such column, or it holds something else.
    """
    if name not in frame:
        raise GausslabError(f"expected a table with a column {name!r}, got {', '.join(map(str, frame.columns))}")
    try:
        return frame[name].replace("", None).astype("float64")
    except (TypeError, ValueError):
        raise GausslabError(f"expected numbers in the column {name!r}, got {frame[name].iloc[0]!r}") from None


def joint_rows(frame: pd.DataFrame, estimator: str, statistic: str) -> pd.DataFrame:
    """Rows of one number of one estimator about all units together, NaN values left out."""
    chosen = (frame["estimator"] == estimator) & (frame["statistic"] == statistic) & frame["unit"].isin(["all", ""])
    return frame[chosen & frame["value"].notna()]


def per_dimension(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows with the value, its error and its null divided by the number of units."""
    return rows.assign(**{name: rows[name] / rows["n_units"] for name in _SCALED})


def at_bottleneck(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows about the whole network and about the bottleneck: the layer of that name, or else the only one.

    Raises:
        GausslabError: several layers, and none is called `bottleneck`.
    """
    layers = [name for name in frame["layer"].unique() if name]
    if len(layers) > 1 and BOTTLENECK not in layers:
        raise GausslabError(f"expected one layer or one called {BOTTLENECK!r}, got {', '.join(layers)}")
    chosen = BOTTLENECK if BOTTLENECK in layers else layers[0] if layers else ""
    return frame[frame["layer"].isin(["", chosen])]


def require_one_run_each(rows: pd.DataFrame, factor: str = "width") -> pd.DataFrame:
    """The rows themselves, sorted, if there is one for each seed and value of the factor.

    Raises:
        GausslabError: naming the value and seed that occur twice, and the columns that differ.
    """
    twice = rows[rows.duplicated([factor, "seed"], keep=False)]
    if len(twice):
        first = twice.iloc[0]
        same = twice[(twice[factor] == first[factor]) & (twice["seed"] == first["seed"])]
        differing = varying(same, _MIXED) or ["none"]
        raise GausslabError(
            f"expected one number for {factor} {first[factor]}, seed {first['seed']} of {first['estimator']}, "
            f"got {len(same)} (columns that differ: {', '.join(differing)}); draw one series at a time"
        )
    return rows.sort_values([factor, "seed"])


def over_seeds(rows: pd.DataFrame, factor: str = "width") -> pd.DataFrame:
    """Mean over the seeds of each value of the factor and the half width of its 95 % t interval (NaN with one seed).

    The interval supposes that the seeds' values are Gaussian about their mean; with three seeds it spans 4.3 standard
    errors to either side, so a wide bar says that there are few seeds as much as that they disagree.
    """
    found = {float(str(value)): summary.over_seeds(part) for value, part in rows.groupby(factor)}
    columns = {"mean": [cell.mean for cell in found.values()], "half": [cell.half_width for cell in found.values()]}
    return pd.DataFrame({factor: list(found), **columns})


def null_over(rows: pd.DataFrame, reference: float, factor: str = "width") -> pd.DataFrame:
    """Mean and largest SD of the null at each value of the factor.

    `reference` with no SD stands where the table states no null.
    """
    null = rows.groupby(factor)[["null_mean", "null_sd"]].agg({"null_mean": "mean", "null_sd": "max"})
    known = null["null_mean"].notna()
    return pd.DataFrame(
        {
            factor: null.index.to_numpy(float),
            "mean": null["null_mean"].fillna(reference).to_numpy(float),
            "sd": null["null_sd"].where(known).fillna(0.0).to_numpy(float),
        }
    )


def split_series(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The table cut into sweeps over width alone, by a short name; one sweep has the empty name."""
    columns = varying(frame, _SERIES)
    if not columns:
        return {"": frame}
    groups = frame.groupby(columns, dropna=False, sort=True)
    return {"-".join(_short(n, v) for n, v in zip(columns, key, strict=True)): rows for key, rows in groups}


def _short(column: str, value: object) -> str:
    return f"{column}{value}" if column in ("channels", "depth") else str(value)
