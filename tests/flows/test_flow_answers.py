"""Verdicts on H8, from tables whose ratios are made."""

import numpy as np
import pandas as pd
import pytest

from gausslab.errors import GausslabError
from gausslab.flows.answers import MASS, Ratio, answer, judgements, read

UNITS, SEEDS = (2, 8, 32, 64), (0, 1, 2)


def made(ratio, control=lambda units, tail: 1.0, kinds=("realnvp",)):
    """Both shells with `ratio(units, tail)`, and a control; a little spread over the seeds."""
    rows = []
    for target in ("relative-shell", "constant-shell", "gaussian"):
        law = control if target == "gaussian" else ratio
        for kind in kinds:
            for units in UNITS:
                for seed in SEEDS:
                    for tail, level in (("inside", 0.01), ("outside", 0.99)):
                        value = law(units, tail) * (1 + 0.01 * (seed - 1) + 0.001 * units / 64)
                        rows.append((target, units, kind, 1e-3, seed, 1500, tail, level, value / 100, value, 30.0))
                    rows.append((target, units, kind, 1e-3, seed, 1500, "gap", np.nan, 0.5, np.nan, np.nan))
    return pd.DataFrame(rows, columns=list(MASS))


def verdicts(table, tail="inside"):
    return {each.verdict for each in judgements(table) if each.tail == tail}


def test_more_mass_that_grows_with_d_supports():
    table = made(lambda units, tail: 2 + units / 8 if tail == "inside" else 1.0)
    assert verdicts(table) == {"supported"}
    assert verdicts(table, "outside") == {"contradicted"}  # none that counts, at any number of units
    said = answer(table).splitlines()
    assert said[0] == "H8 inside: supported (2 supported)"
    assert said[1] == "H8 outside: contradicted (2 contradicted)"


def test_more_mass_that_falls_with_d_contradicts():
    assert verdicts(made(lambda units, tail: 40 / np.sqrt(units))) == {"contradicted"}


def test_more_mass_at_some_d_only_or_without_a_trend_is_undecided():
    assert verdicts(made(lambda units, tail: 1.0 + units / 8)) == {"undecided"}
    shuffled = {2: 3.0, 8: 2.0, 32: 4.0, 64: 2.5}
    assert verdicts(made(lambda units, tail: shuffled[units])) == {"undecided"}


def test_a_control_that_fails_leaves_everything_undecided():
    rising = lambda units, tail: 2 + units / 8  # noqa: E731
    table = made(rising, control=lambda units, tail: 1.8 if units == 64 else 1.0)
    assert verdicts(table) == {"undecided"}
    assert "the control fails" in answer(table)
    off_a_little = made(rising, control=lambda units, tail: 1.2)
    assert verdicts(off_a_little) == {"supported"}


def test_a_ratio_by_its_interval():
    more, wide, little = Ratio(2.0, 1.1, 3.0), Ratio(2.0, 0.9, 3.0), Ratio(1.2, 1.1, 1.4)
    assert [each.verdict for each in (more, wide, little)] == ["more", "open", "no more"]
    assert [each.holds for each in (more, wide, little)] == [False, True, True]


def test_lengths_bounds_codes_and_gaps_are_told_beside():
    table = made(lambda units, tail: 2 + units / 8)
    short = table.assign(steps=500)
    bound = table[table["target"] == "relative-shell"].assign(slope=0.5, ratio=7.0)
    codes = table[(table["target"] == "gaussian") & (table["units"] == 32)].assign(target="codes", ratio=1.1)
    said = answer(pd.concat([table, short, bound, codes], ignore_index=True))
    for words in ("By steps, inside", "slope 0.5: 7 at 2", "Codes outside, realnvp: 1.1", "KL(data || flow) in nats"):
        assert words in said
    assert "By slope, inside, realnvp, shell a fifth" not in said  # fitted with one bound only
    assert judgements(pd.concat([table, short, bound])) == judgements(table)


def test_a_table_of_something_else(tmp_path):
    with pytest.raises(GausslabError, match="cannot read the table"):
        read(tmp_path / "absent.csv", MASS)
    pd.DataFrame({"target": ["x"]}).to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(GausslabError, match="it has no column units, so it is none of flow_shell"):
        read(tmp_path / "other.csv", MASS)
