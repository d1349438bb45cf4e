"""Trends over a setting: against SciPy's tau and statsmodels-free Holm by hand."""

import math

import pandas as pd
import pytest
from made_scores import scores
from scipy import stats

from gausslab.scoreboard.effects import effects
from gausslab.scoreboard.layout import FRECHET, SAMPLES, Column

COLUMN = Column("samples", FRECHET, SAMPLES, "mvg")
RISING = {"25": [1.0, 1.1, 1.2], "50": [2.0, 2.1, 1.15], "100": [3.0, 3.1, 3.2], "200": [4.0, 4.1, 4.2]}
FLAT = {"25": [1.0, 3.0, 2.0], "50": [3.0, 1.0, 2.0], "100": [2.0, 1.5, 3.0], "200": [1.0, 2.0, 2.5]}


def table(row, values, **columns):
    parts = (scores({f"{row} batch {b}": each}, **columns).assign(batch=b) for b, each in values.items())
    return pd.concat(parts, ignore_index=True)


def test_every_series_has_its_trend():
    found = effects(pd.concat([table("eae", RISING), table("bn-ae", FLAT)]), "batch", columns=[COLUMN])
    assert [each.series for each in found] == ["mnist, eae", "mnist, bn-ae"]
    for each, values in zip(found, (RISING, FLAT), strict=True):
        levels = [float(b) for b, row in values.items() for _ in row]
        distances = [distance for row in values.values() for distance in row]
        assert each.trend.tau == pytest.approx(stats.kendalltau(levels, distances).statistic, abs=1e-12)
        assert each.trend.levels == (25, 50, 100, 200)
    assert found[0].line.startswith("mnist, eae: samples rises (tau +0.87, p 0.0001, by Holm 0.0002; 12 runs)")
    assert ": 1.1 at 25, 1.75 at 50, 3.1 at 100, 4.1 at 200" in found[0].line
    assert "shows no trend" in found[1].line


def test_p_values_are_corrected_together():
    """Holm: the smaller of two twice, the larger once but never below."""
    found = effects(pd.concat([table("eae", RISING), table("bn-ae", FLAT)]), "batch", columns=[COLUMN])
    small, large = (each.trend.p_value for each in found)
    assert found[0].adjusted == pytest.approx(min(1, 2 * small))
    assert found[1].adjusted == pytest.approx(max(2 * small, large))


def test_a_number_that_is_not_there_and_a_single_level_have_none():
    once = table("eae", {"25": [1.0, 2.0]})
    assert effects(once, "batch", columns=[COLUMN]) == []
    absent = Column("samples", FRECHET, SAMPLES, "gmm")
    assert effects(table("eae", RISING), "batch", columns=[absent]) == []


def test_rows_without_the_setting_are_in_no_series():
    other = scores({"vae": [1.0, 2.0]}).assign(batch=math.nan)
    found = effects(pd.concat([table("eae", RISING), other]), "batch", columns=[COLUMN])
    assert [each.series for each in found] == ["mnist, eae"]
