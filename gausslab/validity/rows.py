"""Rows of the study's tables: their names, and which repeat another under a second name.

A chart, and a list of the worst, shows each test once. No torch here: charts read it.
"""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from gausslab import csv_files
from gausslab.validity.grid import KEY

Row = tuple[str, str]

TRUE_NULL = "gaussian"
"""The law whose rejections are the size."""

SAME_TEST: frozenset[Row] = frozenset(
    {
        ("moment_kl", "debiased"),  # its statistic less a constant
        ("moment_kl", "mean_scale"),  # the decomposition's, as are the next four
        ("moment_kl", "correlation"),
        ("negentropy", "marginal"),
        ("negentropy", "joint"),
        ("knn_kl", "excess"),
        ("knn_kl", "whitened"),
        ("knn_entropy", "gap"),  # a constant less its statistic
        ("mardia_skewness", "chi_squared"),  # multiples of its statistic
        ("mardia_skewness", "chi_squared_small"),
        ("mardia_kurtosis", "z"),  # its statistic, standardised
        ("mardia_kurtosis", "z_exact"),
        ("participation_ratio", "isoscore"),  # a linear function of its statistic
    }
)
"""The same p-value as another row, whatever the code."""

NEAR_TEST: frozenset[Row] = SAME_TEST | {
    ("participation_ratio", "effective_rank"),  # decides as its statistic in 99 of 100 codes
    ("royston", "shapiro_wilk"),  # in 97; differs for heavy tails
    ("projection_pursuit", "least_kurtosis"),  # the two sides of its statistic
    ("projection_pursuit", "greatest_kurtosis"),
}
"""What a chart of tests leaves out: the same, and what nearly is."""

SAME_INTERVAL: frozenset[Row] = frozenset(
    {
        ("moment_kl", "statistic"),  # debiased, plus a constant
        ("moment_kl", "mean_scale"),  # the decomposition's, as are the next five
        ("moment_kl", "correlation"),
        ("negentropy", "marginal"),
        ("negentropy", "joint"),
        ("knn_kl", "excess"),
        ("knn_kl", "whitened"),  # but for the null's mean
        ("knn_entropy", "statistic"),  # the gap, mirrored, but for the null's mean
        ("participation_ratio", "isoscore"),  # a linear function of its statistic
    }
)
"""The same interval as another row but for a constant, so that what it says of the standard error is the same."""

SCALE: frozenset[Row] = frozenset({("kl_decomposition", "mean_scale"), ("moment_kl", "mean_scale")})
"""Every unit of every law has mean 0 and variance 1."""

SECOND_ORDER: frozenset[Row] = SCALE | {
    ("kl_decomposition", "correlation"),
    ("moment_kl", "correlation"),
    ("moment_kl", "statistic"),
    ("moment_kl", "debiased"),
    ("participation_ratio", "statistic"),
    ("participation_ratio", "debiased"),
    ("participation_ratio", "effective_rank"),
    ("participation_ratio", "isoscore"),
    ("participation_ratio", "largest_eigenvalue"),
    ("participation_ratio", "outside_bulk"),
}
"""Functions of mean and covariance: on a law of covariance I there is nothing for them to find."""

CORRELATED = ("correlated", "clusters")
"""The laws whose covariance is not I."""

INDEPENDENT = ("t10", "t5", "cube", "laplace")
"""The laws other than N(0, I) whose units are independent."""


def read(path: Path) -> pd.DataFrame:
    """A table of the study.

    Raises:
        GausslabError: the file is absent, no table, or one of something else.
    """
    return csv_files.read(path, KEY, "it is none of validity")


def without(table: pd.DataFrame, rows: Collection[Row]) -> pd.DataFrame:
    """The table without these rows, by its columns `estimator` and `statistic`."""
    pairs = zip(table["estimator"], table["statistic"], strict=True)
    return table[pd.Series([pair not in rows for pair in pairs], index=table.index, dtype=bool)]


def nothing_to_find(rates: pd.DataFrame) -> pd.Series:
    """Where a row has nothing to find though the law is not N(0, I).

    Its null holds (composite ones on correlated Gaussians), or what it measures is 0 in truth: functions of mean and
    covariance where that is I, `mean_scale` always, `dependence` where units are independent.
    """
    pairs = list(zip(rates["estimator"], rates["statistic"], strict=True))
    scale, second, dependence = (
        pd.Series([pair in rows for pair in pairs], index=rates.index, dtype=bool)
        for rows in (SCALE, SECOND_ORDER, {("kl_decomposition", "dependence")})
    )
    composite = (rates["law"] == "correlated") & (rates["null"] == "composite")
    spherical, independent = ~rates["law"].isin(CORRELATED), rates["law"].isin(INDEPENDENT)
    return composite | scale | (second & spherical) | (dependence & independent)


def labels(table: pd.DataFrame) -> list[str]:
    """A name for each row: the estimator alone for the number that the literature defines."""
    plain = ("statistic", "rejected_share")
    pairs = zip(table["estimator"], table["statistic"], strict=True)
    return [name if statistic in plain else f"{name}: {statistic}" for name, statistic in pairs]
