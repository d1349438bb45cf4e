"""The number of replicates is read back from p-values that laws of so many gave."""

import numpy as np
import pandas as pd
import pytest
from made_rows import made

from gausslab.errors import RunError
from gausslab.estimators import null_cache
from gausslab.estimators.null_law import NullLaw
from gausslab.validity.met import read_replicates, replicates_met
from gausslab.validity.nulls import NULLS


def tails_of(replicates, codes, seed=0, *, thinned=False):
    """The smaller tail p of normal codes by a law of normal replicates."""
    generator = np.random.default_rng(seed)
    law = NullLaw(np.sort(generator.standard_normal(replicates)))
    law = law.thinned() if thinned else law
    values = generator.standard_normal(codes)
    return np.minimum(law.lower_p(values), law.upper_p(values))


@pytest.mark.parametrize(
    ("replicates", "expected"), [(39, 159), (79, 159), (119, 199), (159, 159), (199, 199), (199, 1999), (1999, 1999)]
)
def test_b_of_a_drawn_law_is_read_from_sixty_codes(replicates, expected):
    for seed in range(20):
        assert read_replicates(tails_of(replicates, 60, seed), expected) == replicates


@pytest.mark.parametrize(("replicates", "expected"), [(79, 159), (199, 199), (199, 1999), (1999, 1999)])
def test_b_of_a_shipped_law_is_read_from_the_tails_of_many(replicates, expected):
    for seed in range(20):
        assert read_replicates(tails_of(replicates, 400, seed, thinned=True), expected) == replicates


def test_laws_with_other_numbers_are_read_where_they_are_expected_or_a_fifth_is():
    assert read_replicates(tails_of(5000, 60), 5000) == 5000
    assert read_replicates(tails_of(1000, 60), 5000) == 1000


def test_too_few_codes_say_nothing_against_what_is_expected():
    assert read_replicates(np.array([0.025, 0.05]), 199) == 199


def test_copies_of_a_statistic_are_no_more_evidence():
    once = np.arange(1, 6) / 80
    assert read_replicates(np.tile(once, 4), 159, statistics=4) == 159
    assert read_replicates(np.tile(once, 4), 159) == 79


def test_p_values_of_no_law_fit_nothing():
    assert read_replicates(np.array([0.01234, 0.00567]), 199) is None


@pytest.fixture
def whitened(tmp_path, monkeypatch):
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path))
    family = NULLS["kl_decomposition", "total"].family
    null_cache.write(f"{family}/n=100/d=4", {"total": NullLaw(np.arange(199.0))})
    return family


def rows_of(tails, statistic):
    return made("gaussian", 0.0, p_values=2 * tails, statistic=statistic, estimator="kl_decomposition")


def test_statistics_of_one_law_are_read_together(whitened):
    rows = pd.concat(
        [
            rows_of(tails_of(79, 60, 1), "total"),
            rows_of(tails_of(79, 3, 2), "correlation"),  # too few by themselves
            made("cube", 0.0, p_values=[0.01234], statistic="total", estimator="kl_decomposition"),
        ]
    )
    expected = {("kl_decomposition", name, 100, 4): 79 for name in ("total", "correlation")}
    assert replicates_met(rows) == expected


def test_what_fits_no_law_is_named(whitened):
    with pytest.raises(RunError, match=f"p-values by '{whitened}' at 100 x 4 fit no number of replicates"):
        replicates_met(rows_of(np.array([0.01234, 0.00567]), "total"))


def test_rows_without_such_a_law_are_passed_over():
    rows = [
        made("gaussian", 0.0, p_values=[0.0123], statistic="statistic", estimator=name)
        for name in ("radial_ks", "radial_ad", "kl_lower_bound")
    ]
    assert replicates_met(pd.concat(rows)) == {}
