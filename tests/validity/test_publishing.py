"""What a study commits, of a whole grid and of a part of one."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from gausslab.errors import RunError
from gausslab.validity import Grid, coverage, power_by_law, publish, rejection_rates, run
from gausslab.validity.answers import answer

GRID = Grid(
    laws=("gaussian", "cube"),
    samples=(60,),
    units=(2,),
    replicates=(2,),
    null_replicates=(4,),
    block=2,
    estimators=("radial_ks", "lilliefors", "radial_spread"),
)
FILES = {"rejections.csv", "coverage.csv", "power.csv", "answer.txt", "provenance.json"}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    return folder, run(GRID, folder, 1, lambda line: None)


def test_a_whole_grid_is_published_with_its_tables(cells, tmp_path):
    folder, raw = cells
    told = publish(GRID, folder, tmp_path, 2)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    rates = pd.read_csv(tmp_path / "rejections.csv")
    assert list(rates["rejections"]) == list(rejection_rates(raw)["rejections"])
    assert len(pd.read_csv(tmp_path / "coverage.csv")) == len(coverage(raw)) == 4
    assert (tmp_path / "answer.txt").read_text() == told
    record = json.loads((tmp_path / "provenance.json").read_text())
    assert (record["cells"]["complete"], record["cells"]["of"], record["seconds"]) == (3, 3, None)
    assert record["cells"]["first_written"] <= record["cells"]["last_written"]


def test_publishing_again_gives_the_same_bytes(cells, tmp_path):
    for name in ("first", "second"):
        publish(GRID, cells[0], tmp_path / name, 2)
    for name in FILES - {"provenance.json"}:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_a_part_says_what_is_missing(cells, tmp_path):
    longer = replace(GRID, null_replicates=(8,), units=(2, 3))
    told = publish(longer, cells[0], tmp_path, 2)
    assert told.startswith("PARTIAL: 7 cells are missing: 2 of n = 60, d = 2; 5 of n = 60, d = 3.\n\nSize. ")
    assert json.loads((tmp_path / "provenance.json").read_text())["cells"]["complete"] == 3


def test_the_answer_says_each_thing_in_a_paragraph(cells):
    rates, intervals = rejection_rates(cells[1]), coverage(cells[1])
    told = answer(rates, intervals, ())
    starts = [paragraph.split("\n")[0].split(".")[0] for paragraph in told.split("\n\n")]
    assert [each for each in starts if each[0].isupper()] == [
        "Size",
        "Coverage of the truth, where it is promised",
        "Coverage of the statistic's own mean",
        "Power at n = 60; power",
    ]
    assert "Of 5 sizes 0 differ from what is promised at p <= 5 % (0 by chance)" in told
    row = power_by_law(rates).iloc[0]
    assert f"cube, d = 2: {row['always']} of 5 tests reject every code, {row['blind']} blind; most " in told


def test_of_nothing_there_is_nothing_to_say(cells):
    rates, intervals = rejection_rates(cells[1]), coverage(cells[1])
    assert answer(rates.iloc[:0], intervals.iloc[:0], ()) == "\n"


def test_a_folder_that_cannot_be_written_is_told(cells, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot write .*file"):
        publish(GRID, cells[0], tmp_path / "file", 2)
