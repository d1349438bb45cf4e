"""Corrections for many units."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from gausslab.estimators.multiplicity import CORRECTIONS, benjamini_hochberg, holm, rejected_share_law

PEERS = {"holm": "holm", "benjamini_hochberg": "fdr_bh"}


@pytest.mark.parametrize("name", PEERS)
def test_rejections_are_those_of_statsmodels(name):
    generator = np.random.default_rng(0)
    rejected = 0
    for units in (1, 2, 7, 40):
        for p_values in generator.random((4, units)) ** 6:
            peer = multipletests(p_values, 0.05, PEERS[name])[0]
            assert CORRECTIONS[name](p_values).tolist() == peer.tolist()
            rejected += peer.sum()
    assert rejected > 50


@pytest.mark.parametrize("name", PEERS)
def test_families_side_by_side_are_families_alone(name):
    batch = np.random.default_rng(1).random((3, 5, 6)) ** 4
    together = CORRECTIONS[name](batch)
    for index in np.ndindex(3, 5):
        assert together[index].tolist() == CORRECTIONS[name](batch[index]).tolist()


def test_benjamini_and_hochberg_reject_all_that_holm_does_and_more():
    p_values = np.random.default_rng(2).random((500, 20)) ** 4
    assert (benjamini_hochberg(p_values) >= holm(p_values)).all()
    assert benjamini_hochberg(p_values).sum() > holm(p_values).sum()


def test_false_discoveries_are_at_most_the_level():
    # 20 of 50 units depart; the rate of false discoveries is .05 * 30 / 50, 5 standard errors of 2000 families
    generator = np.random.default_rng(3)
    p_values = generator.random((2000, 50))
    p_values[:, :20] **= 12
    rejected = benjamini_hochberg(p_values)
    share = rejected[:, 20:].sum(1) / np.maximum(rejected.sum(1), 1)
    assert share.mean() == pytest.approx(0.03, abs=5 * share.std() / 2000**0.5)


@pytest.mark.parametrize("name", PEERS)
def test_rejected_share_of_nothing_wrong_is_about_alpha_over_units(name):
    for units in (1, 16):
        law = rejected_share_law(units, name)
        assert law.mean == pytest.approx(0.05 / units, abs=4 * law.monte_carlo_error + 0.003 / units)
