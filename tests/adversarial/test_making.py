"""A folder of sets: what was killed goes on to the same bytes, and configurations never mix."""

import shutil
import sys

import numpy as np
import pytest
import torch
from adversarial.made_networks import conv, pictures, said

from gausslab.adversarial import making
from gausslab.adversarial.generating import AttackSettings, run_attack
from gausslab.adversarial.making import SetFolder, Subject
from gausslab.adversarial.sets import load_set
from gausslab.adversarial.specs import AttackSpec, Effort, parse_attacks
from gausslab.errors import CaptureError, CheckpointError, ConfigError, RunError

SETTINGS = AttackSettings(batch=4, effort=Effort(pgd_steps=5, ddn_steps=10), layers="bottleneck")
NET = conv()
IMAGES = pictures(10)
LABELS = said(NET, IMAGES)


@pytest.fixture
def foolbox(monkeypatch):
    monkeypatch.setenv("GIT_PYTHON_REFRESH", "quiet")
    return pytest.importorskip("foolbox", reason="foolbox is not installed: pip install 'gausslab[attacks]'")


def folder(path, settings=SETTINGS, **changes):
    known = {
        "model": NET,
        "images": IMAGES,
        "labels": LABELS,
        "network": "ab12",
        "data": "noise",
        "details": {"n": (1,)},
    }
    return SetFolder(path=path, subject=Subject(**known | changes), settings=settings)


def make(folder, *texts, report=making._silent):
    return list(folder.make(parse_attacks(texts), report))


def files(path):
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.name != ".lock")


class KilledError(Exception):
    pass


def kill_after(number):
    """A report that ends the process, as it were, after some batches."""
    calls = []

    def report(*told):
        calls.append(told)
        if len(calls) == number:
            raise KilledError

    return report


@pytest.mark.parametrize("text", ["radial-linf:0.1", "adaptive:1", "noise:1.5", "midpoint"])
def test_a_set_is_what_the_attack_gives(tmp_path, text):
    [made] = make(folder(tmp_path), text)
    direct = run_attack(NET, IMAGES, LABELS, AttackSpec.parse(text), settings=SETTINGS)
    assert torch.equal(made.set.batch.adversarial, direct.adversarial)
    assert torch.equal(made.set.batch.success, direct.success)
    assert made.set.ids.tolist() == list(range(10))
    assert made.file.name == text.replace(":", "-") + ".npz"
    assert files(tmp_path) == [made.file.name]
    assert made.seconds > 0


@pytest.mark.parametrize("text", ["radial-linf:0.1", "adaptive:1", "noise:1.5", "midpoint"])
def test_a_killed_attack_goes_on_to_the_same_bytes(tmp_path, text):
    [whole] = make(folder(tmp_path / "whole"), text)
    broken, name = tmp_path / "broken", whole.file.stem
    with pytest.raises(KilledError):
        make(folder(broken), text, report=kill_after(1))
    assert files(broken) == [f"{name}.parts", f"{name}.parts/000.npz"]
    told = []
    [made] = make(folder(broken), text, report=lambda *told_: told.append(told_[1:]))
    assert made.file.read_bytes() == whole.file.read_bytes()
    assert files(broken) == [made.file.name]
    assert told == [(4, 10), (8, 10), (10, 10)]


def test_batches_that_are_there_are_not_run_again(tmp_path, monkeypatch):
    with pytest.raises(KilledError):
        make(folder(tmp_path), "noise:1.5", report=kill_after(2))
    ran, control = [], making.attack_pieces

    def counted(*arguments, **options):
        for number, run in enumerate(control(*arguments, **options)):
            yield lambda number=number, run=run: (ran.append(number), run())[1]

    monkeypatch.setattr(making, "attack_pieces", counted)
    make(folder(tmp_path), "noise:1.5")
    assert ran == [2]


def test_foolbox_goes_on_likewise_and_noise_takes_its_norms(tmp_path, foolbox):
    whole = make(folder(tmp_path / "whole"), "noise", "ddn")
    assert [made.set.spec for made in whole] == ["ddn", "noise"]
    ddn, noise = (made.set.batch for made in whole)
    assert ddn.success.sum() > 5
    torch.testing.assert_close(noise.d_l2, ddn.d_l2.where(ddn.success, 0))
    assert whole[1].set.about["norms_of"] == "ddn"
    for batches in (1, 4):  # in the first attack, and in the second
        path = tmp_path / str(batches)
        with pytest.raises(KilledError):
            make(folder(path), "ddn", "noise", report=kill_after(batches))
        make(folder(path), "ddn", "noise")
        assert all((path / made.file.name).read_bytes() == made.file.read_bytes() for made in whole)


def test_noise_takes_the_norms_of_a_set_that_is_there(tmp_path, foolbox):
    make(folder(tmp_path), "deepfool", "ddn")
    [first] = make(folder(tmp_path), "noise")
    assert first.set.about["norms_of"] == "ddn"
    shutil.rmtree(tmp_path)
    make(folder(tmp_path), "deepfool", "noise")
    make(folder(tmp_path), "ddn")
    [again] = make(folder(tmp_path), "noise")  # those it has taken before
    assert again.set.about["norms_of"] == "deepfool"
    assert again.seconds is None
    with pytest.raises(RunError, match=r"noise.npz was made with another configuration \(norms_of deepfool, not ddn\)"):
        make(folder(tmp_path), "ddn", "noise")


def test_noise_alone_has_no_norms(tmp_path):
    with pytest.raises(ConfigError, match="attack 'noise' needs the norms of a minimal attack: add ddn, deepfool or"):
        make(folder(tmp_path / "none"), "noise", "midpoint")
    assert not (tmp_path / "none").exists()


def test_what_is_done_is_read_and_not_written_again(tmp_path):
    [first] = make(folder(tmp_path), "midpoint")
    before = first.file.stat().st_mtime_ns
    (tmp_path / "midpoint.parts").mkdir()  # killed between the last two steps
    again, other = make(folder(tmp_path), "midpoint", "noise:1.5", report=lambda spec, *_: print(spec))
    assert (again.seconds, first.file.stat().st_mtime_ns) == (None, before)
    assert again.set.about == first.set.about
    assert other.seconds is not None
    assert files(tmp_path) == ["midpoint.npz", "noise-1.5.npz"]


OTHERS = {
    "seed": ({"settings": AttackSettings(seed=1, batch=4, effort=SETTINGS.effort)}, "seed 0, not 1"),
    "batch": ({"settings": AttackSettings(batch=5, effort=SETTINGS.effort)}, "batch 4, not 5"),
    "effort": ({"settings": AttackSettings(batch=4)}, "ddn_steps 10, not 100"),
    "network": ({"network": "cd34"}, "network ab12, not cd34"),
    "details": ({"details": {"n": (1, 2)}}, r"n 1, not 1 2"),
    "fewer details": ({"details": {}}, r"n 1, not unknown"),
}


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("unfinished", [False, True])
def test_another_configuration_is_refused_before_anything_runs(tmp_path, kind, unfinished):
    """Also when the attack that is there is not among those asked for, and when only a part of it is there."""
    changes, text = OTHERS[kind]
    if unfinished:
        with pytest.raises(KilledError):
            make(folder(tmp_path), "midpoint", report=kill_after(1))
    else:
        make(folder(tmp_path), "midpoint")
    there = files(tmp_path)
    for attack in ("midpoint", "noise:1.5"):
        with pytest.raises(RunError, match=rf"made with another configuration \({text}\); choose another --out"):
            make(folder(tmp_path, **changes), attack)
    assert files(tmp_path) == there


def test_layers_belong_to_the_attacks_that_take_them(tmp_path):
    make(folder(tmp_path), "radial-l2:1", "midpoint")
    other = AttackSettings(batch=4, effort=SETTINGS.effort, layers=("norm", "bottleneck"))
    make(folder(tmp_path, other), "midpoint", "noise:1.5")
    with pytest.raises(RunError, match=r"radial-l2-1.npz .* \(layers bottleneck, not norm bottleneck\)"):
        make(folder(tmp_path, other), "radial-l2:1")


@pytest.mark.parametrize(
    ("changes", "attack", "error", "text"),
    [
        ({"settings": AttackSettings(layers="bottelneck")}, "radial-l2:1", CaptureError, "bottelneck"),
        ({"settings": AttackSettings(layer="nowhere")}, "adaptive:1", CaptureError, "nowhere"),
    ],
)
def test_what_is_missing_is_told_before_any_attack_runs(tmp_path, changes, attack, error, text):
    with pytest.raises(error, match=text):
        make(folder(tmp_path / "none", **changes), "noise:1.5", attack)
    assert not (tmp_path / "none").exists()


def test_a_missing_foolbox_likewise(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "foolbox", None)
    with pytest.raises(ConfigError, match=r"pip install 'gausslab\[attacks\]'"):
        make(folder(tmp_path / "none"), "noise:1.5", "ddn")
    assert not (tmp_path / "none").exists()


def test_damaged_and_foreign_files(tmp_path):
    np.savez(tmp_path / "other.npz", clean=np.zeros(3))  # none of ours
    [made] = make(folder(tmp_path), "midpoint")
    made.file.write_bytes(made.file.read_bytes()[:100])
    with pytest.raises(CheckpointError, match=r"midpoint.npz is truncated, damaged or no adversarial set"):
        make(folder(tmp_path), "midpoint")
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot write"):
        make(folder(tmp_path / "file" / "under"), "midpoint")


def test_without_labels(tmp_path):
    [radial, adaptive] = make(folder(tmp_path, labels=None), "radial-linf:0.1", "adaptive:1")
    assert load_set(radial.file).batch.labels is None
    batch = load_set(adaptive.file).batch
    assert batch.labels is None and batch.attempted.all()
    assert not (batch.success & (batch.logits.argmax(1) == batch.clean_logits.argmax(1))).any()
