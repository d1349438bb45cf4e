"""Findings about several networks, against scipy and by hand."""

import numpy as np
import pandas as pd
import pytest
from made_clusters import clusters, five_pairs, minimal, table
from scipy import stats

from gausslab.adversarial.findings import Finding, agreed, conclusion
from gausslab.adversarial.hypotheses import lower_than_matched, radii_fall
from gausslab.adversarial.pooling import finding_over, over_networks, to_frame, trends_over
from gausslab.errors import GausslabError

BLANK = Finding(hypothesis="H1", attack="DDN", layer="code", scale="SDs", smallest=0.2, details="networks")


def _rows(effects, **columns):
    """Findings of several networks as their table has them."""
    known = {"hypothesis": "H1", "attack": "DDN", "layer": "code", "scale": "SDs", "smallest": 0.2}
    return pd.DataFrame({**known, **columns, "effect": effects})


def test_table_of_one_network_keeps_effect_interval_and_words():
    world = clusters(five_pairs(), 2000, 0)
    frame = table(world, minimal(world))
    findings = [*radii_fall(frame), *lower_than_matched(frame)]
    found = to_frame(findings, frame)
    assert found["effect"].tolist() == [each.effect for each in findings]
    assert found[["low", "high"]].to_numpy().tolist() == [list(each.interval) for each in findings]
    assert found["line"].tolist() == [each.line for each in findings]
    assert set(found["spec"]) == {"ddn"}
    assert found["hypothesis"].tolist() == ["H1", "H2"]


def test_interval_and_p_are_students():
    effects = np.array([0.5, 0.9, 0.7, 1.1])
    found = finding_over(effects, BLANK)
    expected = stats.ttest_1samp(effects, 0)
    assert found.effect == pytest.approx(0.8)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval()))
    assert found.p_value == pytest.approx(expected.pvalue)
    counter = stats.ttest_1samp(effects, 0.2, alternative="less").pvalue
    assert found.counter_p == pytest.approx(min(1, 2 * counter))


def test_two_networks_are_too_few_and_equal_ones_leave_no_doubt():
    assert finding_over(np.array([1.0, 2.0]), BLANK) == BLANK
    equal = finding_over(np.zeros(3), BLANK)
    assert (equal.effect, equal.p_value, equal.interval) == (0, 1, (0, 0))


def test_one_finding_an_attack_and_networks_without_effect_are_counted_out():
    rows = pd.concat([_rows([1.0, 1.1, 0.9, np.nan]), _rows([-1.0, -1.1, -0.9, -1.2], attack="FGSM 0.1")])
    found = over_networks(rows, "H1")
    assert [each.attack for each in found] == ["DDN", "FGSM 0.1"]
    assert [each.verdict for each in found] == ["supported", "contradicted"]
    assert "3 of 4 networks" in found[0].details
    assert conclusion(found) == "H1: undecided (1 supported, 1 contradicted)"


def test_hypothesis_without_findings_is_told():
    with pytest.raises(GausslabError, match="no findings about H9"):
        over_networks(_rows([1.0]), "H9")


def test_effects_that_grow_within_every_width_but_not_over_all():
    """Width 32 has smaller effects throughout: over all networks the weight shows nothing, within a width it does."""
    weights = np.repeat([0.0, 0.05, 1.0], 3)
    rows = pd.concat(
        [_rows(np.arange(9.0) + offset, weight=weights, width=width) for width, offset in ((8, 0.0), (32, -30.0))]
    )
    within = trends_over(rows, "H6", "weight", [("H1", "DDN")], ("width",))
    assert [each.verdict for each in within] == ["supported", "supported"]
    assert [each.hypothesis for each in within] == [f"H6 (effect of H1, DDN, width {width})" for width in (8, 32)]
    alone = trends_over(rows[rows["width"] == 8], "H6", "weight", [("H1", "DDN")])
    assert within[0].trend.p_value == pytest.approx(2 * alone[0].trend.p_value)  # Holm over two


def test_a_question_without_effects_at_two_levels_is_undecided_and_costs_the_others_nothing():
    rows = pd.concat(
        [
            _rows(np.arange(9.0), width=np.repeat([8, 16, 32], 3)),
            _rows([np.nan] * 6 + [0.1] * 3, attack="PGD", width=np.repeat([8, 16, 32], 3)),
        ]
    )
    alone, (found, none) = (
        trends_over(rows, "H4", "width", [("H1", name) for name in names]) for names in (["DDN"], ["DDN", "PGD"])
    )
    assert found == alone[0]
    assert none.verdict == "undecided"
    assert none.line == "H4 (effect of H1, PGD): undecided, effects at fewer than two levels of width"


def test_shared_verdict_or_undecided():
    assert agreed(["contradicted", "contradicted"]) == "contradicted (2 contradicted)"
