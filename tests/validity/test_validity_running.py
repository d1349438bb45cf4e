"""A validity grid: what it runs, that it resumes, and what is there of one that has not ended."""

from dataclasses import replace

import pandas as pd
import pytest

from gausslab.errors import RunError
from gausslab.validity import Cell, Grid, finished, replicate, run

GRID = Grid(
    laws=("gaussian", "laplace"),
    samples=(60,),
    units=(2,),
    replicates=(2,),
    null_replicates=(3,),
    block=2,
    estimators=("radial_ks", "shapiro_wilk"),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder and rows of the finished grid; tests that change it copy it."""
    folder, told = tmp_path_factory.mktemp("cells"), []
    rows = run(GRID, folder, 1, told.append)
    assert len(told) == 3
    return folder, rows


def test_cells_cover_every_replicate_once():
    cells = list(GRID.cells())
    covered = [(cell.law, index) for cell in cells for index in range(cell.first, cell.first + cell.count)]
    assert covered == [("gaussian", 0), ("gaussian", 1), ("gaussian", 2), ("laplace", 0), ("laplace", 1)]
    assert len({cell.name for cell in cells}) == len(cells)


def test_an_interrupted_grid_goes_on_and_ends_in_the_same_rows(whole):
    folder, rows = whole
    (folder / GRID.digest / "gaussian-n60-d2-0002.csv").unlink()
    told = []
    again = run(GRID, folder, 1, told.append)
    assert len(told) == 1
    pd.testing.assert_frame_equal(rows, again)
    assert set(rows["statistic"]) >= {"statistic", "rejected_share"}


def test_what_is_there_of_an_interrupted_grid_is_read_and_nothing_measured(whole):
    folder, rows = whole
    longer = replace(GRID, null_replicates=(5,), samples=(60,))  # the block of replicates 2 and 3 is there, with one
    there = finished(longer, folder)
    pd.testing.assert_frame_equal(there.raw, rows)
    assert [cell.name for cell in there.missing] == ["gaussian-n60-d2-0004"]
    assert there.written[0] <= there.written[1]
    assert len(list((folder / GRID.digest).iterdir())) == 3


def test_a_grid_of_which_nothing_is_there_says_where_it_looked(tmp_path):
    with pytest.raises(RunError, match=f"no cell of the grid is complete in {tmp_path / GRID.digest}"):
        finished(GRID, tmp_path)


def test_a_cell_that_cannot_be_read_is_named(tmp_path):
    file = tmp_path / GRID.digest / "gaussian-n60-d2-0000.csv"
    file.parent.mkdir()
    file.write_bytes(b"")
    with pytest.raises(RunError, match=r"cannot read .*gaussian-n60-d2-0000\.csv: "):
        finished(GRID, tmp_path)


def test_what_is_covered_does_not_rename_the_folder_what_is_measured_does():
    assert (
        replace(GRID, laws=("cube",), samples=(9, 10), replicates=(1, 1), null_replicates=(1, 1)).digest == GRID.digest
    )
    assert replace(GRID, estimators=("radial_ks",)).digest != GRID.digest
    assert replace(GRID, block=5).digest != GRID.digest


def test_dear_estimators_are_measured_in_the_first_replicates_only(tmp_path):
    grid = replace(GRID, laws=("gaussian",), dear=("radial_ks",), dear_replicates=(2,))
    assert [cell.estimators for cell in grid.cells()] == [("radial_ks", "shapiro_wilk"), ("shapiro_wilk",)]
    assert grid.digest != GRID.digest
    rows = run(grid, tmp_path, 1, lambda line: None)
    assert set(rows.loc[rows["estimator"] == "radial_ks", "replicate"]) == {0, 1}
    assert set(rows.loc[rows["estimator"] == "shapiro_wilk", "replicate"]) == {0, 1, 2}


def test_replicates_differ_and_are_reproducible():
    cell = Cell(law="laplace", samples=60, units=2, first=0, count=2, estimators=("radial_ks",))
    first, second, again = replicate(cell, 0), replicate(cell, 1), replicate(cell, 0)
    assert first["value"].iloc[0] != second["value"].iloc[0]
    pd.testing.assert_frame_equal(first, again)


def test_an_estimator_that_the_samples_do_not_allow_has_no_rows():
    cell = Cell(law="gaussian", samples=10, units=12, first=0, count=1, estimators=("moment_kl", "radial_ks"))
    assert set(replicate(cell, 0)["estimator"]) == {"radial_ks"}
