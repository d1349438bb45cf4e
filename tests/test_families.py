"""What a panel says: tables here are made, and say so."""

import math
import subprocess
import sys

import pandas as pd
import pytest

from gausslab.errors import GausslabError
from gausslab.estimators.registry import ESTIMATORS
from gausslab.families import FAMILIES, NEAR, REPRESENTATIVES, STATISTICS, family_effects, read_panels, states, verdicts

QUIET = dict.fromkeys(FAMILIES, 0.0)


def made(excess, null_sd=0.001, other=0.0, note=""):
    """A panel whose representatives have these excesses and whose other statistics have `other`."""
    rows = [
        {
            "family": each.family,
            "statistic": each.name,
            "value": 1.0 + size,
            "null_mean": 1.0,
            "null_sd": null_sd,
            "excess": size,
            "p_value": 0.01,
            "n": 2000,
            "units": 8,
            "note": note,
        }
        for each in STATISTICS
        for size in [excess[each.family] if each.name == REPRESENTATIVES[each.family] else other]
    ]
    return pd.DataFrame(rows)


def test_every_family_has_statistics_of_known_estimators_and_one_that_speaks_for_it():
    assert {each.family for each in STATISTICS} == set(FAMILIES) == set(REPRESENTATIVES) == set(NEAR)
    assert {each.estimator for each in STATISTICS} <= set(ESTIMATORS)
    names = [each.name for each in STATISTICS]
    assert len(set(names)) == len(names) and set(REPRESENTATIVES.values()) <= set(names)


def test_near_in_nats_is_what_its_reasons_say():
    """Pinsker's 7 %; correlation .2 of two units; radii of independent units of excess kurtosis .4."""
    assert math.sqrt(NEAR["marginal"] / 2) == pytest.approx(0.07, abs=0.001)
    assert -math.log(1 - 0.2**2) / 2 / 2 == pytest.approx(NEAR["isotropy"], abs=3e-4)
    assert math.sqrt(1 + 0.4 / 2) - 1 == pytest.approx(NEAR["radial"], abs=0.005)


@pytest.mark.parametrize(
    ("excess", "null_sd", "said"),
    [
        (0.005, 0.001, "near"),
        (-0.005, 0.001, "near"),
        (0.02, 0.001, "away"),
        (-0.02, 0.001, "away"),
        (0.011, 0.001, "undecided"),
        (0.009, 0.001, "undecided"),
        (0.02, 0.006, "undecided"),
        (math.nan, 1.0, "not measured"),
    ],
)
def test_states_keep_two_null_deviations_from_the_limit(excess, null_sd, said):
    assert states(made(QUIET | {"joint": excess}, null_sd))["joint"] == said


def test_lines_give_effect_size_null_and_limit():
    lines = verdicts(made(QUIET | {"marginal": 0.5}, other=0.002))
    assert lines[0] == (
        "marginal: away; negentropy of single units, nats a unit: 1.5, +0.5 off the null's 1 ± 0.001 (near is up to "
        "0.01); of its others lilliefors lies +2 null deviations off"
    )
    assert lines[-1] == "families disagree: near in isotropy, joint, radial, away in marginal"
    assert [line.split(":")[0] for line in lines] == [*FAMILIES, "families disagree"]


def test_families_that_agree_or_do_not_know_do_not_disagree():
    for excess in (QUIET, dict.fromkeys(FAMILIES, 9.0), QUIET | {"radial": 0.101}):
        assert len(verdicts(made(excess))) == len(FAMILIES)


def test_what_contradicts_a_family_that_is_near_is_said():
    assert "; but lilliefors lies +6 null deviations off" in verdicts(made(QUIET, other=0.006))[0]


def test_what_was_not_measured_is_said_with_its_reason():
    lines = verdicts(made(QUIET | {"joint": math.nan}, note="units depend linearly"))
    assert lines[2] == "joint: not measured (units depend linearly)"
    assert states(made(QUIET | {"joint": math.nan}))["joint"] == "not measured"


def test_effects_are_sizes():
    found = family_effects(made({"marginal": 0.1, "isotropy": -0.2, "joint": -0.3, "radial": math.nan}))
    assert found.drop("radial").to_dict() == {"marginal": 0.1, "isotropy": 0.2, "joint": 0.3}
    assert math.isnan(found["radial"])


def test_tables_that_are_no_panel_of_one_code():
    panel = made(QUIET)
    with pytest.raises(GausslabError, match=r"^panel: expected the panel of one code, got several rows of one"):
        verdicts(pd.concat([panel, panel]))
    with pytest.raises(GausslabError, match=r"^panel: expected a row of every family, got none of negentropy$"):
        states(panel[panel["family"] != "marginal"])
    with pytest.raises(GausslabError, match=r"^panel: expected the table of family_panel, got one without excess$"):
        family_effects(panel.drop(columns="excess"))


def test_panels_are_read_again(tmp_path):
    made(QUIET).to_csv(tmp_path / "panel.csv", index=False)
    assert verdicts(read_panels(tmp_path / "panel.csv")) == verdicts(made(QUIET))
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(GausslabError, match=r"other\.csv: it has no column family, so it holds no panels$"):
        read_panels(tmp_path / "other.csv")
    with pytest.raises(GausslabError, match="cannot read the table"):
        read_panels(tmp_path / "absent.csv")


def test_no_torch_is_needed():
    program = "import sys, gausslab.families, gausslab.plotting.panel_families; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
