"""Verdicts on made codes whose truth is known; acceptance tests 2 and 3 of the design."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_clusters import clusters, equal_distances, five_pairs, minimal, shrunk, table
from scipy import stats

from gausslab.adversarial.examples import null_rows
from gausslab.adversarial.findings import SMALLEST_AUROC, Finding, conclusion, judged
from gausslab.adversarial.hypotheses import beyond_nulls, lower_than_matched, radii_fall, trend_over_runs
from gausslab.adversarial.mixtures import shared_mixture
from gausslab.adversarial.nulls import null_a, null_b
from gausslab.adversarial.ranks import auroc
from gausslab.errors import GausslabError

PAIRS = clusters(five_pairs(), 12_000, 0)
WIDE = clusters(np.pad(five_pairs(), ((0, 0), (0, 48))), 3000, 1)  # 48 units of noise that the head ignores


def _radii(frame: pd.DataFrame, family: str) -> np.ndarray:
    return frame.loc[frame["family"] == family, "radius"].to_numpy()


def _with_nulls(world, after: np.ndarray) -> pd.DataFrame:
    mixture = shared_mixture(world.codes, world.labels).standardised()
    generator = np.random.default_rng(2)
    made = {
        "null A": null_a(world.head, world.codes.shape[1], 4000, generator),
        "null B": null_b(world.head, mixture, 4000, generator),
    }
    rows = [null_rows(moved, world.head, name, "ddn", "code").dropna(axis=1) for name, moved in made.items()]
    return pd.concat([table(world, after), *rows], ignore_index=True)


def test_acceptance_2_margin_explains_minimal_steps_between_clusters():
    """Unmatched, radii tell the two apart; matched they do not, within four standard errors (design: about .5)."""
    frame = table(PAIRS, minimal(PAIRS))
    (found,) = lower_than_matched(frame)
    assert auroc(-_radii(frame, "clean"), -_radii(frame, "minimal")) > 0.53
    assert abs(found.effect) < 4 * found.standard_error < 0.07
    assert found.verdict == "contradicted"
    assert "margin explains it" in found.line
    assert "unmatched" in found.line
    assert "AUROC of 1 - max softmax" in found.line


def test_between_clusters_at_equal_distances_examples_lie_further_out_than_controls():
    """The limit of margin matching: of ten equally distant clusters the controls of minimal steps have lower radii."""
    world = clusters(equal_distances(), 3000, 3)
    (found,) = lower_than_matched(table(world, minimal(world)))
    assert found.effect < -0.05
    assert found.verdict == "contradicted"
    assert "contradicted (radii are higher than margin explains)" in found.line


def test_acceptance_3_a_fall_in_ignored_directions_is_not_explained_by_margin():
    (found,) = lower_than_matched(table(WIDE, shrunk(WIDE, minimal(WIDE), 0.8)))
    assert found.verdict == "supported"
    assert "not explained by margin" in found.line
    (alone,) = lower_than_matched(table(WIDE, minimal(WIDE)))
    assert alone.effect < 4 * alone.standard_error
    assert "not explained by margin" not in alone.line


def test_radii_fall_with_every_minimal_step():
    frame = table(PAIRS, minimal(PAIRS))
    (found,) = radii_fall(frame)
    change = frame.loc[frame["family"] == "minimal", "radius"] - frame.loc[frame["family"] == "minimal", "clean_radius"]
    assert found.effect == pytest.approx(-change.mean() / change.std(), rel=1e-9)
    assert found.p_value == pytest.approx(stats.ttest_1samp(change, 0).pvalue)
    assert found.verdict == "supported"
    assert f"lower in {(change < 0).mean():.0%}" in found.line
    assert not radii_fall(frame, "H1'", ("fixed budget", "confident"))


def test_radii_that_rise_contradict():
    (found,) = radii_fall(table(WIDE, 1.1 * WIDE.codes[WIDE.attacked]))
    assert found.verdict == "contradicted"
    assert found.interval[1] < 0


def test_steps_between_clusters_do_no_more_than_null_b():
    """The codes are such a mixture: within four standard errors; the same codes shrunk do more than both nulls."""
    _, against_b = beyond_nulls(_with_nulls(WIDE, minimal(WIDE)))
    assert against_b.attack == "DDN against null B"
    assert abs(against_b.effect) < 4 * against_b.standard_error
    assert against_b.verdict == "contradicted"
    shrunken = beyond_nulls(_with_nulls(WIDE, shrunk(WIDE, minimal(WIDE), 0.8)))
    assert [each.verdict for each in shrunken] == ["supported", "supported"]
    assert conclusion(shrunken) == "H3: supported (2 supported)"


def test_effect_of_h3_is_the_standardised_difference():
    frame = _with_nulls(WIDE, minimal(WIDE))
    change = (frame["radius"] - frame["clean_radius"]).groupby(frame["attack"])
    mean, variance = change.mean(), change.var()
    expected = (mean["null A"] - mean["DDN"]) / math.sqrt((variance["null A"] + variance["DDN"]) / 2)
    assert beyond_nulls(frame)[0].effect == pytest.approx(expected, rel=1e-9)


def test_few_examples_are_undecided():
    frame = table(WIDE, minimal(WIDE))
    few = frame[(frame["family"] == "clean") | (frame["id"] < 8)]
    for (found,) in (radii_fall(few), lower_than_matched(few)):
        assert found.verdict == "undecided"
        assert found.line.endswith("attacks succeeded")


def test_same_table_same_findings():
    frame = table(WIDE, minimal(WIDE))
    assert lower_than_matched(frame) == lower_than_matched(frame.copy())
    assert lower_than_matched(frame) != lower_than_matched(frame, seed=1)


FINDING = Finding(
    hypothesis="H1",
    attack="DDN",
    layer="code",
    scale="SDs",
    smallest=0.2,
    details="",
    effect=0.3,
    interval=(0.1, 0.5),
    standard_error=0.1,
    p_value=0.003,
)


@pytest.mark.parametrize(
    ("effect", "error", "said"),
    [
        (0.3, 0.1, "supported"),
        (0.1, 0.01, "contradicted"),  # surely above 0, and as surely too small to count
        (-0.4, 0.1, "contradicted"),
        (0.1, 0.1, "undecided"),
        (0.3, 0.3, "undecided"),
    ],
)
def test_the_three_verdicts(effect, error, said):
    p_value = 2 * stats.norm.sf(abs(effect) / error)
    (found,) = judged([replace(FINDING, effect=effect, standard_error=error, p_value=p_value)])
    assert found.verdict == said
    assert f": {said}, SDs {effect:+.3f}" in found.line


def test_holm_corrects_within_a_hypothesis():
    """.03 alone passes at 5 %; among four of its like it does not."""
    one = replace(FINDING, p_value=0.03)
    assert judged([one])[0].verdict == "supported"
    found = judged([one] * 4)
    assert [each.adjusted for each in found] == pytest.approx([0.12] * 4)
    assert {each.verdict for each in found} == {"undecided"}
    assert judged([]) == []


def test_a_conclusion_needs_agreement():
    both = judged([FINDING, replace(FINDING, effect=-0.5, p_value=1e-6)])
    assert conclusion(both) == "H1: undecided (1 supported, 1 contradicted)"
    with pytest.raises(GausslabError, match="findings of one hypothesis"):
        conclusion([FINDING, replace(FINDING, hypothesis="H2")])


def test_the_least_auroc_is_that_of_the_least_difference():
    """Of two normal laws .2 standard deviations apart, by integration."""
    x = np.linspace(-9, 9, 20001)
    area = np.trapezoid(stats.norm.pdf(x, 0.2) * stats.norm.cdf(x), x)
    assert pytest.approx(area - 0.5, abs=1e-9) == SMALLEST_AUROC


def test_trends_over_runs():
    runs = pd.DataFrame({"width": [8, 8, 8, 32, 32, 32, 128, 128, 128], "effect": np.arange(9) / 10})
    found = trend_over_runs(runs, "H4")
    assert (found.verdict, trend_over_runs(runs, "H5", rises=False).verdict) == ("supported", "contradicted")
    assert found.trend.tau == pytest.approx(stats.kendalltau(runs["width"], runs["effect"]).statistic)
    assert found.line.startswith("H4: supported, Kendall's tau with width +0.87")
    flat = runs.assign(effect=[0.1, 0.3, 0.2, 0.3, 0.1, 0.2, 0.2, 0.1, 0.3])
    assert trend_over_runs(flat, "H4").verdict == "undecided"
