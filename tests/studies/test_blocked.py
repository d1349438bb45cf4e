"""Trends within blocks: against SciPy where there is one block, and against enumeration where there are more."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from gausslab.errors import GausslabError
from gausslab.studies.blocked import blocked_trend
from gausslab.trends import rank_trend

LEVELS = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0])


@pytest.mark.parametrize("seed", range(5))
def test_one_block_is_kendalls_tau_b(seed):
    values = np.random.default_rng(seed).integers(0, 4, 6).astype(float)
    found = blocked_trend(LEVELS, values, np.zeros(6), draws=99)
    assert found.tau == pytest.approx(stats.kendalltau(LEVELS, values).statistic, abs=1e-12)


def test_one_block_has_the_p_and_the_interval_of_the_plain_trend():
    """Other random numbers: four Monte Carlo errors of both."""
    values = np.array([0.1, 0.5, 0.3, 0.7, 0.4, 0.9])
    one, plain = blocked_trend(LEVELS, values, np.zeros(6), 4999), rank_trend(LEVELS, values, 4999)
    assert one.p_value == pytest.approx(plain.p_value, abs=4 * math.sqrt(2 * plain.p_value / 4999))
    assert one.interval == pytest.approx(plain.interval, abs=0.05)
    assert (one.levels, one.means, one.n_runs) == (plain.levels, plain.means, 6)


def test_p_against_all_permutations_inside_the_blocks(draws=4999):
    """Two blocks of three runs: 36 equally likely tables."""
    levels, blocks = np.array([1.0, 2.0, 3.0] * 2), np.array([0, 0, 0, 1, 1, 1])
    values = np.array([1.0, 2.0, 3.0, 50.0, 70.0, 60.0])

    def score(order):
        pairs = [(i, j) for i, j in itertools.combinations(range(6), 2) if blocks[i] == blocks[j]]
        return sum(np.sign(order[j] - order[i]) for i, j in pairs)

    orders = itertools.product(itertools.permutations(values[:3]), itertools.permutations(values[3:]))
    scores = np.abs([score([*first, *second]) for first, second in orders])
    exact = np.mean(scores >= abs(score(values)))
    found = blocked_trend(levels, values, blocks, draws)
    assert found.tau == pytest.approx(score(values) / 6)  # six pairs, none of them tied
    assert found.p_value == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / draws) + 1 / draws)


def test_what_blocks_differ_in_does_not_count():
    """A trend in every block that the blocks' own levels hide from the plain tau; and the other way round."""
    levels, blocks = np.tile([1.0, 2.0], 8), np.repeat([0, 1], 8)
    rising = levels + 100 * blocks + 0.01 * np.arange(16)
    found = blocked_trend(levels, rising, blocks)
    assert found.tau == pytest.approx(stats.kendalltau(levels[:8], rising[:8]).statistic)  # the same in both blocks
    assert abs(stats.kendalltau(levels, rising).statistic) < found.tau
    assert found.verdict == "yes" and found.p_value < 0.001
    with_block = blocked_trend(1.0 + blocks, rising, np.zeros(16))
    assert with_block.verdict == "yes"
    with pytest.raises(GausslabError, match=r"^a trend needs at least two levels of the setting in one block$"):
        blocked_trend(1.0 + blocks, rising, blocks)


def test_a_block_of_one_level_adds_nothing():
    levels, values = np.append(LEVELS, [1.0, 1.0]), np.array([0.1, 0.5, 0.3, 0.7, 0.4, 0.9, 8.0, 9.0])
    found = blocked_trend(levels, values, np.array([0] * 6 + [1] * 2))
    alone = blocked_trend(LEVELS, values[:6], np.zeros(6))
    assert (found.tau, found.p_value, found.n_runs) == (alone.tau, alone.p_value, 6)


def test_opposite_trends_cancel_and_constants_have_none():
    levels, blocks = np.tile([1.0, 2.0, 3.0], 2), np.repeat([0, 1], 3)
    assert blocked_trend(levels, np.array([1.0, 2.0, 3.0, 3.0, 2.0, 1.0]), blocks).tau == 0.0
    found = blocked_trend(levels, np.ones(6), blocks)
    assert (found.tau, found.p_value, found.verdict) == (0.0, 1.0, "undecided")


def test_size_without_a_trend():
    """200 tables of noise, rejected at 5 % within four binomial standard errors above."""
    generator = np.random.default_rng(0)
    levels, blocks = np.tile([1.0, 2.0, 3.0], 4), np.repeat([0, 1], 6)
    tables = generator.standard_normal((200, 12)) + 5 * blocks
    rejected = np.mean([blocked_trend(levels, values, blocks, 99).p_value <= 0.05 for values in tables])
    assert rejected <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 200)


def test_single_runs_have_no_interval():
    found = blocked_trend(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0]), np.zeros(3))
    assert all(math.isnan(end) for end in found.interval)
