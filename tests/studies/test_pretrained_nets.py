"""The study on a network as small as can be, up to its files."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch
from loading import load
from torch import nn

from gausslab.data import Split
from gausslab.studies import pretrained_nets
from gausslab.studies.batch_norm_layers import COLUMNS, NetPlan
from gausslab.studies.pretrained_nets import Scale, shown, study_table

SMALL = Scale(nets=("tiny",), images=260, crops=13, units=2, seeds=(0,))


def tiny():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3))


@pytest.fixture
def images(monkeypatch):
    """300 made test images, and as many crops as are asked for; the network is built anew for each table."""
    test = torch.randint(0, 256, (300, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    plan = NetPlan(
        name="tiny", build=tiny, side=40, positions={"1": "expand", "4": "project"}, ceilings={"expand": 6.0}
    )
    made = Split(images=test, labels=None)
    monkeypatch.setattr(pretrained_nets.data, "load", lambda config: type("Made", (), {"test": made}))
    monkeypatch.setattr(
        pretrained_nets,
        "crops",
        lambda side, each, seed: (
            test[: 20 * each].repeat_interleave(2, 2)[:, :, :side, :].repeat(1, 1, 1, 2)[..., :side]
        ),
    )
    monkeypatch.setattr(pretrained_nets, "NETS", {"tiny": plan})
    return test


def test_images_are_drawn_by_the_seed_and_enlarged(images):
    one, again, other = (torch.cat(list(shown(40, "cifar10", SMALL, seed))) for seed in (0, 0, 1))
    assert one.shape == (260, 3, 40, 40) and one.min() >= 0 and one.max() <= 1
    assert torch.equal(one, again) and not torch.equal(one, other)
    native = torch.cat(list(shown(32, "cifar10", SMALL, 0)))
    pictures = {image.numpy().tobytes() for image in images}
    assert {(255 * image).round().to(torch.uint8).numpy().tobytes() for image in native} <= pictures


def test_parts_are_made_once_and_published(images, tmp_path, monkeypatch):
    told = []
    table, parts = study_table(SMALL, tmp_path / "runs", told.append)
    assert told == [f"measuring tiny-{part}" for part in ("cifar10-260-2-0", "imagenet-crops-260-2-0")]
    assert list(table.columns) == list(COLUMNS)
    assert all(set(part) == {"commit", "date", "seconds"} for part in parts.values())
    study = load("pretrained_nets")
    study.publish(SMALL, tmp_path / "runs", tmp_path)
    assert len(told) == 2  # the parts were there
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "results.csv"), table)
    assert (tmp_path / "answer.txt").read_text().startswith("tiny: 2 batch-norm layers, 1 seeds\n")
    assert list(json.loads((tmp_path / "provenance.json").read_text())) == ["study", "published", "parts"]


def test_the_study_has_three_seeds_and_no_crops_for_small_images():
    study = load("pretrained_nets")
    assert len(study.FULL.seeds) == 3 and set(study.FULL.nets) == set(pretrained_nets.NETS)
    parts = list(pretrained_nets._parts(study.FULL))
    assert len(parts) == 15 and ("cifar_vgg", "imagenet-crops", 0) not in parts
    assert len(list(pretrained_nets._parts(replace(study.FULL, crops=0)))) == 12
