"""The one table: same numbers, same bytes; nothing lost on the way to disk and back."""

import math
from dataclasses import fields, replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gausslab import tables
from gausslab.errors import GausslabError
from gausslab.tables import COLUMNS, REQUIRED, Measurement

ROW = Measurement(
    run="r", data="digits", model="ae", width=2, channels=2, depth=4, seed=0, layer="bottleneck", point="normalized",
    statistics="running", unit="all", n_units=2, estimator="kl", statistic="total", value=0.1 + 0.2,
    standard_error=math.nan, null_mean=1 / 3, null_sd=5e-324, p_value=1.0, n_samples=300,
)  # fmt: skip


def test_columns_hold_what_the_issue_promises():
    promised = (
        "run, data, model, width, channels, depth, seed, layer, unit, estimator, statistic, value, standard_error, "
        "null_mean, p_value, n_samples"
    )
    assert set(promised.split(", ")) <= set(COLUMNS)
    assert set(promised.split(", ")) == set(REQUIRED)
    assert tuple(field.name for field in fields(Measurement)) == COLUMNS
    assert COLUMNS[-3:] == ("null", "quantity", "reference")
    assert (ROW.null, ROW.quantity, ROW.reference) == ("", "", "")


def test_round_trip_is_byte_equal(tmp_path):
    foreign = replace(ROW, width=None, channels=None, depth=None, seed=None, layer="", unit="3", value=-math.inf)
    frame = tables.to_frame([ROW, foreign])
    tables.write(frame, tmp_path / "a.csv")
    again = tables.read(tmp_path / "a.csv")
    tables.write(again, tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    pd.testing.assert_frame_equal(again, frame)
    assert again["value"].tolist() == [0.30000000000000004, -math.inf]
    assert again["null_sd"].tolist() == [5e-324] * 2
    assert again["width"].tolist() == [2, pd.NA]
    assert again.dtypes["seed"] == "Int64"


REALS = st.floats(allow_nan=True, allow_infinity=True)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00")) | st.sampled_from(
    ["NA", "nan", "null", "None", "", '"', "a,b", "1", "1.0", "true"]
)
ROWS = st.builds(
    Measurement,
    **dict.fromkeys(("run", "data", "model", "layer", "point", "statistics", "unit", "estimator", "statistic"), WORDS),
    **dict.fromkeys(("null", "quantity", "reference"), WORDS),
    **dict.fromkeys(("width", "channels", "depth", "seed"), st.none() | st.integers(0, 2**62)),
    **dict.fromkeys(("n_units", "n_samples"), st.integers(0, 2**53)),
    **dict.fromkeys(("value", "standard_error", "null_mean", "null_sd", "p_value"), REALS),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_any_row_survives(tmp_path, rows):
    frame = tables.to_frame(rows)
    tables.write(frame, tmp_path / "table.csv")
    pd.testing.assert_frame_equal(tables.read(tmp_path / "table.csv"), frame, check_exact=True)


def test_concat_keeps_the_types(tmp_path):
    parts = [tables.to_frame([ROW]), tables.to_frame([replace(ROW, width=None)]), tables.to_frame([])]
    whole = tables.concat(parts)
    assert (whole.dtypes == parts[0].dtypes).all()
    assert whole["width"].tolist() == [2, pd.NA]
    pd.testing.assert_frame_equal(whole.iloc[[0]], parts[0])


def test_empty_table_round_trip(tmp_path):
    tables.write(tables.to_frame([]), tmp_path / "empty.csv")
    assert list(tables.read(tmp_path / "empty.csv").columns) == list(COLUMNS)


def test_missing_columns_are_named(tmp_path):
    frame = tables.to_frame([ROW]).drop(columns=["value", "run"])
    frame.to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(
        GausslabError, match=r"short\.csv is not a table of measurements: it lacks the columns run, value"
    ):
        tables.read(tmp_path / "short.csv")


def test_an_older_table_is_read_and_filled(tmp_path):
    rows = [ROW, replace(ROW, unit="1", layer="NA", reference="laplace")]
    complete = tables.to_frame(rows)
    complete[list(REQUIRED)].to_csv(tmp_path / "old.csv", index=False)
    absent = dict.fromkeys(("point", "statistics", "null", "quantity", "reference"), "")
    absent |= {"n_units": 0, "null_sd": math.nan}
    expected = tables.to_frame([replace(row, **absent) for row in rows])
    pd.testing.assert_frame_equal(tables.read(tmp_path / "old.csv"), expected)
    pd.testing.assert_frame_equal(tables.with_types(tables.check(complete[list(REQUIRED)], "old")), expected)
    both = tables.concat([tables.read(tmp_path / "old.csv"), complete])
    assert both["n_units"].tolist() == [0, 0, 2, 2]


@pytest.mark.parametrize("name", REQUIRED)
def test_every_required_column_is_required(tmp_path, name):
    tables.to_frame([ROW]).drop(columns=name).to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(GausslabError, match=f"lacks the columns {name}$"):
        tables.read(tmp_path / "short.csv")


def test_a_complete_table_is_left_alone():
    frame = tables.to_frame([ROW]).assign(extra=1)
    assert tables.check(frame, "made") is frame
    assert list(tables.check(frame.drop(columns="point"), "made").columns) == [*COLUMNS, "extra"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00\x01", b'a,b\n"', b"a,b\n1,2,3\n1,2,3,4\n"],
    ids=["empty", "binary", "quote", "ragged"],
)
def test_damaged_file_is_one_line(tmp_path, content):
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(GausslabError, match=r"bad\.csv") as caught:
        tables.read(tmp_path / "bad.csv")
    assert "\n" not in str(caught.value)


def test_text_in_place_of_a_number_is_one_line(tmp_path):
    frame = tables.to_frame([ROW]).astype(object)
    for name in ("value", "width", "n_samples"):
        frame.assign(**{name: "many"}).to_csv(tmp_path / "bad.csv", index=False)
        with pytest.raises(GausslabError, match="cannot read the table") as caught:
            tables.read(tmp_path / "bad.csv")
        assert "\n" not in str(caught.value)


def test_absent_file_is_one_line(tmp_path):
    with pytest.raises(GausslabError, match=r"cannot read the table .*none\.csv"):
        tables.read(tmp_path / "none.csv")
