"""The report of attacks by layer, against the statistics it is made of; acceptance tests 2, 3 and 6 through records."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from made_clusters import clusters, five_pairs, minimal, shrunk, table
from torch import nn

from gausslab import tables
from gausslab.adversarial.heads import LinearHead
from gausslab.adversarial.outcomes import attacked
from gausslab.adversarial.ranks import auroc
from gausslab.adversarial.recording import null_examples, record_examples
from gausslab.adversarial.reporting import (
    COLUMNS,
    CONSTANT,
    attack_report,
    constant_layers,
    report_findings,
    report_rows,
)
from gausslab.adversarial.specs import AttackSpec, GivenImages
from gausslab.probing import Identity, blank

PAIRS = clusters(five_pairs(), 6000, 0)
WIDE = clusters(np.pad(five_pairs(), ((0, 0), (0, 48))), 3000, 1)
DDN = AttackSpec(name="ddn")
SCALE = 12.0
"""Of codes in an image: it brings them into [0, 1]."""


class Shown(nn.Module):
    """A network whose images are codes, pixel by pixel, so that what it is shown is known."""

    def __init__(self, head: LinearHead) -> None:
        super().__init__()
        units = head.weight.shape[1]
        self.bottleneck = nn.BatchNorm1d(units, affine=False, eps=0)
        self.head = nn.Linear(units, len(head.weight))
        with torch.no_grad():
            self.bottleneck.running_mean.fill_(0.5)
            self.bottleneck.running_var.fill_(1 / SCALE**2)
            self.head.weight.copy_(torch.from_numpy(head.weight))
            self.head.bias.copy_(torch.from_numpy(head.bias))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.bottleneck(images))


def pictures(codes: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(codes / SCALE + 0.5).float()


def recorded(world, after: np.ndarray) -> tuple[Shown, pd.DataFrame, list]:
    """All codes clean, and those that are right moved; wrong ones stay."""
    model, labels = Shown(world.head), torch.from_numpy(world.labels)
    moved = world.codes.copy()
    moved[world.attacked] = after
    batches = [
        (spec, attacked(model, pictures(world.codes), labels, lambda _, made=made: pictures(made), seed=0, name="made"))
        for spec, made in ((None, world.codes), (DDN, moved))
    ]
    return model, record_examples(model, batches, batch=1000), batches


def test_acceptance_2_margin_explains_minimal_steps():
    _, frame, _ = recorded(PAIRS, minimal(PAIRS))
    row = attack_report(frame).iloc[0]
    assert row["successes"] > 0.99 * row["attempted"] == pytest.approx(0.99 * len(PAIRS.attacked))
    assert row["matched"] == pytest.approx(0.5, abs=4 * row["matched_error"])
    assert row["verdict"] == "margin explains it"
    assert report_findings(frame)[0].line.startswith("H2, DDN at bottleneck: contradicted (margin explains it)")


def test_acceptance_3_shrinking_in_ignored_directions_is_not_explained_by_margin():
    model, frame, batches = recorded(WIDE, shrunk(WIDE, minimal(WIDE), 0.8))
    assert attack_report(frame).iloc[0]["verdict"] == "not explained by margin"
    nulls = null_examples(model, frame, batches)
    both = report_findings(pd.concat([frame, nulls], ignore_index=True))
    assert [(each.hypothesis, each.verdict) for each in both] == [("H2", "supported")] + 2 * [("H3", "supported")]


def test_acceptance_6_blank_images_are_no_successes():
    model, labels = Shown(WIDE.head), torch.from_numpy(WIDE.labels[:200])
    clean = pictures(WIDE.codes[:200])
    batches = {
        None: attacked(model, clean, labels, lambda images: images, seed=0, name="clean"),
        GivenImages(name="black"): attacked(model, clean, labels, torch.zeros_like, seed=0, name="black"),
    }
    row = attack_report(record_examples(model, batches)).iloc[0]
    assert (row["successes"], row["success_rate"], row["pairs"]) == (0, 0, 0)
    assert math.isnan(row["change"]) and math.isnan(row["auroc -radius"])
    assert row["verdict"] == "whether margin explains it is open"


FRAME = table(WIDE, minimal(WIDE))
REPORT = attack_report(FRAME)


def test_numbers_are_of_the_successes_and_their_own_clean_images():
    frame = FRAME.copy()
    failed = (frame["family"] == "minimal") & (frame["id"] % 3 == 0)
    frame.loc[failed, "success"] = False
    rows = frame[(frame["family"] == "minimal") & frame["success"]]
    clean = frame[(frame["family"] == "clean") & frame["id"].isin(rows["id"])]
    row = attack_report(frame).iloc[0]
    assert tuple(attack_report(frame).columns) == COLUMNS
    assert row["clean_radius"] == pytest.approx(clean["radius"].mean())
    assert row["radius"] == pytest.approx(rows["radius"].mean())
    assert row["change"] == pytest.approx(rows["radius"].mean() - clean["radius"].mean())
    assert row["change_low"] < row["change"] < row["change_high"]
    assert row["success_rate"] == pytest.approx(len(rows) / len(WIDE.attacked))
    assert row["auroc -radius"] == pytest.approx(auroc(-clean["radius"].to_numpy(), -rows["radius"].to_numpy()))
    assert row["pairs"] + row["unmatched"] == row["successes"] == len(rows)


def test_layers_without_geometry_have_no_such_score():
    frame = FRAME.assign(class_mahalanobis=np.nan, code_mahalanobis=np.nan)
    row = attack_report(frame).iloc[0]
    assert math.isnan(row["auroc class Mahalanobis"]) and not math.isnan(row["auroc 1 - max softmax"])
    told = report_rows(frame, attack_report(frame), blank(Identity(run="r", data="d", model="m")))
    assert not told["statistic"].str.contains("Mahalanobis").any()


def test_controls_are_corrected_by_themselves():
    """Holm over two attacks doubles a p-value; a control beside one attack does not."""
    attack = FRAME[FRAME["family"] == "minimal"]
    control = pd.concat([FRAME, attack.assign(family="control", spec="noise", attack="noise")])
    second = pd.concat([FRAME, attack.assign(spec="deepfool", attack="DeepFool")])
    alone, beside, two = (report_findings(frame)[0] for frame in (FRAME, control, second))
    assert alone == beside
    assert two.adjusted == pytest.approx(min(1, 2 * two.p_value)) and len(report_findings(second)) == 2
    assert attack_report(control)["family"].tolist() == ["minimal", "control"]


def test_rows_of_the_tidy_table(tmp_path):
    described = blank(Identity(run="net", data="digits", model="classifier"))
    rows = report_rows(FRAME, REPORT, described)
    assert set(rows["attack"]) == {"ddn"} and set(rows["layer"]) == {"code"} and set(rows["n_units"]) == {64}
    assert not rows.duplicated(["estimator", "statistic"]).any()
    value = rows.set_index(["estimator", "statistic"])["value"]
    row = REPORT.iloc[0]
    assert value["paired_radius", "mean_difference"] == pytest.approx(row["change"])
    assert value["paired_radius", "clean_mean"] == pytest.approx(row["clean_radius"])
    assert value["detection", "auroc -radius"] == value["paired_radius", "auroc"] == row["auroc -radius"]
    assert value["margin_matched", "auroc -radius"] == row["matched"]
    assert value["attack", "success_rate"] == 1
    tables.write(tables.with_types(rows), tmp_path / "rows.csv")
    assert tables.read(tmp_path / "rows.csv").equals(tables.with_types(rows))


def test_too_few_successes_have_a_rate_and_nothing_else():
    few = FRAME.assign(success=FRAME["success"] & (FRAME["id"] < 3))
    rows = report_rows(few, attack_report(few), blank(Identity(run="r", data="d", model="m")))
    assert rows["statistic"].tolist() == ["success_rate"]
    assert report_findings(few) == []


def test_radii_that_are_equal_but_for_rounding_are_no_finding():
    _, frame, _ = recorded(PAIRS, minimal(PAIRS))
    lower = 1e-5 * (frame["family"] != "clean")  # of every attacked image: a sure finding, were it one
    rounding = 1e-6 * np.random.default_rng(0).standard_normal(len(frame))
    even = frame.assign(layer="even", radius=4 + rounding - lower, clean_radius=4.0)
    both = pd.concat([frame, even], ignore_index=True)
    told = attack_report(both).set_index("layer")
    assert constant_layers(both) == ("even",)
    assert told.loc["even", "verdict"] == CONSTANT and told.loc["even", ["change", "matched"]].isna().all()
    assert {found.layer for found in report_findings(both)} == {"bottleneck"}
    rows = report_rows(both, attack_report(both), blank(Identity(run="r", data="d", model="m")))
    assert set(rows.loc[rows["layer"] == "even", "estimator"]) == {"attack"}
    assert attack_report(frame).iloc[0].equals(attack_report(both).iloc[0])
