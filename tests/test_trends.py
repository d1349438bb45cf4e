"""From table to sentence: against SciPy and enumeration; the tables here are made, and say so."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_table import made
from scipy import stats

from gausslab.errors import GausslabError
from gausslab.probing import Identity, blank, measure_samples
from gausslab.summary import Quantity
from gausslab.tables import concat
from gausslab.trends import MEASURES, answer, kendall_tau, trend, trends, verdict


def per_unit(values: dict[int, list[float]]) -> dict[int, list[float]]:
    """Totals that are `values` per unit."""
    return {width: [value * width for value in row] for width, row in values.items()}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("levels", [3, 1000], ids=["ties", "none"])
def test_kendall_tau_is_scipys_tau_b(seed, levels):
    generator = np.random.default_rng(seed)
    x, y = generator.integers(0, levels, (2, 15))
    assert kendall_tau(x, y / 7) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)


def test_kendall_tau_of_a_constant_is_nought():
    assert kendall_tau(np.array([1, 2, 3]), np.zeros(3)) == 0.0


def test_kendall_tau_ranks_infinities():
    x, y = np.array([1, 2, 3, 4]), np.array([-np.inf, 0.0, np.inf, np.inf])
    assert kendall_tau(x, y) == pytest.approx(stats.kendalltau(x, [0, 1, 2, 2]).statistic, abs=1e-12)


@pytest.mark.parametrize(
    "values",
    [
        {2: [1.0, 2.0], 4: [1.5, 3.0], 8: [2.5, 4.0]},
        {2: [1.0, 1.1, 1.2], 4: [2.0, 2.1, 1.15]},
        {2: [3.0], 4: [1.0], 8: [2.0], 16: [5.0]},
    ],
)
def test_permutation_p_against_exact_enumeration(values, draws=1999):
    """All orders of the values over the runs; the Monte Carlo error is sqrt(p (1 - p) / draws), four of it."""
    widths = np.repeat(list(values), [len(row) for row in values.values()])
    numbers = np.concatenate(list(values.values()))
    observed = abs(stats.kendalltau(widths, numbers).statistic)
    taus = [abs(kendall_tau(widths, np.array(order))) for order in itertools.permutations(numbers)]
    exact = np.mean(np.array(taus) >= observed - 1e-12)
    found = trend(made(per_unit(values)), draws=draws).p_value
    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / draws) + 1 / draws)


def test_p_is_uniform_without_a_trend():
    """Its size: 200 made tables of noise, rejected at 5 % within four binomial standard errors above."""
    generator = np.random.default_rng(0)
    noise = ({w: list(generator.standard_normal(3)) for w in (2, 4, 8)} for _ in range(200))
    rejected = sum(trend(made(per_unit(values)), draws=99).p_value < 0.05 for values in noise)
    assert rejected / 200 <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 200)


RISING = per_unit({4: [0.10, 0.11, 0.12], 8: [0.20, 0.21, 0.22], 16: [0.30, 0.31, 0.32]})
FALLING = per_unit({4: [0.30, 0.31, 0.32], 8: [0.20, 0.21, 0.22], 16: [0.10, 0.11, 0.12]})
FLAT = per_unit({4: [0.1, 0.3, 0.2], 8: [0.3, 0.1, 0.2], 16: [0.2, 0.1, 0.3]})


@pytest.mark.parametrize(
    ("values", "said", "words"),
    [
        (RISING, "yes", "Yes: over 9 runs"),
        (FALLING, "no", "No, the other way round: over 9 runs"),
        (FLAT, "undecided", "Undecided: over 9 runs"),
    ],
    ids=["yes", "no", "undecided"],
)
def test_answers_of_made_tables(values, said, words):
    found = trend(made(values))
    sentence = answer([found])
    assert found.verdict == said
    assert sentence.startswith(f"Do narrower codes come closer to a Gaussian here? {words}, Kendall's tau ")
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_the_sentence_holds_the_numbers():
    found = trend(made(RISING))
    assert found.tau == pytest.approx(stats.kendalltau(np.repeat([4, 8, 16], 3), range(9)).statistic)
    assert found.means == pytest.approx((0.11, 0.21, 0.31))
    assert found.levels == (4, 8, 16)
    assert "per dimension +0.87 (p = 0.00" in answer([found])
    assert "+0.87 to +0.87 over resampled seeds): 0.11 at 4, 0.21 at 8, 0.31 at 16" in answer([found])


def test_total_that_grows_only_with_the_number_of_units_is_no_trend():
    """0.2 nats a unit at every width: the total rises, the answer must not."""
    assert trend(made(per_unit({w: [0.2, 0.2, 0.2] for w in (4, 8, 16)}))).verdict == "undecided"


def test_interval_holds_the_bootstrap_of_seeds_within_widths():
    found = trend(made(FLAT))
    assert -1 <= found.interval[0] <= found.tau <= found.interval[1] <= 1
    assert found.interval[0] < found.interval[1]


@pytest.mark.parametrize("values", [RISING, FALLING, FLAT], ids=["yes", "no", "undecided"])
def test_tau_lies_in_its_interval(values):
    """A bootstrap that took a seed drawn twice for a tie had intervals wholly above tau."""
    found = trend(made(values), draws=999)
    assert found.interval[0] - 1e-12 <= found.tau <= found.interval[1] + 1e-12


def test_constant_values_are_undecided_without_an_interval():
    found = trend(made(per_unit({4: [0.5, 0.5], 8: [0.5, 0.5]})), draws=99)
    assert (found.tau, found.p_value, found.verdict) == (0.0, 1.0, "undecided")
    assert math.isnan(found.interval[0])


def test_same_table_same_answer():
    assert answer([trend(made(FLAT))]) == answer([trend(made(FLAT).sample(frac=1, random_state=0).sort_values("run"))])


def test_one_width_cannot_be_answered():
    with pytest.raises(GausslabError, match="a trend needs at least two widths"):
        trend(made({8: [1.0, 2.0, 3.0]}))


def test_no_such_rows_cannot_be_answered():
    with pytest.raises(GausslabError, match="a trend needs at least two widths"):
        trend(made(RISING), Quantity("absent", "absent", "absent"))


def test_one_seed_is_undecided_and_says_so():
    found = trend(made(per_unit({4: [0.1], 8: [0.2], 16: [0.3]})))
    assert found.verdict == "undecided", "three runs in order have p = 1/3"
    assert math.isnan(found.interval[0])
    assert "resampled" not in answer([found])


def test_missing_numbers_are_left_out():
    with_gaps = {width: [*row, math.nan] for width, row in RISING.items()}
    assert trend(made(with_gaps)).verdict == "yes"
    assert trend(made(with_gaps)).n_runs == 9


def test_a_width_without_numbers_does_not_count():
    with pytest.raises(GausslabError, match="a trend needs at least two widths"):
        trend(made({4: [1.0, 2.0], 8: [math.nan, math.nan]}))


def test_infinite_numbers_are_ranked():
    values = RISING | {32: [math.inf] * 3}
    assert trend(made(values)).verdict == "yes"


def test_the_verdict_needs_significance():
    found = trend(made(RISING))
    assert found.p_value < 0.05
    assert trend(made(per_unit({4: [0.1, 0.2], 8: [0.15, 0.3]}))).verdict == "undecided"


def _three(first, second, third):
    """A made table with all three measures."""
    return concat(
        [
            made(first),
            made(second, "moment_kl", "debiased"),
            made(third, "anderson_darling", "statistic", unit="0"),
        ]
    )


SINGLE_RISING = {width: [value / width for value in row] for width, row in RISING.items()}
SINGLE_FALLING = {width: [value / width for value in row] for width, row in FALLING.items()}
SINGLE_FLAT = {width: [value / width for value in row] for width, row in FLAT.items()}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ((RISING, RISING, SINGLE_RISING), "yes"),
        ((FALLING, FALLING, SINGLE_FALLING), "no"),
        ((RISING, RISING, SINGLE_FLAT), "yes as a whole"),
        ((RISING, RISING, SINGLE_FALLING), "yes as a whole"),
        ((FALLING, FALLING, SINGLE_RISING), "no as a whole"),
        ((RISING, FLAT, SINGLE_RISING), "undecided"),
        ((FLAT, RISING, SINGLE_RISING), "undecided"),
        ((FLAT, FLAT, SINGLE_FLAT), "undecided"),
        ((RISING, FALLING, SINGLE_RISING), "disagree"),
        ((FALLING, RISING, SINGLE_RISING), "disagree"),
    ],
)
def test_an_answer_needs_all_measures_to_agree(table, said):
    found = trends(_three(*table))
    assert verdict(found) == said
    assert len(found) == len(MEASURES) == 3


def test_several_layers_of_a_run_are_not_several_runs():
    frame = made(RISING)
    with pytest.raises(GausslabError, match="one layer a run, got bottleneck, other"):
        trend(concat([frame, frame.assign(layer="other")]))


@pytest.mark.parametrize("law", ["uniform", "laplace"])
def test_codes_of_one_law_are_no_trend_at_any_width(law):
    """Independent units of one law are as far from a Gaussian per dimension at every width.

    The nearest-neighbour estimate alone says they come nearer with width, which is its bias; see `MEASURES`.
    """
    draw = {"uniform": lambda g, n, d: g.uniform(-1, 1, (n, d)), "laplace": lambda g, n, d: g.laplace(size=(n, d))}[law]
    scale = {"uniform": 1 / math.sqrt(3), "laplace": math.sqrt(2)}[law]
    frames = []
    for width, seed in itertools.product((4, 8, 16), range(3)):
        codes = draw(np.random.default_rng([width, seed]), 400, width) / scale
        described = replace(
            blank(Identity(run=f"{width}-{seed}", data="made", model=law, width=width, seed=seed)), layer="z"
        )
        frames.append(measure_samples(torch.from_numpy(codes), described, tuple(q.estimator for q in MEASURES))[0])
    found = trends(concat(frames))
    assert verdict(found) == "undecided"
    assert found[0].verdict == "no", "if the bias is gone, the answer may rest on the KL alone again"
