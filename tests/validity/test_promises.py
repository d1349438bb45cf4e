"""What a Monte Carlo null law makes of 5 %, against experiments with such laws, and which law stands behind a row."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.errors import RunError
from gausslab.estimators import ESTIMATORS, measure, null_cache
from gausslab.estimators.null_law import NullLaw
from gausslab.validity.nulls import NULLS, promise
from gausslab.validity.promises import Exact, Holm, MonteCarlo
from gausslab.validity.shares import LEVEL


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A cache that holds one law of so many replicates under a key."""
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path))

    def write(key, replicates, name="statistic"):
        null_cache.write(key, {name: NullLaw(np.arange(float(replicates)))})

    return write


def sizes_by_experiment(replicates, tails, repeats):
    """Sizes of a right test given each of many null laws, by uniform replicates whose order statistics are the cuts."""
    laws = np.sort(np.random.default_rng(0).random((repeats, replicates)), axis=1)
    rank = math.floor((replicates + 1) * LEVEL / tails)
    upper = 1 - laws[:, replicates - rank]
    return upper + (laws[:, rank - 1] if tails == 2 else 0)


@pytest.mark.parametrize(("replicates", "tails"), [(199, 2), (199, 1), (170, 2)])
def test_the_size_given_the_law_is_beta(kept, replicates, tails):
    kept("made/n=50/d=3", replicates)
    found = MonteCarlo(family="made", tails=tails).promise(50, 3)
    sizes = sizes_by_experiment(replicates, tails, 4000)
    assert found.replicates == replicates
    assert found.nominal == pytest.approx(sizes.mean(), abs=4 * sizes.std() / math.sqrt(4000))
    assert stats.kstest(sizes, stats.beta(*found.size).cdf).pvalue > 1e-3


def test_its_p_is_kept_where_the_binomial_one_cries_wolf(kept):
    kept("made/n=50/d=3", 199)
    found = MonteCarlo(family="made").promise(50, 3)
    sizes = sizes_by_experiment(199, 2, 800)
    counts = np.random.default_rng(1).binomial(400, sizes)
    right = np.mean([found.size_p(int(count), 400) <= 0.05 for count in counts])
    wrong = np.mean([found.binomial_p(int(count), 400) <= 0.05 for count in counts])
    assert right <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 800)
    assert wrong > 0.15


def test_of_many_units_the_size_has_the_moments_of_the_experiment(kept):
    units, replicates = 8, 1599  # ten gaps for every unit
    kept("made/n=50", replicates, "made")
    found = Holm(unit=MonteCarlo(family="made", law="made", by_units=False)).promise(50, units)
    cut = np.random.default_rng(2).beta(10, replicates + 1 - 10, 200_000)
    sizes = 1 - (1 - cut) ** units
    beta = stats.beta(*found.size)
    assert beta.mean() == pytest.approx(sizes.mean(), abs=4 * sizes.std() / math.sqrt(200_000))
    assert beta.std() == pytest.approx(sizes.std(), rel=0.01)
    assert found.nominal == pytest.approx(1 - (1 - 0.05 / 8) ** 8)


def test_without_a_law_the_share_is_binomial():
    assert Exact().promise(500, 8).size_p(40, 500) == pytest.approx(stats.binomtest(40, 500, 0.05).pvalue)
    family = Holm(unit=Exact(kind="composite")).promise(500, 8)
    assert (family.size, family.replicates, family.null) == (None, None, "composite")


def test_a_bound_is_judged_from_one_side():
    bound = promise("kl_lower_bound", "statistic", 500, 8)
    assert bound.size_p(0, 1000) == 1.0
    assert bound.size_p(70, 1000) == pytest.approx(stats.binomtest(70, 1000, 0.05, alternative="greater").pvalue)


def test_a_law_that_is_nowhere_is_named(kept):
    with pytest.raises(RunError, match=r"no null law 'made/n=5000/d=3', neither in .* nor among the shipped ones"):
        MonteCarlo(family="made", most=5000).promise(10_000, 3)


@pytest.fixture(scope="module")
def measured():
    """Every estimator's rows of one small Gaussian code."""
    x = torch.randn(40, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    table = measure(x, [name for name in ESTIMATORS if name != "kl_lower_bound"])
    return table[(table["unit"] == "all") & table["p_value"].notna()]


def test_every_p_value_of_a_whole_code_has_its_null(measured):
    pairs = set(zip(measured["estimator"], measured["statistic"], strict=True))
    assert pairs == set(NULLS) - {("kl_lower_bound", "statistic")}


def test_each_row_stands_against_the_law_that_is_named(measured):
    for row in measured.to_dict("records"):
        null = NULLS[row["estimator"], row["statistic"]]
        promised = promise(row["estimator"], row["statistic"], 40, 2)
        assert promised.null == row["null"]
        if isinstance(null, MonteCarlo):
            key = f"{null.family}/n=40" + ("/d=2" if null.by_units else "")
            law = null_cache.read(key, 1)[null.law]
            assert promised.replicates == law.size
            if row["estimator"] != "royston":  # which scales its law by the degrees of freedom that correlations leave
                assert row["null_sd"] == pytest.approx(law.sd, rel=1e-9)
            gaps = row["p_value"] * (law.size + 1) / null.tails
            assert gaps == pytest.approx(round(gaps), abs=1e-6) or row["p_value"] == 1.0
