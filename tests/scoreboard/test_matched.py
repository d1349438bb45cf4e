"""Numbers at equal error: ladders whose curve is known."""

import math

import numpy as np
import pandas as pd
import pytest
from made_scores import made

from gausslab.scoreboard.layout import Column
from gausslab.scoreboard.matched import at_error, matched

PLAIN = Column("correlation", "kl_decomposition", "correlation")
DRAWN = Column("correlation", "kl_decomposition", "correlation", posterior=True)


def ladder(row, seed, errors, values, layer="bottleneck"):
    shared = {"sampler": "", "seed": seed}
    return [
        number
        for weight, error, value in zip((1, 2, 3), errors, values, strict=True)
        for number in (
            made(row=f"{row} weight {weight}", estimator="reconstruction", statistic="mse_per_element", value=error,
                 layer="", **shared),
            made(row=f"{row} weight {weight}", estimator="kl_decomposition", statistic="correlation", value=value,
                 layer=layer, **shared),
        )
    ]  # fmt: skip


def test_a_line_over_the_logarithm_of_the_error_is_read_exactly():
    errors = [0.04, 0.01, 0.02]
    values = [-3 * math.log(error) + 1 for error in errors]
    for error in (0.01, 0.013, 0.02, 0.035, 0.04):
        assert at_error(errors, values, error) == pytest.approx(-3 * math.log(error) + 1, rel=1e-12)


@pytest.mark.parametrize("error", [0.0099, 0.0401])
def test_beyond_the_ladders_ends_there_is_nothing(error):
    assert math.isnan(at_error([0.01, 0.04], [1.0, 2.0], error))


def test_seeds_are_read_each_on_its_own_ladder():
    table = pd.DataFrame(
        ladder("eae", 0, (0.01, 0.02, 0.04), (3, 2, 1)) + ladder("eae", 1, (0.02, 0.03, 0.04), (8, 6, 4))
    )
    found = matched(table, "eae", PLAIN, 0.02)
    assert (found.mean, found.n, found.null) == (np.mean([2, 8]), 2, 0.5)


def test_a_seed_that_does_not_reach_the_error_leaves_the_cell_empty():
    table = pd.DataFrame(
        ladder("eae", 0, (0.01, 0.02, 0.04), (3, 2, 1)) + ladder("eae", 1, (0.02, 0.03, 0.04), (8, 6, 4))
    )
    assert matched(table, "eae", PLAIN, 0.015) is None
    assert matched(table, "vae", PLAIN, 0.02) is None


def test_posteriors_are_taken_where_a_method_has_them():
    means = ladder("vae", 0, (0.01, 0.02, 0.04), (3, 2, 1))
    drawn = [row for row in ladder("vae", 0, (0.01, 0.02, 0.04), (30, 20, 10), "posterior") if row["layer"]]
    table = pd.DataFrame(means + drawn)
    assert matched(table, "vae", DRAWN, 0.02).mean == 20
    assert matched(table, "vae", PLAIN, 0.02).mean == 2
    assert matched(pd.DataFrame(means), "vae", DRAWN, 0.02).mean == 2
