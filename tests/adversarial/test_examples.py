"""The table of examples and what is read from it."""

import numpy as np
import pandas as pd
import pytest
from made_clusters import clusters, equal_distances, minimal, table

from gausslab.adversarial.examples import (
    COLUMNS,
    GEOMETRY,
    attacks,
    changes,
    checked,
    clean_rows,
    null_rows,
    nulls,
    read,
)
from gausslab.adversarial.nulls import null_a
from gausslab.errors import GausslabError

WORLD = clusters(equal_distances(), 200, 0)
FRAME = table(WORLD, minimal(WORLD))


def test_the_made_table_is_one():
    assert checked(FRAME) is FRAME
    assert tuple(FRAME.columns) == tuple(COLUMNS)
    assert set(GEOMETRY) < set(COLUMNS)
    assert len(clean_rows(FRAME, "code")) == 200


def test_missing_columns_and_rows_twice_are_named():
    with pytest.raises(GausslabError, match=r"needs the columns lead, radius$"):
        checked(FRAME.drop(columns=["lead", "radius"]))
    with pytest.raises(GausslabError, match="got two of id 0, spec clean, layer code, attack clean"):
        checked(FRAME.iloc[[0, 0, 1]])


def test_attacks_are_never_pooled():
    other = FRAME[FRAME["family"] == "minimal"].assign(spec="deepfool", attack="DeepFool")
    found = [
        (layer, attack, len(rows)) for layer, attack, rows in attacks(FRAME.merge(other, how="outer"), ("minimal",))
    ]
    assert sorted(found) == [("code", "DDN", len(WORLD.attacked)), ("code", "DeepFool", len(WORLD.attacked))]


def test_rows_of_a_null_hold_its_codes():
    moved = null_a(WORLD.head, 16, 30, np.random.default_rng(0))
    rows = null_rows(moved, WORLD.head, "null A", "ddn", "code")
    assert tuple(rows.columns) == tuple(COLUMNS)
    assert rows["radius"].to_numpy() == pytest.approx(np.linalg.norm(moved.after, axis=1))
    assert changes(rows) == pytest.approx(moved.changes)
    assert rows["d_l2"].isna().all()
    found = list(nulls(rows, "ddn", "code"))
    assert [name for name, _ in found] == ["null A"]
    assert not list(nulls(rows, "cw", "code"))


def test_a_table_is_read_as_it_was_written(tmp_path):
    """The family `null` too, and layers and attacks of any name."""
    moved = null_a(WORLD.head, 16, 30, np.random.default_rng(0))
    frame = FRAME.assign(layer="NA")
    frame = pd.concat([frame, null_rows(moved, WORLD.head, "null A", "ddn", "NA").astype(frame.dtypes)])
    for name in ("examples.csv", "examples.csv.gz"):
        frame.to_csv(tmp_path / name, index=False)
        pd.testing.assert_frame_equal(read(tmp_path / name), frame.reset_index(drop=True), rtol=1e-12)
    for text in ("", "id,spec\n1,ddn\n"):
        (tmp_path / "other.csv").write_text(text)
        with pytest.raises(GausslabError, match=r"cannot read the table of examples|needs the columns"):
            read(tmp_path / "other.csv")
    with pytest.raises(GausslabError, match="cannot read the table of examples"):
        read(tmp_path / "absent.csv")
