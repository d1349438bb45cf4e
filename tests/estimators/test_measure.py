"""The entry point: what it accepts, what it returns, what it says."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators import (
    DEFAULT_ESTIMATORS,
    ESTIMATORS,
    Estimate,
    TwoSampleKnnKL,
    calibrating,
    knn_divergence,
    knn_entropy,
    measure,
)
from gausslab.estimators.measure import COLUMNS, measure_allowed
from gausslab.estimators.registry import PROBE_ESTIMATORS


@pytest.fixture
def x():
    return torch.randn(60, 3, generator=torch.Generator().manual_seed(0))


def test_a_table_with_one_number_a_row():
    x = torch.randn(250, 2, generator=torch.Generator().manual_seed(0))  # whose null laws are shipped
    table = measure(x)
    assert tuple(table.columns) == COLUMNS
    assert table["estimator"].unique().tolist() == list(DEFAULT_ESTIMATORS) == list(ESTIMATORS)
    assert (table["n_samples"] == 250).all()
    assert (table["n_units"] == 2).all()
    assert not table.duplicated(["estimator", "statistic", "unit"]).any()
    assert table["value"].notna().all()
    assert set(table["unit"]) == {"all", "0", "1"}


def test_null_and_quantity_are_in_the_table(x):
    assert COLUMNS[-3:] == ("null", "quantity", "reference")
    table = measure(x, ["kl_decomposition", "moment_kl", "jarque_bera"])
    found = {key: set(zip(rows["null"], rows["quantity"], strict=True)) for key, rows in table.groupby("estimator")}
    assert found == {
        "kl_decomposition": {("simple", "nats"), ("composite", "nats")},
        "moment_kl": {("simple", "nats")},
        "jarque_bera": {("composite", "")},
    }
    whitened = table[table["statistic"] == "beyond_second_order"]
    assert whitened["null"].tolist() == ["composite"]


def test_the_reference_is_in_the_table(x):
    assert set(measure(x, "jarque_bera")["reference"]) == {"normal"}
    against = measure(x, ["jarque_bera", "radial_ks"], reference="laplace")
    assert set(against["reference"]) == {"laplace"}
    allowed = measure_allowed(x, ["jarque_bera", "radial_ks"], {}, reference="laplace")
    pd.testing.assert_frame_equal(allowed.table, against)


def test_samples_of_their_own_are_no_reference_law(x):
    two = TwoSampleKnnKL(reference=x + 0.01)
    assert set(measure(x, two)["reference"]) == {""}
    with pytest.raises(EstimatorError, match="two_sample_knn_kl: it has samples to compare with, and no reference law"):
        measure(x, two, reference="laplace")


def test_an_estimate_without_a_null_says_so(x):
    class Mean:
        name, min_samples, null = "mean", 2, "simple"

        def __call__(self, x):
            return (Estimate(statistic="statistic", value=x.mean().item(), null=""),)

    row = measure(x, [Mean()]).iloc[0]
    assert (row["null"], row["quantity"], row["n_samples"]) == ("", "", 60)


@pytest.mark.parametrize("name", ["kl_decomposition", "knn_entropy", "knn_kl"])
def test_dropped_duplicates_are_not_counted(x, name):
    doubled = torch.cat([x, x[:7]])
    assert set(measure(doubled, name, duplicates="drop")["n_samples"]) == {60}
    assert set(measure(doubled, name, duplicates="jitter")["n_samples"]) == {67}
    assert set(measure(doubled, "moment_kl")["n_samples"]) == {67}


def test_a_subsample_counts_its_own_samples():
    x = torch.randn(5003, 2, generator=torch.Generator().manual_seed(0))
    table = measure(x, ["shapiro_wilk", "jarque_bera"])
    assert table.groupby("estimator")["n_samples"].unique().map(list).to_dict() == {
        "shapiro_wilk": [5000],
        "jarque_bera": [5003],
    }


def test_tensor_array_and_frame_give_the_same_table(x):
    tables = [measure(each, ["knn_kl", "lilliefors"]) for each in (x, x.numpy(), pd.DataFrame(x.numpy()))]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])


def test_views_integers_and_gradients_are_accepted(x):
    pd.testing.assert_frame_equal(measure(x.numpy()[::-1], "radial_ks"), measure(x.flip(0), "radial_ks"))
    assert measure(np.arange(60).reshape(30, 2) ** 2 % 37, "radial_ks")["value"].notna().all()
    assert measure(x.requires_grad_(), "radial_ks")["value"].notna().all()


def test_estimators_by_name_or_built_and_options(x):
    named = measure(x, ["knn_entropy", "radial_ks"], k=2)
    built = measure(x, [ESTIMATORS["knn_entropy"](k=2), "radial_ks"])
    pd.testing.assert_frame_equal(named, built)
    pd.testing.assert_frame_equal(measure(x, ESTIMATORS["radial_ks"]()), measure(x, "radial_ks"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[0], r"measure: expected samples x units \(2 axes\), got 1 axes \(3,\)"),
        (lambda x: x.reshape(5, 4, 9), r"expected samples x units \(2 axes\), got 3 axes \(5, 4, 9\)"),
        (lambda x: x[:1], "measure: expected at least 2 samples, got 1"),
        (lambda x: x[:, :0], "measure: expected at least 1 unit, got samples of shape 60 x 0"),
        (lambda x: x.log(), r"measure: expected finite values, got NaN or infinity in \d+ of 60 samples"),
        (lambda x: x * torch.tensor([1.0, 0.0, 1.0]), "measure: expected units that vary, got 1 constant of 3: 1"),
        (lambda x: x.to(torch.complex64), "measure: expected real numbers, got complex ones"),
        (lambda x: np.array([["a", "b"]]), "measure: expected real numbers, got values that are not"),
        (lambda x: torch.cat([x, x]), "60 of 120 samples repeat an earlier one"),
        (lambda x: x[:5], "kl_decomposition: expected at least 7 samples, got 5"),
    ],
)
def test_samples_that_cannot_be_used(x, change, message):
    with pytest.raises(EstimatorError, match=message) as error:
        measure(change(x))
    assert "\n" not in str(error.value)


def test_unknown_names_list_the_choices(x):
    with pytest.raises(ConfigError, match="unknown estimator 'knn_kll'; did you mean 'knn_kl'"):
        measure(x, ["knn_kll"])
    with pytest.raises(ConfigError, match="measure: unknown option 'kk'; did you mean 'k'"):
        measure(x, ["knn_kl"], kk=3)
    with pytest.raises(ConfigError, match="unknown option 'k'; the estimators named take none"):
        measure(x, ["radial_ks"], k=3)
    for call in (measure, lambda x, names, **law: measure_allowed(x, names, {}, **law)):
        with pytest.raises(ConfigError, match="unknown reference law 'laplac'; did you mean 'laplace'"):
            call(x, ["knn_kl"], reference="laplac")
    with pytest.raises(ConfigError, match="knn_kl: k must be at least 1, got 0"):
        measure(x, ["knn_kl"], k=0)


def test_a_probe_measures_some_of_the_battery():
    assert len(PROBE_ESTIMATORS) == 11
    assert set(PROBE_ESTIMATORS) < set(DEFAULT_ESTIMATORS)


def test_what_the_samples_allow_is_measured_and_the_rest_explained(x):
    doubled, names, told = torch.cat([x, x[:7]]), ("knn_kl", "moment_kl", "knn_entropy"), []
    found = measure_allowed(doubled, names, {}, told.append)
    pd.testing.assert_frame_equal(found.table, measure(doubled, "moment_kl"))
    [(reason, refused)] = found.refused.items()
    assert reason.startswith("7 of 67 samples repeat an earlier one") and refused == ["knn_kl", "knn_entropy"]
    assert told == list(names)


def test_whitening_needs_more_samples_than_units_and_the_others_do_not():
    x = torch.randn(20, 24, generator=torch.Generator().manual_seed(0))
    found = measure_allowed(x, ["moment_kl", "radial_ks"], {})
    assert set(found.table["estimator"]) == {"radial_ks"}
    assert list(found.refused) == ["whitening needs more samples than units, got 20 samples of 24 units"]
    with pytest.raises(
        EstimatorError, match="moment_kl: whitening needs more samples than units, got 20 samples of 24"
    ):
        measure(x, ["radial_ks", "moment_kl"])


def test_what_no_estimator_can_use_is_an_error_all_the_same(x):
    x[0, 0] = torch.nan
    with pytest.raises(EstimatorError, match="measure: expected finite values, got NaN or infinity in 1 of 60 samples"):
        measure_allowed(x, ["moment_kl"], {})


def test_columns_of_a_frame_are_counted_from_0(x):
    frame = pd.DataFrame(x.numpy(), columns=["a", "b", "c"])
    table = measure(frame, "jarque_bera")
    assert table["unit"].tolist() == ["0", "1", "2", "all"]


@pytest.mark.parametrize("replicates", [39, 79])
def test_the_number_of_replicates_is_in_the_table(x, replicates, tmp_path, monkeypatch):
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path))  # a cache may have more
    names = ["kl_decomposition", "moment_kl", "knn_entropy", "energy", "participation_ratio", "sliced_epps_pulley"]
    with calibrating(replicates):
        table = measure(x, names)
    assert (table["null_replicates"] == replicates).all()
    ranks = table["p_value"] * (replicates + 1) / 2  # a two-sided p is twice a rank among them, but for the ends
    whole = table["p_value"] < 1
    np.testing.assert_allclose(ranks[whole], ranks[whole].round(), atol=1e-9)


def test_units_have_replicates_of_their_own(x):
    table = measure(x, ["jarque_bera", "radial_ad"]).set_index(["estimator", "statistic", "unit"])["null_replicates"]
    assert table["jarque_bera", "statistic", "0"] == table["radial_ad", "statistic", "all"] >= 20_000
    assert table["jarque_bera", "rejected_share", "all"] >= 9999


def test_a_known_law_has_no_replicates(x):
    table = measure(x, ["kl_lower_bound", "radial_ks", "mardia_kurtosis", "royston"], p_values="asymptotic")
    drawn = table[table["null_replicates"] > 0]
    assert set(zip(drawn["estimator"], drawn["statistic"], strict=True)) == {("radial_ks", "whitened")}


def test_a_second_sample_gives_as_many_as_permutations(x):
    two = TwoSampleKnnKL(reference=x + 1, permutations=41)
    assert measure(x, two)["null_replicates"].tolist() == [41]


NONSENSE = {
    ("knn_kl", "k"): [
        ("a", "must be a whole number, got 'a'"),
        (2.5, "got 2.5"),
        (None, "got None"),
        (True, "got True"),
    ],
    ("sliced_epps_pulley", "directions"): [("a", "must be a whole number, got 'a'")],
    ("sliced_epps_pulley", "seed"): [("a", "must be a whole number, got 'a'")],
    ("projection_pursuit", "starts"): [(1.5, "must be a whole number, got 1.5")],
    ("henze_zirkler", "beta"): [("a", "must be a number, got 'a'"), (-1, "must be above 0, got -1")],
    ("kl_lower_bound", "folds"): [("a", "must be a whole number, got 'a'")],
    ("kl_lower_bound", "effort"): [("a", "must be a number, got 'a'")],
    ("kl_lower_bound", "rungs"): [(1, "must be several names, got 1"), ("gaussian", "several names, got 'gaussian'")],
}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("name", "option"), NONSENSE)
def test_options_of_another_type_are_one_line(x, name, option):
    for value, message in NONSENSE[name, option]:
        with pytest.raises(ConfigError, match=f"{name}: {option} .*{re.escape(message)}"):
            measure(x, name, **{option: value})


@pytest.mark.usefixtures("unchecked")
def test_functions_refuse_them_too(x):
    for function in (knn_entropy, lambda x, k: knn_divergence(x, x + 1, k)):
        with pytest.raises(ConfigError, match="k must be a whole number, got 'a'"):
            function(x, "a")


def test_whole_numbers_of_numpy_will_do(x):
    assert measure(x, "knn_kl", k=np.int64(3))["value"].tolist() == measure(x, "knn_kl", k=3)["value"].tolist()
