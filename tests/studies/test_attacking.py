"""A study's network trained and attacked, its tables; and the label-free attack's."""

import importlib.util
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from loading import load

from gausslab import data
from gausslab.adversarial.specs import Effort
from gausslab.checkpoints import load_checkpoint
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig, TrainingConfig
from gausslab.errors import ConfigError
from gausslab.models import build
from gausslab.runs import Run
from gausslab.studies.attacking import AttackPlan, TrainAndAttack, collect
from gausslab.studies.turning import COLUMNS, TurningPlan, turnable, turned_of
from gausslab.workers import run_all

CONFIG = TrainConfig(
    data=DataConfig(name="digits", images=400),
    model=ModelConfig(kind="classifier", width=4, channels=2, depth=2, levels=2),
    objective=ObjectiveConfig(name="classifier"),
    training=TrainingConfig(epochs=4, batch=50, lr=1e-2),
)
PLAN = AttackPlan(specs=("noise:6", "midpoint"), attacked=40, clean=80, null_codes=50)
TURNING = TurningPlan(linf=(0.3,), l2=(), images=40, steps=3)
NEEDS_FOOLBOX = pytest.mark.skipif(importlib.util.find_spec("foolbox") is None, reason="needs the extra attacks")


def _performed(root, plan, config=CONFIG):
    return run_all([config], root, 1, lambda progress: None, lambda outcome: None, TrainAndAttack(plan))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    (outcome,) = _performed(root, PLAN)
    assert outcome.error is None, outcome.details
    return Run(root / CONFIG.run_name, CONFIG)


def _table(run, name):
    return collect([CONFIG], run.path.parent, PLAN, name, lambda config: {"seed": config.seed})


def test_examples_are_the_first_images_of_the_test_set(run):
    examples, test = _table(run, "examples.csv.gz"), data.load(CONFIG.data).test
    clean = examples[examples["spec"] == "clean"]
    assert clean["class"].tolist() == test.labels[:80].tolist()
    with torch.no_grad():
        images = data.to_float(test.images[:80])
        logits = load_checkpoint(run.checkpoint_file).model(images)
    assert clean["prediction"].tolist() == logits.argmax(1).tolist()
    assert clean["radius"].to_numpy() == pytest.approx(
        load_checkpoint(run.checkpoint_file).model.encode(images).norm(dim=1).detach().numpy(), rel=1e-5
    )
    assert set(examples["spec"]) == {"clean", "noise:6", "midpoint"}
    assert (examples.groupby("spec").size()[["noise:6", "midpoint"]] == 40).all()
    assert (examples["seed"] == 0).all()


def test_what_is_there_is_not_made_again_and_another_plan_has_another_folder(run):
    before = (PLAN.folder(run) / "changes.csv").stat().st_mtime_ns
    _performed(run.path.parent, PLAN)
    assert (PLAN.folder(run) / "changes.csv").stat().st_mtime_ns == before
    assert replace(PLAN, attacked=20).folder(run) != PLAN.folder(run)


def test_changes_have_a_row_an_attack_and_two_of_clean_images(run):
    changes = _table(run, "changes.csv")
    assert changes["spec"].tolist()[:2] == ["noise:6", "midpoint"]
    assert set(changes["attack"][2:]) <= {"misclassified without attack", "lowest tenth by lead"}


@NEEDS_FOOLBOX
def test_findings_of_a_minimal_attack_with_both_nulls(tmp_path):
    plan = replace(PLAN, specs=("ddn", "noise"), effort=Effort(ddn_steps=10))
    (outcome,) = _performed(tmp_path, plan)
    assert outcome.error is None, outcome.details
    findings = collect([CONFIG], tmp_path, plan, "findings.csv", lambda config: {"width": config.model.width})
    assert findings["hypothesis"].tolist() == ["H1", "H2", "H3", "H3"]
    assert findings["attack"].tolist() == ["DDN", "DDN", "DDN against null A", "DDN against null B"]
    assert set(findings["spec"]) == {"ddn"}
    assert set(findings["width"]) == {4}
    examples = collect([CONFIG], tmp_path, plan, "examples.csv.gz", lambda config: {})
    examples = examples[examples["family"] != "null"]
    noise, ddn = (examples[examples["spec"] == spec].set_index("id")["d_l2"] for spec in ("noise", "ddn"))
    moved = examples[(examples["spec"] == "noise") & examples["attempted"].astype(bool)]["id"]
    assert (noise[moved] <= ddn[moved] * 1.001).all()  # as long as the minimal change, less what the cut took


def test_more_attacked_than_clean_is_refused():
    with pytest.raises(ConfigError, match="attacked must be at most clean"):
        AttackPlan(specs=("midpoint",), attacked=30, clean=20)


def test_layers_that_are_turned_by_what_normalises_them():
    for norm, number in (("batchnorm", 3), ("layernorm", 3), ("none", 3)):  # two convolutions and the code
        config = replace(CONFIG, model=replace(CONFIG.model, norm=norm, bottleneck=norm))
        found = turnable(build(config.model, (1, 32, 32), 0))
        assert len(found) == number
        assert "bottleneck" in found


@NEEDS_FOOLBOX
def test_noise_is_as_long_as_what_the_radial_attack_does_and_cosines_fall(run):
    found = turned_of(run, TURNING)
    assert tuple(found.columns) == COLUMNS
    assert found["attack"].tolist() == ["pgd-linf", "radial-linf", "noise", "radial-linf", "noise"]
    for arm in ("all", "code"):
        turned, noise = (
            found[(found["layers"] == arm) & (found["attack"] == name)].iloc[0] for name in ("radial-linf", "noise")
        )
        assert noise["d_l2"] <= turned["d_l2"] * 1.001
        assert turned["mean_cosine"] < noise["mean_cosine"]
    assert ((found["low"] <= found["success_rate"]) & (found["success_rate"] <= found["high"])).all()


def _made(study, rates):
    """Success rates of every net and seed as the table of the study has them."""
    rows = [
        {"data": name, "net": net, "attack": attack, "budget_norm": "linf", "budget": budget, "layers": layers}
        | {"seed": seed, "success_rate": rates[net, attack] + 0.01 * seed * (attack != "noise")}
        for name, budget in study.DATA.items()
        for net in study.NETS
        for attack, layers in (("pgd-linf", np.nan), ("radial-linf", "all"), ("radial-linf", "code"), ("noise", "all"))
        for seed in study.SEEDS
    ]
    table = pd.DataFrame(rows)
    table.loc[table["layers"] == "code", "success_rate"] = 0.0
    return table


def test_answer_of_h7_on_made_rates():
    study = load("radial_attack")
    rates = {(net, "noise"): 0.02 for net in study.NETS} | {(net, "pgd-linf"): 0.9 for net in study.NETS}
    rates |= {("batch norm", "radial-linf"): 0.8, ("LayerNorm", "radial-linf"): 0.7, ("none", "radial-linf"): 0.3}
    said = study.answer(_made(study, rates))
    assert said[0] == "H7: supported (9 supported)"
    rates["none", "radial-linf"] = 0.8
    said = study.answer(_made(study, rates))
    assert said[0].startswith("H7: undecided (6 supported, 3 contradicted)")
