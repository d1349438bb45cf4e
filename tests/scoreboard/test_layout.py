"""A made table in the thesis's layout: which number stands in which cell."""

import math

import pandas as pd
import pytest

from gausslab.errors import GausslabError
from gausslab.scoreboard import layout
from gausslab.scoreboard.layout import FRECHET, RECONSTRUCTIONS, SAMPLES, Column, cell


def made(**columns):
    row = {
        "row": "vae", "seed": 0, "estimator": FRECHET, "statistic": SAMPLES, "sampler": "mvg",
        "extractor": "classifier",
        "value": 1.0, "null_mean": 0.5, "null_sd": math.nan, "n_units": 0, "unit": "all", "reference": "",
        "layer": "",
    }  # fmt: skip
    return row | columns


TABLE = pd.DataFrame(
    [
        made(value=3.0),
        made(value=5.0, seed=1),
        made(value=9.0, sampler="gmm"),
        made(value=2.0, sampler="", statistic=RECONSTRUCTIONS),
        made(value=2.0, row="2svae", sampler="", statistic=RECONSTRUCTIONS),
        made(value=7.0, row="2svae", sampler="second-stage", statistic=RECONSTRUCTIONS),
        made(value=8.0, row="2svae", sampler="second-stage"),
        made(value=16.0, estimator="kl_decomposition", statistic="total", sampler="", n_units=8, null_mean=0.0),
        made(value=1.0, estimator="kl_decomposition", statistic="total", sampler="", row="l1", n_units=8),
        made(
            value=2.0, estimator="kl_decomposition", statistic="total", sampler="", row="l1", n_units=8,
            reference="laplace",
        ),
        made(value=99.0, estimator="knn_entropy", statistic="gap", sampler="", unit="3"),
    ]
)  # fmt: skip


def test_a_cell_is_the_mean_over_seeds_of_one_sampler():
    found = cell(TABLE, "vae", Column("mvg", FRECHET, SAMPLES, "mvg"))
    assert (found.mean, found.n, found.null) == (4.0, 2, 0.5)
    assert found.half_width == pytest.approx(12.706204736 * math.sqrt(2) / math.sqrt(2), rel=1e-9)
    assert cell(TABLE, "vae", Column("gmm", FRECHET, SAMPLES, "gmm")).mean == 9
    assert cell(TABLE, "2svae", Column("gmm", FRECHET, SAMPLES, "gmm")) is None


def test_reconstructions_pass_through_a_rows_own_second_stage():
    column = Column("reconstruction", FRECHET, RECONSTRUCTIONS, None)
    assert cell(TABLE, "vae", column).mean == 2
    assert cell(TABLE, "2svae", column).mean == 7


def test_latent_numbers_are_per_unit_and_against_the_bottlenecks_own_law():
    column = Column("KL/dim", "kl_decomposition", "total", per_unit=True)
    assert cell(TABLE, "vae", column).mean == 2
    assert cell(TABLE, "l1", column).mean == 0.25


def test_columns_are_the_samplers_of_the_table_then_reconstructions_and_errors():
    assert [column.label for column in layout.score_columns(TABLE)] == [
        "mvg", "gmm", "second-stage", "reconstruction", "MSE",
    ]  # fmt: skip
    assert layout.rows(TABLE) == ["vae", "2svae", "l1"]
    floors = layout.floors(TABLE, layout.score_columns(TABLE))
    assert set(floors.values()) == {0.5}
    assert len(floors) == 4


def test_the_table_of_a_sweep_is_refused():
    with pytest.raises(GausslabError, match="expected the table of a comparison, but it lacks row, sampler, extractor"):
        layout.check(pd.DataFrame({"value": [1.0]}))
