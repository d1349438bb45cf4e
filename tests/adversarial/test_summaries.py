"""A row an attack, against means taken by hand."""

import numpy as np
import pytest
from made_clusters import clusters, five_pairs, minimal, table

from gausslab.adversarial.summaries import COLUMNS, change_table

WORLD = clusters(five_pairs(), 2000, 0)
FRAME = table(WORLD, minimal(WORLD))


def _clean():
    return FRAME[FRAME["family"] == "clean"]


def test_means_of_the_successful_pairs():
    found = change_table(FRAME).set_index("attack").loc["DDN"]
    after = FRAME[(FRAME["family"] == "minimal") & FRAME["success"].astype(bool)]
    change = after["radius"] - after["clean_radius"]
    before = _clean().set_index("id").loc[after["id"]]
    assert found["change"] == pytest.approx(change.mean())
    assert found["effect"] == pytest.approx(change.mean() / change.std())
    assert found["share_lower"] == pytest.approx((change < 0).mean())
    assert found["pairs"] == len(after)
    squares = after["radius_inside"].to_numpy() ** 2 - before["radius_inside"].to_numpy() ** 2
    assert found["change_inside"] == pytest.approx(squares.mean())
    assert np.isnan(found["change_null_a"])


def test_inside_and_outside_add_up_to_the_whole_change_of_r2():
    found = change_table(FRAME).set_index("attack").loc["DDN"]
    after = FRAME[(FRAME["family"] == "minimal") & FRAME["success"].astype(bool)]
    whole = (after["radius"] ** 2 - after["clean_radius"] ** 2).mean()
    assert found["change_inside"] + found["change_outside"] == pytest.approx(whole)


def test_clean_controls_are_compared_with_all_right_images():
    found = change_table(FRAME).set_index("attack").loc["lowest tenth by lead"]
    right = _clean()[_clean()["prediction"] == _clean()["class"]]
    near = right[right["lead"] <= right["lead"].quantile(0.1)]
    assert found["pairs"] == len(near)
    assert found["change"] == pytest.approx(near["radius"].mean() - right["radius"].mean())
    assert found["effect"] == pytest.approx(found["change"] / right["radius"].std())


def test_an_attack_without_success_has_a_row_of_its_own():
    failed = FRAME.copy()
    failed.loc[failed["family"] == "minimal", "success"] = False
    found = change_table(failed).set_index("attack").loc["DDN"]
    assert (found["pairs"], found["success_rate"]) == (0, 0)
    assert np.isnan(found["change"])
    assert tuple(change_table(FRAME).columns) == COLUMNS
