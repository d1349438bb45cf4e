"""The worst cells of made tables, and what is not counted among them."""

import pandas as pd
import pytest

from gausslab.errors import GausslabError
from gausslab.validity import power_by_law, worst_bounds, worst_coverage, worst_sizes
from gausslab.validity.rows import labels, nothing_to_find, read, without


def rates(*rows):
    names = ("law", "estimator", "statistic", "rate", "size_p")
    table = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    return table.assign(n_samples=500, n_units=8, nominal=0.05, null="composite", low=table["rate"] - 0.04)


def test_sizes_too_high_and_too_low_are_apart_and_copies_of_a_test_are_not_listed():
    high, low = worst_sizes(
        rates(
            ("gaussian", "energy", "statistic", 0.06, 0.3),
            ("gaussian", "royston", "statistic", 0.2, 1e-9),
            ("gaussian", "mardia_kurtosis", "z", 0.3, 1e-12),
            ("gaussian", "radial_ks", "statistic", 0.0, 1e-4),
            ("cube", "energy", "statistic", 1.0, float("nan")),
        )
    )
    assert list(high["estimator"]) == ["royston", "energy"]
    assert list(low["estimator"]) == ["radial_ks"]


def intervals(*rows):
    names = ("estimator", "statistic", "target", "share", "low", "high")
    table = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    ends = {"": "share", "_low": "low", "_high": "high"}
    columns = {f"{name}{end}": table[given] for name in ("covered", "covered_mean") for end, given in ends.items()}
    return table.assign(law="cube", n_samples=500, n_units=8, **columns)


def test_coverage_is_ranked_by_what_its_interval_leaves_open():
    table = intervals(
        ("kl_decomposition", "correlation", "value", 0.7, 0.35, 0.93),
        ("radial_spread", "statistic", "value", 0.8, 0.78, 0.82),
        ("participation_ratio", "debiased", "value", 1.0, 0.99, 1.0),
        ("kl_decomposition", "total", "limit", 0.0, 0.0, 0.01),
        ("negentropy", "marginal", "value", 0.0, 0.0, 0.01),
        ("kl_lower_bound", "elliptical", "bound", 0.1, 0.0, 0.2),
    )
    little, much = worst_coverage(table, "covered")
    assert list(little["statistic"]) == ["statistic", "correlation"]
    assert list(much["statistic"]) == ["debiased"]
    little, _ = worst_coverage(table, "covered_mean")
    assert list(little["statistic"]) == ["total", "statistic", "correlation"]


def test_bounds_above_the_truth_come_first_and_rungs_not_at_all():
    table = intervals(
        ("kl_lower_bound", "statistic", "bound", 0.0, 0.0, 0.1),
        ("kl_lower_bound", "statistic", "bound", 0.1, 0.05, 0.2),
        ("kl_lower_bound", "elliptical", "bound", 0.9, 0.8, 1.0),
    )
    table = table.assign(above=table["share"], above_low=table["low"])
    assert list(worst_bounds(table)["above"]) == [0.1, 0.0]


def test_power_names_the_best_and_the_worst_that_had_something_to_find():
    table = power_by_law(
        rates(
            ("cube", "energy", "statistic", 0.5, 0.0),
            ("cube", "radial_ks", "statistic", 1.0, 0.0),
            ("cube", "radial_ad", "statistic", 1.0, 0.0),
            ("cube", "royston", "statistic", 0.05, 0.0),
            ("cube", "moment_kl", "statistic", 0.0, 0.0),
            ("cube", "kl_decomposition", "dependence", 0.0, 0.0),
            ("correlated", "energy", "statistic", 0.05, 0.0),
            ("gaussian", "energy", "statistic", 0.05, 0.0),
        )
    )
    row = table.iloc[0]
    assert len(table) == 1
    assert (row["tests"], row["always"], row["blind"]) == (4, 2, 1)
    assert (row["most"], row["most_rate"]) == ("radial_ks, radial_ad", 1.0)
    assert (row["least"], row["least_rate"]) == ("royston", 0.05)


def test_more_than_three_of_the_same_power_are_counted():
    names = ("energy", "royston", "henze_zirkler", "doornik_hansen", "projection_pursuit")
    table = power_by_law(rates(*(("cube", name, "statistic", 0.4, 0.0) for name in names)))
    assert table.iloc[0]["most"] == "energy, royston, henze_zirkler and 2 more"


@pytest.mark.parametrize(
    ("law", "row", "null", "nothing"),
    [
        ("correlated", ("energy", "statistic"), "composite", True),
        ("correlated", ("radial_ks", "statistic"), "simple", False),
        ("correlated", ("kl_decomposition", "mean_scale"), "simple", True),
        ("clusters", ("moment_kl", "statistic"), "simple", False),
        ("t5-elliptical", ("moment_kl", "statistic"), "simple", True),
        ("t5-elliptical", ("kl_decomposition", "dependence"), "composite", False),
        ("t5", ("kl_decomposition", "dependence"), "composite", True),
        ("t5", ("energy", "statistic"), "composite", False),
    ],
)
def test_where_there_is_nothing_to_find(law, row, null, nothing):
    table = pd.DataFrame([{"law": law, "estimator": row[0], "statistic": row[1], "null": null}])
    assert list(nothing_to_find(table)) == [nothing]


def test_labels_name_the_estimator_and_other_statistics_too():
    table = rates(("cube", "lilliefors", "rejected_share", 0, 0), ("cube", "moment_kl", "debiased", 0, 0))
    assert labels(table) == ["lilliefors", "moment_kl: debiased"]
    assert len(without(table, {("moment_kl", "debiased")})) == 1


def test_a_table_of_something_else_is_refused(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("law,n_samples\ncube,3\n")
    with pytest.raises(GausslabError, match="it has no column n_units, so it is none of validity"):
        read(file)
    with pytest.raises(GausslabError, match=r"cannot read the table .*absent"):
        read(tmp_path / "absent")
