import pandas as pd
import pytest

from gausslab.errors import GausslabError
from gausslab.plotting.series import split, with_base, with_method


def table(labels, **columns):
    return pd.DataFrame({"row": labels, **columns})


def test_lines_are_told_by_what_varies_alone():
    rows = with_base(table(["eae batch 25", "bn-ae batch 25"], data=["mnist"] * 2, batch=["25"] * 2, depth=[2, 3]))
    assert [line.label for line in split(rows, ["data", "base", "batch"])] == ["EAE", "EAE, no entropy"]
    assert [line.label for line in split(rows, ["depth"])] == ["depth 2", "depth 3"]
    assert [line.label for line in split(rows, ["data"])] == [""]


@pytest.mark.parametrize("absent", ["", None, float("nan")])
def test_a_setting_that_a_row_has_not_is_not_told(absent):
    rows = with_base(table(["eae", "eae epochs 32"], epochs=[absent, "32"]))
    assert [(line.label, len(line.rows)) for line in split(rows, ["base", "epochs"])] == [("", 1), ("epochs 32", 1)]


def test_the_tables_order_is_kept_and_no_two_lines_look_alike():
    rows = table(list("abcdefg"), data=list("gfedcba"))
    lines = split(rows, ["data"])
    assert [line.label for line in lines] == list("gfedcba")
    assert len({line.color for line in lines}) == len({line.marker for line in lines}) == 7


def test_a_method_is_the_row_without_its_weight():
    labels = ["eae weight 0.05", "eae weight 1, width 8", "wae bottleneck batchnorm, weight 0.03", "mine"]
    named = with_method(table(labels))["method"].tolist()
    assert named == ["EAE", "EAE, width 8", "WAE-MMD, bottleneck batchnorm", "mine"]


def test_what_cannot_be_told_apart():
    with pytest.raises(GausslabError, match=r"^cannot tell lines apart: the table lacks the columns epochs$"):
        split(table(["eae"]), ["row", "epochs"])
    with pytest.raises(GausslabError, match=r"^expected at most 7 lines, got 8: draw one data set at a time$"):
        split(table(list("abcdefgh")), ["row"])
