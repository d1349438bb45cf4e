"""`gausslab probe` with attacks, as a user calls it."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from made_classifier import CONFIG, write_classifier

from gausslab import data, tables
from gausslab.adversarial.examples import checked, read
from gausslab.cli import run
from gausslab.data import to_float

FACTORY = """
from torch import nn

def build(classes=10):
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 12), nn.BatchNorm1d(12), nn.Linear(12, classes))
"""
QUICK = ["--estimators", "radial_spread", "--effort", "quick", "--out", "p"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return write_classifier(tmp_path_factory.mktemp("classifier") / "checkpoint.pt")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def foreign():
    """A user's network of 7 classes."""
    Path("usernet.py").write_text(FACTORY)
    scope: dict = {}
    exec(FACTORY, scope)
    torch.manual_seed(0)
    torch.save(scope["build"](7).state_dict(), "net.pt")
    return ["net.pt", "--model", "usernet:build", "--model-kwargs", '{"classes": 7}', "--data", "digits"]


def said(capsys):
    printed = capsys.readouterr()
    return " ".join(printed.out.split()), printed.err


def complaint(capsys):
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gausslab: ")]
    assert len(lines) == 1
    return lines[0]


def test_a_classifier_under_attack(checkpoint, capsys):
    layers = ["--layers", "bottleneck", "encoder.4.1"]
    attacks = ["--attack", "midpoint", "noise:12", "--attack-images", "100"]
    assert run(["probe", str(checkpoint), *layers, *attacks, *QUICK]) == 0
    out, err = said(capsys)
    assert "attack noise:12 on 100 images" in err
    assert "encoder.4.1 (16)" in out and "bottleneck (16)" in out
    assert re.search(r"note: accuracy \d\d\.\d% of 300 clean images", out)
    assert "note: the first 100 images attacked, effort quick" in out
    assert "AUROC of -r and, which needs no code, of 1 - max softmax" in out
    assert "defence" not in out
    assert "no verdict: controls test no hypothesis" in out
    examples = checked(read(Path("p/examples.csv")))
    assert "examples: p/examples.csv" in out
    assert examples.groupby(["layer", "spec"]).size()["bottleneck", "clean"] == 300
    table = tables.read(Path("p/probe.csv"))
    rows = table[table["attack"] == "midpoint"]
    assert {"attack", "paired_radius", "detection", "margin_matched"} >= set(rows["estimator"]) > {"paired_radius"}
    assert set(table.loc[table["attack"] == "", "estimator"]) == {"radial_spread"}
    of_table = rows[(rows["layer"] == "bottleneck") & (rows["statistic"] == "mean_difference")]["value"].iloc[0]
    of_examples = examples.query("layer == 'bottleneck' and attack == 'midpoint' and success")
    assert of_table == pytest.approx((of_examples["radius"] - of_examples["clean_radius"]).mean())


def test_attacks_of_the_library_end_in_a_verdict(checkpoint, capsys):
    pytest.importorskip("foolbox", reason="foolbox is not installed: pip install 'gausslab[attacks]'")
    attacks = ["--attack", "noise", "ddn", "--attack-images", "60", "--layers", "bottleneck"]
    assert run(["probe", str(checkpoint), *attacks, *QUICK]) == 0
    out, err = said(capsys)
    assert err.index("attack ddn") < err.index("attack noise")
    assert re.search(r"H2, DDN at bottleneck: \w+ \((not explained by margin|margin explains it|whether margin)", out)
    assert "H3, DDN against null A at bottleneck" in out
    assert "noise of the minimal norm" in out


def test_a_set_of_images_made_elsewhere(checkpoint, capsys):
    images = to_float(data.load(CONFIG.data).test.images[:60])
    labels = data.load(CONFIG.data).test.labels[:60].numpy()
    black = torch.zeros_like(images[:5])
    adversarial = torch.cat([black, 1 - images[5:]])
    np.savez("mine.npz", clean=images.numpy(), adversarial=adversarial.numpy(), labels=labels)
    assert run(["probe", str(checkpoint), "--adv", "mine.npz", "--layers", "bottleneck", *QUICK]) == 0
    out, _ = said(capsys)
    assert "note: 5 blank adversarial images dropped" in out
    rows = read(Path("p/examples.csv")).query("family == 'given'")
    assert len(rows) == 60 and set(rows["attack"]) == {"mine"} and not rows["success"][:5].any()


def test_a_foreign_network_of_other_classes_is_judged_by_its_own_predictions(foreign, capsys):
    assert run(["probe", *foreign, "--attack", "midpoint", "--attack-images", "50", *QUICK]) == 0
    out, _ = said(capsys)
    assert "note: the network tells 7 classes apart and the images have 10: an attack succeeds if it changes" in out
    examples = read(Path("p/examples.csv"))
    assert (examples["class"] == -1).all() and examples["attempted"].all()


def test_too_few_successes_for_a_verdict_are_said(checkpoint, capsys):
    attacks = ["--attack", "radial-l2:0.01", "midpoint", "--attack-images", "20", "--layers", "bottleneck"]
    assert run(["probe", str(checkpoint), *attacks, *QUICK]) == 0
    out, _ = said(capsys)
    assert "no verdict: it takes 10 successes of one attack" in out and "H2" not in out


def test_a_missing_library_names_the_extra(checkpoint, monkeypatch, capsys, elsewhere):
    monkeypatch.setitem(sys.modules, "foolbox", None)
    assert run(["probe", str(checkpoint), "--attack", "ddn", "midpoint", *QUICK]) == 2
    assert "attack 'ddn' needs foolbox, which is not installed: pip install 'gausslab[attacks]'" in complaint(capsys)
    assert not (elsewhere / "p").exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--attack", "ddm"], "unknown attack 'ddm'; did you mean 'ddn'"),
        (["--attack", "noise"], "needs the norms of a minimal attack: add ddn"),
        (["--attack", "midpoint", "--effort", "long"], "unknown effort 'long'"),
        (["--attack", "midpoint", "--adv", "x.npz"], "--attack and --adv are two reports"),
        (["--adv", "absent.npz"], "cannot read absent.npz"),
        (["--adv", "small.npz"], "has images of shape (1, 8, 8), the network is shown (1, 32, 32)"),
    ],
)
def test_bad_options_are_one_line(checkpoint, options, text, capsys, elsewhere):
    small = np.zeros((3, 1, 8, 8), np.float32)
    np.savez("small.npz", clean=small, adversarial=small)
    assert run(["probe", str(checkpoint), *options]) in (1, 2)
    assert text in complaint(capsys)
    assert not (elsewhere / "runs").exists()


def test_an_autoencoder_is_refused(tiny_run, capsys):
    assert run(["probe", str(tiny_run.checkpoint_file), "--attack", "midpoint"]) == 1
    assert "holds an autoencoder, which gives no classes; expected a classifier" in complaint(capsys)
