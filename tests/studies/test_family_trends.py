"""The judgement of H5 on made tables whose trends are known."""

import pytest
from plotting.made_panels import classifier_panels
from scipy import stats

from gausslab.families import FAMILIES, REPRESENTATIVES
from gausslab.studies.family_trends import FALLING, RISING, conclusion, counted, family_trends

EXPECTED = {"width": RISING, "depth": FALLING, "head_depth": FALLING}
TABLE = classifier_panels(("mnist",)).query("epochs == 5")


@pytest.fixture(scope="module")
def found():
    return {(each.factor, each.family): each for each in family_trends(TABLE, EXPECTED)}


def test_every_factor_in_every_family(found):
    assert list(found) == [(factor, family) for factor in EXPECTED for family in FAMILIES]
    assert all(each.trend.n_runs == 48 for each in found.values())


def test_verdicts_are_the_signs_the_table_was_made_with(found):
    assert {family: found["width", family].verdict for family in FAMILIES} == {
        "marginal": "contradicted",
        "isotropy": "supported",
        "joint": "contradicted",
        "radial": "supported",
    }
    assert {found[factor, family].verdict for factor in ("depth", "head_depth") for family in FAMILIES} == {"supported"}


def test_tau_is_that_of_scipy_within_blocks(found):
    """Blocks are of equal levels: the weighted mean of SciPy's tau-b with equal weights."""
    rows = TABLE[TABLE["statistic"] == REPRESENTATIVES["radial"]]
    taus = [stats.kendalltau(b["width"], b["excess"].abs()).statistic for _, b in rows.groupby(["depth", "head_depth"])]
    assert len(taus) == 4
    assert found["width", "radial"].trend.tau == pytest.approx(sum(taus) / 4, abs=1e-12)


def test_sizes_are_ranked_whatever_their_sign(found):
    mirrored = family_trends(TABLE.assign(excess=-TABLE["excess"]), EXPECTED)
    assert [each.trend.tau for each in mirrored] == [each.trend.tau for each in found.values()]


def test_noise_is_undecided_after_holm():
    """Excesses shuffled over nets: of twelve p-values the adjusted ones keep 5 % together; this table's are far off."""
    shuffled = TABLE.assign(
        excess=TABLE.groupby("statistic")["excess"].transform(lambda e: e.sample(frac=1, random_state=3).to_numpy())
    )
    trends = family_trends(shuffled, EXPECTED)
    assert {each.verdict for each in trends} == {"undecided"}
    assert all(each.adjusted >= each.trend.p_value for each in trends)


def test_lines_and_conclusions_say_what_was_found(found):
    width = [found["width", family] for family in FAMILIES]
    assert conclusion("width", width) == (
        "width: supported in isotropy and radial, contradicted in marginal and joint; families disagree"
    )
    depth = [found["depth", family] for family in FAMILIES]
    assert conclusion("depth", depth) == "depth: supported in marginal and isotropy and joint and radial"
    line = width[0].line
    assert line.startswith("marginal: contradicted; negentropy of single units, nats a unit: tau -0.")
    assert "48 nets), mean size of the excess 0.0" in line and "at 8, " in line
    assert line.endswith("2 of its 2 other statistics go the same way")


def test_one_factor_alone_is_one_block(found):
    """Among nets of one depth of encoder and head; a statistic that was never measured is left out."""
    part = TABLE[(TABLE["depth"] == 3) & (TABLE["head_depth"] == 1)]
    absent = part.assign(excess=part["excess"].where(part["statistic"] != "mardia_skewness"))
    trends = family_trends(absent, {"width": RISING})
    rows = part[part["statistic"] == "correlation"]
    assert trends[1].trend.tau == pytest.approx(stats.kendalltau(rows["width"], rows["excess"]).statistic)
    assert set(trends[2].others) == {"mardia_kurtosis", "henze_zirkler", "sliced_epps_pulley"}


def test_nets_are_counted_by_state():
    panels = [panel for _, panel in TABLE.groupby(["width", "depth", "head_depth", "seed"])]
    numbers = counted(panels)
    assert list(numbers) == list(FAMILIES)
    assert all(sum(states.values()) == 48 for states in numbers.values())
    assert numbers["isotropy"] == {"away": 48}
