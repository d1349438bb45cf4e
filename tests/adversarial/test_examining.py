"""Several attacks on a classifier, and what is said where its classes are not those of the images."""

import sys

import pytest
import torch
from adversarial.made_networks import conv, pictures, said
from torch import nn

from gausslab.adversarial.examining import Reading, examine, examine_given, judge, run_attacks, usable_labels
from gausslab.adversarial.generating import AttackSettings
from gausslab.adversarial.specs import AttackSpec, Effort, GivenImages, parse_attacks
from gausslab.errors import ConfigError, EstimatorError

NET = conv()
IMAGES = pictures(60)
LABELS = said(NET, IMAGES)
LABELS[:3] = (LABELS[:3] + 1) % 3
SETTINGS = AttackSettings(
    batch=30, layers=["norm", "bottleneck"], effort=Effort(ddn_steps=10, deepfool_steps=5, pgd_steps=3)
)


def examined(texts):
    return examine(NET, IMAGES, LABELS, parse_attacks(texts), attacked_images=40, settings=SETTINGS)


def test_the_first_images_are_attacked_and_all_are_controls():
    found = examined(["midpoint", "radial-l2:1", "adaptive:1"])
    counts = found.examples[found.examples["layer"] == "bottleneck"].groupby("attack", sort=False).size()
    assert counts[["clean", "midpoint", "radial L2 1", "norm-keeping PGD L2 1"]].tolist() == [60, 40, 40, 40]
    assert {"null A", "null B"} <= set(counts.index)
    assert "accuracy 95.0% of 60 clean images" in found.remarks


def test_without_a_head_there_are_no_nulls():
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)).eval()
    found = examine(net, IMAGES, None, [AttackSpec(name="midpoint")], attacked_images=40)
    assert set(found.examples["family"]) == {"clean", "control"} and found.remarks == ()


def test_noise_comes_after_the_minimal_attack_whose_norms_it_takes():
    pytest.importorskip("foolbox", reason="foolbox is not installed: pip install 'gausslab[attacks]'")
    done = dict(run_attacks(NET, IMAGES[:20], LABELS[:20], parse_attacks(["noise", "ddn"]), SETTINGS))
    noise, ddn = (done[AttackSpec(name=name)] for name in ("noise", "ddn"))
    assert list(done) == [AttackSpec(name="ddn"), AttackSpec(name="noise")]
    moved = ddn.success & noise.attempted
    assert moved.sum() > 5
    torch.testing.assert_close(noise.d_l2[moved], ddn.d_l2[moved], rtol=1e-2, atol=0)  # pixels end at 0 and 1


def test_without_labels_attacks_take_the_clean_prediction():
    """And are judged by its change, of all images."""
    pytest.importorskip("foolbox", reason="foolbox is not installed: pip install 'gausslab[attacks]'")
    [(_, batch)] = run_attacks(NET, IMAGES[:20], None, parse_attacks(["pgd-l2:2"]), SETTINGS)
    assert batch.labels is None and batch.attempted.all()
    assert torch.equal(batch.success, said(NET, batch.adversarial) != said(NET, IMAGES[:20]))


def test_noise_without_a_minimal_attack_is_refused_before_anything_runs():
    with pytest.raises(ConfigError, match="attack 'noise' needs the norms of a minimal attack: add ddn, deepfool or"):
        examined(["midpoint", "noise"])


def test_a_missing_library_is_told_before_anything_runs(monkeypatch):
    monkeypatch.setitem(sys.modules, "foolbox", None)
    told = []
    with pytest.raises(ConfigError, match="attack 'ddn' needs foolbox"):
        examine(NET, IMAGES, LABELS, parse_attacks(["midpoint", "ddn"]), attacked_images=9, report=told.append)
    assert not told


def test_images_made_elsewhere():
    batch = judge(NET, IMAGES, 1 - IMAGES, LABELS, batch=25)
    assert torch.equal(batch.logits.argmax(1), said(NET, 1 - IMAGES))
    found = examine_given(NET, batch, GivenImages(name="negatives"), reading=Reading(layers="bottleneck"))
    rows = found.examples[found.examples["attack"] == "negatives"]
    assert rows["success"].tolist() == batch.success.tolist()


def test_labels_must_be_of_the_networks_classes():
    assert usable_labels(NET, IMAGES, LABELS)[0] is LABELS
    for labels, text in ((None, "the images have no classes"), (LABELS * 2, "tells 3 classes apart and the images")):
        usable, remark = usable_labels(NET, IMAGES, labels)
        assert usable is None and remark.startswith(text if labels is None else "the network")
        assert text in remark and "the prediction of the clean image" in remark


def test_an_autoencoder_is_no_classifier():
    with pytest.raises(EstimatorError, match=r"model must give logits, 1 x at least 2 classes, got \(1, 1, 8, 8\)"):
        usable_labels(nn.Identity(), IMAGES, None)
