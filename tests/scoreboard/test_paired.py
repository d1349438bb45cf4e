"""Differences of the same seeds, against SciPy."""

import numpy as np
import pandas as pd
import pytest
from made_scores import scores
from scipy import stats

from gausslab.errors import GausslabError
from gausslab.scoreboard.layout import FRECHET, SAMPLES, Column
from gausslab.scoreboard.paired import difference, differences

MVG, GMM = (Column(name, FRECHET, SAMPLES, name) for name in ("mvg", "gmm"))
ONE, TWO = [3.0, 4.5, 5.0, 4.0], [2.0, 3.75, 3.5, 3.25]


def test_a_difference_is_scipys_paired_t_test():
    found = difference(scores({"rae": ONE, "eae": TWO}), "rae", "eae", MVG)
    expected = stats.ttest_rel(TWO, ONE)
    low, high = expected.confidence_interval()
    assert (found.first, found.second) == (np.mean(ONE), np.mean(TWO))
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-12)
    assert found.interval.mean - found.interval.half_width == pytest.approx(low, rel=1e-12)
    assert found.interval.mean + found.interval.half_width == pytest.approx(high, rel=1e-12)
    assert found.sign == -1
    assert found.line.startswith("mvg falls, 4.12 to 3.12 (difference -1 ± ")


def test_seeds_are_paired_whatever_their_order():
    table = scores({"rae": ONE, "eae": TWO})
    assert difference(table[::-1], "rae", "eae", MVG) == difference(table, "rae", "eae", MVG)


def test_two_numbers_of_one_row():
    table = pd.concat([scores({"eae": ONE}), scores({"eae": TWO}, sampler="gmm")])
    assert difference(table, "eae", "eae", MVG, GMM).interval.mean == -1


def test_no_difference_is_shown_where_there_is_none():
    found = difference(scores({"rae": ONE, "eae": [4.0, 3.0, 5.5, 4.25]}), "rae", "eae", MVG)
    assert (found.sign, found.p_value > 0.05) == (0, True)
    assert "shows no difference" in found.line


def test_a_row_without_the_number_has_no_difference():
    table = scores({"rae": ONE, "eae": TWO})
    assert difference(table, "rae", "eae", GMM) is None
    assert len(differences(table, "rae", "eae", [MVG, GMM])) == 1


def test_other_seeds_are_refused():
    with pytest.raises(
        GausslabError, match=r"rae and eae must have the same seeds, got \[0, 1, 2, 3\] and \[0, 1, 2\]"
    ):
        difference(scores({"rae": ONE, "eae": TWO[:3]}), "rae", "eae", MVG)
