"""A comparison's table in the thesis's layout, and why a row needs its density estimated.

A cell is a mean over seeds with half of a 95 % t interval. Scores of different samplers stand in different columns, and
the sampler is told in each; scores of samples, reconstructions and errors of reconstructions are never mixed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from gausslab.errors import GausslabError
from gausslab.summary import Interval, over_seeds, own_reference
from gausslab.tables import POSTERIOR

FRECHET, KERNEL = "frechet_distance", "kernel_distance"
SAMPLES, RECONSTRUCTIONS = "samples", "reconstructions"
MIDPOINTS = ("linear", "rescaled", "spherical")


@dataclass(frozen=True)
class Column:
    """One number of every row.

    Attributes:
        label: its heading.
        estimator: of the table.
        statistic: of the table.
        sampler: of the table; None where any may stand, each row its own.
        per_unit: whether it is divided by the number of units.
        posterior: whether it is about codes drawn from the posteriors of a variational encoder, and not about their
            means.
    """

    label: str
    estimator: str
    statistic: str
    sampler: str | None = ""
    per_unit: bool = False
    posterior: bool = False


LATENT = (
    Column("KL/dim", "kl_decomposition", "total", per_unit=True),
    Column("mean/scale", "moment_kl", "mean_scale", per_unit=True),
    Column("correlation", "moment_kl", "correlation", per_unit=True),
    Column("beyond", "kl_decomposition", "beyond_second_order", per_unit=True),
    Column("entropy gap", "knn_entropy", "gap", per_unit=True),
    Column("radial SD", "radial_spread", "statistic"),
    Column("participation", "participation_ratio", "debiased", per_unit=True),
    Column("kurtosis z", "mardia_kurtosis", "z_exact"),
)
"""What is said of a row's code: why its samples from N(0, I) are good, or need another density."""


def check(table: pd.DataFrame) -> pd.DataFrame:
    """The table, if it is a comparison's.

    Raises:
        GausslabError: it lacks a column.
    """
    missing = [name for name in ("row", "sampler", "extractor") if name not in table]
    if missing:
        raise GausslabError(f"expected the table of a comparison, but it lacks {', '.join(missing)}")
    return table


def samplers(table: pd.DataFrame) -> list[str]:
    """The samplers, in the table's order."""
    return [name for name in table.loc[table["statistic"] == SAMPLES, "sampler"].unique() if name]


def score_columns(table: pd.DataFrame) -> list[Column]:
    """Frechet distances: a column a sampler, then the reconstructions; last their squared error."""
    return [
        *(Column(name, FRECHET, SAMPLES, name) for name in samplers(table)),
        Column("reconstruction", FRECHET, RECONSTRUCTIONS, None),
        Column("MSE", "reconstruction", "mse_per_element"),
    ]


def cell(table: pd.DataFrame, row: str, column: Column) -> Interval | None:
    """Mean and interval over seeds; None where the row has no such number."""
    found = numbers(table, row, column)
    return None if found.empty else over_seeds(found)


def numbers(table: pd.DataFrame, row: str, column: Column) -> pd.DataFrame:
    """The rows of the table behind a cell, one a seed, per unit where the column says so.

    A row whose own second stage its reconstructions pass through has that number, and not the plain one.
    """
    found = table[
        (table["row"] == row) & (table["estimator"] == column.estimator) & (table["statistic"] == column.statistic)
    ]
    found = own_reference(found[(found["unit"] == "all") & ((found["layer"] == POSTERIOR) == column.posterior)])
    found = _through_second_stage(found) if column.sampler is None else found[found["sampler"] == column.sampler]
    scale = found["n_units"].astype(float) if column.per_unit else 1.0
    return found.assign(value=found["value"] / scale, null_mean=found["null_mean"] / scale)


def _through_second_stage(found: pd.DataFrame) -> pd.DataFrame:
    own = found[found["sampler"] != ""]
    return found if own.empty else own


def rows(table: pd.DataFrame) -> list[str]:
    """The rows, in the table's order."""
    return list(table["row"].unique())


def floors(table: pd.DataFrame, columns: Iterable[Column]) -> dict[Column, float]:
    """What real images score at the same n, under the columns that are scores."""
    of_real = table[table["estimator"] == FRECHET]["null_mean"]
    return {column: float(of_real.iloc[0]) for column in columns if column.estimator == FRECHET and len(of_real)}
