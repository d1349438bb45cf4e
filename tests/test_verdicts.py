"""The one line about one code: what it says, when it says so, and that it promises no more than Holm allows."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from plotting.made import row
from statsmodels.stats.multitest import multipletests

from gausslab.errors import GausslabError
from gausslab.p_values import holm_adjusted
from gausslab.tables import to_frame
from gausslab.verdicts import joint_tests, verdict

GAUSSIAN = {"null_mean": 0.0, "null_sd": 0.05, "standard_error": 0.05, "n_units": 4}


def decomposition(values, p_values=(0.5, 0.6, 0.7, 0.8, 0.9), **given):
    """Rows of invented parts: mean and scale, correlation, marginal negentropy, dependence."""
    names = ("mean_scale", "correlation", "marginal_negentropy", "dependence")
    nulls = ("simple", "simple", "composite", "composite")
    given = GAUSSIAN | given
    parts = [
        row("kl_decomposition", name, value, p_value=p, null=null, **given)
        for name, value, p, null in zip(names, values, p_values[1:], nulls, strict=True)
    ]
    return [row("kl_decomposition", "total", sum(values), p_value=p_values[0], null="simple", **given), *parts]


def table(*rows):
    return to_frame(rows)


def units(estimator, share, n_units=6):
    return row(estimator, "rejected_share", share, 0.001, 0.01, n_units=n_units, p_value=1e-4, null="composite")


def test_a_code_that_is_not_gaussian():
    rows = [
        *decomposition((0.61, 5.2, 1.1, 0.19), n_units=16),
        units("shapiro_wilk", 12 / 16, 16),
        row("radial_spread", "statistic", 0.81, 1.0, 0.02, n_units=16, p_value=0.02, null="simple"),
        *(row("negentropy", "statistic", 0.1 * u, unit=str(u), null="composite", n_units=16) for u in range(3)),
    ]
    assert verdict(table(*rows)) == (
        "not Gaussian: 7.1 nats [7.0, 7.2] from N(0, I), of them 5.2 correlation, 1.1 non-Gaussian units, "
        "0.6 mean and scale, 0.2 dependence (above 4 units dependence, and so the sum, is a test and no measure); "
        "12 of 16 units rejected (Shapiro-Wilk, Holm), unit 2 the most (0.20 nats); radii spread 0.81 of chi's; "
        "6 of 7 tests of the whole code reject (Holm); n = 1,000; not measured: a lower bound"
    )


def test_a_gaussian():
    share = row("shapiro_wilk", "rejected_share", 0.0, 0.001, 0.01, n_units=6, p_value=0.21, null="composite")
    assert verdict(table(*decomposition((0.01, -0.004, 0.0, -0.002)), share)) == (
        "no evidence against N(0, I): 0.00 nats [-0.09, 0.10] from N(0, I); n = 1,000; smallest p 0.21 of 6 tests of "
        "the whole code (1 by Holm); not measured: radii, a lower bound"
    )


def test_a_gaussian_of_other_mean_and_covariance():
    line = verdict(table(*decomposition((3.0, 0.0, 0.0, 0.0))))
    assert line.startswith(
        "not N(0, I), but no evidence against a Gaussian of other mean and covariance: 3.0 nats [2.9, 3.1] from "
        "N(0, I), of them 3.0 mean and scale; 2 of 5 tests"
    )
    assert line.endswith("not measured: single units, radii, a lower bound")


def test_what_was_not_tested_is_not_claimed():
    def of(null, p_value):
        return verdict(table(row("radial_ks", "statistic", 1.0, 1.0, 0.1, p_value=p_value, null=null)))

    assert of("simple", 1e-4).startswith("not N(0, I); whether it is another Gaussian was not tested: 1 of 1 tests")
    assert of("composite", 0.4).startswith("no evidence against a Gaussian: n = 1,000; smallest p 0.4; not measured: ")


def test_more_entropy_than_a_gaussians_is_said():
    rows = [
        *decomposition((0.01, 0.02, -0.8, -0.2)),
        row("kl_decomposition", "beyond_second_order", -1.0, p_value=1e-4, null="composite", **GAUSSIAN),
        row("moment_kl", "mean_scale", 0.01, p_value=0.5, null="simple", **GAUSSIAN),
        row("knn_entropy", "gap", -0.98, p_value=1e-4, null="simple", **GAUSSIAN),
    ]
    line = verdict(table(*rows))
    assert "; over-entropised, 0.98 nats above Gaussian samples of the same size: its samples keep further" in line


def test_the_lower_bound_and_its_density():
    bound = [
        row("kl_lower_bound", "statistic", 5.91, 0.0, 0.1, standard_error=0.1, p_value=1e-30, null="simple"),
        row("kl_lower_bound", "gaussian", 4.0, 0.0, 0.1, p_value=1e-20, null="simple"),
        row("kl_lower_bound", "winner=elliptical", 0.5, 0.0, 0.1, p_value=0.3, null="simple"),
        row("kl_lower_bound", "winner=independent_components", 5.41, 0.0, 0.1, p_value=1e-9, null="simple"),
    ]
    line = verdict(table(*decomposition((0.0, 6.0, 0.0, 0.0)), *bound))
    assert "; at least 5.9 nats [5.7, 6.1], by independent components; " in line
    assert " of 6 tests " in line  # its rungs are no tests of their own
    assert "a lower bound" not in line


def test_a_lower_bound_that_no_density_reached():
    bound = [row("kl_lower_bound", "statistic", -0.01, 0.0, 0.01, standard_error=0.01, p_value=1.0, null="simple")]
    bound.append(row("kl_lower_bound", "winner=standard_normal", -0.01, 0.0, 0.01, p_value=1.0, null="simple"))
    line = verdict(table(*decomposition((0.0, 0.0, 0.0, 0.0)), *bound))
    assert "; no held-out density does better than N(0, I); " in line


LAPLACE = {"reference": "laplace"}
MAPPED = "all after the map of every unit from Laplace(0, 1) to N(0, 1)"


def test_a_code_measured_against_laplaces_law():
    rows = decomposition((0.1, 0.02, 1.1, 0.0), **LAPLACE)
    with pytest.raises(GausslabError, match="expected numbers of one reference law, got laplace, normal: choose one"):
        verdict(table(*rows, units("shapiro_wilk", 1.0)))
    share = row(
        "shapiro_wilk", "rejected_share", 1.0, 0.001, 0.01, n_units=4, p_value=1e-4, null="composite", **LAPLACE
    )
    assert verdict(table(*rows, share)) == (
        "not Laplace(0, 1): 1.2 nats [1.1, 1.3] from iid Laplace(0, 1), of them 1.1 shape of units, 0.1 mean and "
        "scale; 4 of 4 units rejected (Shapiro-Wilk, Holm); 3 of 6 tests of the whole code reject (Holm); n = 1,000; "
        f"not measured: radii, a lower bound; {MAPPED}"
    )


def test_what_is_not_rejected_against_laplaces_law():
    line = verdict(table(*decomposition((0.0, 0.0, 0.0, 0.0), **LAPLACE)))
    assert line.startswith("no evidence against iid Laplace(0, 1): 0.00 nats [-0.10, 0.10] from iid Laplace(0, 1); ")
    line = verdict(table(*decomposition((3.0, 0.0, 0.0, 0.0), **LAPLACE)))
    assert line.startswith(
        "not iid Laplace(0, 1), but no evidence against a Gaussian of other mean and covariance after the map: 3.0 nats"
    )
    for null, p_value, begins in (
        ("simple", 1e-4, "not iid Laplace(0, 1); whether it is another Gaussian after the map was not tested: "),
        ("composite", 0.4, "no evidence against a Gaussian after the map: "),
    ):
        line = verdict(table(row("radial_ks", "statistic", 1.0, 1.0, 0.1, p_value=p_value, null=null, **LAPLACE)))
        assert line.startswith(begins) and line.endswith(MAPPED)


def test_a_table_without_the_column_is_about_the_normal_law():
    rows = table(*decomposition((0.01, -0.004, 0.0, -0.002)))
    assert verdict(rows.drop(columns="reference")) == verdict(rows) == verdict(rows.assign(reference="normal"))


def test_one_statistic_on_several_scales_is_one_test():
    scales = [
        row("mardia", name, s * 3.0 + t, t, s * 0.5, p_value=0.2, null="composite", unit="all")
        for name, s, t in (("statistic", 1.0, 8.0), ("z", 0.1, -2.0))
    ]
    others = [row(name, "rejected_share", 0.0, 0.01, 0.05, p_value=1.0, null="composite") for name in ("a", "b")]
    assert joint_tests(table(*scales, *others))["estimator"].tolist() == ["mardia", "a", "b"]


def test_a_table_made_before_the_negentropy_was_split():
    rows = [r for r in decomposition((0.0, 1.0, 0.0, 0.0)) if r.statistic not in ("marginal_negentropy", "dependence")]
    rows.append(row("kl_decomposition", "beyond_second_order", 2.0, p_value=0.02, null="composite", **GAUSSIAN))
    assert "of them 2.0 beyond second order, 1.0 correlation;" in verdict(table(*rows))


def test_every_test_counts_once():
    rows = table(
        *decomposition((0.0, 0.0, 0.0, 0.0)),
        row("kl_decomposition", "beyond_second_order", 0.0, p_value=0.5, null="composite", **GAUSSIAN),
        *(row("negentropy", name, 0.0, p_value=0.5, null="composite", **GAUSSIAN) for name in ("marginal", "joint")),
        *(row("knn_kl", name, 0.0, p_value=0.5, null="composite", **GAUSSIAN) for name in ("whitened", "excess")),
        row("shapiro_wilk", "statistic", 0.9, unit="0", p_value=1e-9, null="composite"),
        row("reconstruction", "mse_per_element", 0.1),
    )
    tests = joint_tests(rows)
    assert set(tests["estimator"]) == {"kl_decomposition"} and len(tests) == 6
    alone = joint_tests(rows[rows["estimator"] == "knn_kl"])
    assert alone["statistic"].tolist() == ["whitened"]


def test_holm_is_that_of_statsmodels():
    p_values = np.random.default_rng(0).random(40) ** 3
    np.testing.assert_allclose(holm_adjusted(p_values), multipletests(p_values, method="holm")[1], rtol=1e-12)


@pytest.mark.parametrize(("deviations", "rejected"), [(3.0, False), (12.0, True), (-12.0, True)])
def test_a_coarse_monte_carlo_p_does_not_hide_what_is_far_from_the_null(deviations, rejected):
    tests = [row("energy", "statistic", deviations, 0.0, 1.0, p_value=0.02, null="composite")]
    tests += [row(f"test{i}", "statistic", 0.0, 0.0, 1.0, p_value=0.6, null="composite") for i in range(20)]
    assert verdict(table(*tests)).startswith("not Gaussian") == rejected


def test_family_wise_error_of_independent_exact_tests():
    # 20 tests whose p is uniform and whose value is normal: rejected in at most 5 % of 300 tables, plus 3 sd of 1.3 %
    generator = np.random.default_rng(0)
    z = generator.standard_normal((300, 20))
    p_values = 2 / 100 * np.ceil(generator.random((300, 20)) * 50)  # of 99 replicates
    rejected = 0
    for values, ps in zip(z, p_values, strict=True):
        frame = pd.DataFrame({"value": values, "null_mean": 0.0, "null_sd": 1.0, "p_value": ps})
        frame = frame.assign(estimator=[f"t{i}" for i in range(20)], statistic="statistic", unit="all", null="simple")
        rejected += bool((joint_tests(frame)["adjusted"] <= 0.05).any())
    assert rejected <= 15 + 3 * 3.8


def test_tables_that_are_not_of_one_code():
    rows = decomposition((0.0, 0.0, 0.0, 0.0))
    with pytest.raises(GausslabError, match="expected the table of one code, got several numbers of the same name"):
        verdict(table(*rows, *rows))
    with pytest.raises(GausslabError, match="it lacks the columns p_value"):
        verdict(table(*rows).drop(columns="p_value"))
    with pytest.raises(GausslabError, match="expected a table with p-values of tests of the whole code, got none"):
        verdict(table(row("negentropy", "statistic", 0.1, unit="0")))


def test_it_needs_no_torch():
    command = "import sys, gausslab.verdicts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
