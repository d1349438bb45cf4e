"""Adversarial sets as files: whole, reproducible, and refused in a line where they are not."""

import io
import json
import re
import time
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from adversarial.made_networks import conv, pictures, said
from scipy import stats

from gausslab import __version__
from gausslab.adversarial.generating import AttackSettings, run_attack
from gausslab.adversarial.sets import ARRAYS, AdversarialSet, is_set, load_set, read_about, save_set
from gausslab.adversarial.specs import AttackSpec
from gausslab.errors import CheckpointError, ConfigError
from gausslab.inspection import Request, probe_file

NET = conv()
IMAGES = pictures(10)
LABELS = said(NET, IMAGES)
LABELS[0] = (LABELS[0] + 1) % 3  # naturally misclassified
DETAILS = {"effort": {"ddn_steps": 3}, "layers": ("a", "b")}


def made(labels=LABELS, text="noise:1.5", **options):
    batch = run_attack(NET, IMAGES, labels, AttackSpec.parse(text), settings=AttackSettings(batch=4))
    known = {"spec": text, "seed": 0, "network": "ab12", "data": "digits", "batch": batch, "details": DETAILS}
    return AdversarialSet(**known | {"ids": np.arange(100, 110)} | options)


def saved(path, made):
    save_set(path, made)
    return path


@pytest.mark.parametrize("labels", [LABELS, None], ids=["with labels", "without"])
def test_a_set_comes_back_as_it_was(tmp_path, labels):
    one = made(labels)
    back = load_set(saved(tmp_path / "one.npz", one))
    for field in fields(one.batch):
        before, after = (getattr(each.batch, field.name) for each in (one, back))
        assert (before is None and after is None) or torch.equal(before, after), field.name
        assert before is None or before.dtype == after.dtype
    assert back.ids.tolist() == list(range(100, 110))
    assert back.about == one.about
    assert back.about["layers"] == ["a", "b"]
    assert back.attack == AttackSpec(name="noise", value=1.5)
    assert back.made_by == __version__


def test_equal_sets_are_equal_bytes_at_any_time(tmp_path, monkeypatch):
    first = saved(tmp_path / "first.npz", made()).read_bytes()
    later = time.time() + 1e8
    monkeypatch.setattr(time, "time", lambda: later)
    assert saved(tmp_path / "second.npz", made()).read_bytes() == first
    assert saved(tmp_path / "third.npz", load_set(tmp_path / "first.npz")).read_bytes() == first
    assert saved(tmp_path / "other.npz", made(seed=1)).read_bytes() != first


def test_numpy_alone_reads_it(tmp_path):
    one = made()
    with np.load(saved(tmp_path / "one.npz", one)) as arrays:
        assert sorted(arrays.files) == sorted([*ARRAYS, "about"])
        assert arrays["adversarial"].dtype == np.float32
        np.testing.assert_array_equal(arrays["adversarial"], one.batch.adversarial.numpy())
        about = json.loads(str(arrays["about"]))
    assert about["spec"] == "noise:1.5"
    assert about["gausslab"] == __version__
    assert about["effort"] == {"ddn_steps": 3}


def test_images_of_double_precision_are_kept_as_float32(tmp_path):
    batch = made().batch
    double = replace(batch, clean=batch.clean.double(), adversarial=batch.adversarial.double())
    assert torch.equal(load_set(saved(tmp_path / "one.npz", made(batch=double))).batch.clean, batch.clean)


def test_what_it_is_about_is_read_without_its_rows(tmp_path):
    path = saved(tmp_path / "one.npz", made())
    assert read_about(path) == made().about | {"gausslab": __version__}


def test_one_is_told_from_other_files(tmp_path):
    np.savez(tmp_path / "other.npz", clean=np.zeros(3))
    (tmp_path / "text.npz").write_text("no archive")
    assert is_set(saved(tmp_path / "one.npz", made()))
    assert not any(is_set(tmp_path / name) for name in ("other.npz", "text.npz", "absent.npz", ""))


def test_the_summary_has_rate_interval_and_medians():
    one = made(text="midpoint")
    attempted, success = int(one.batch.attempted.sum()), int(one.batch.success.sum())
    assert 0 < success < attempted == 9
    exact = stats.binomtest(success, attempted).proportion_ci(method="exact")
    np.testing.assert_allclose(one.success_interval, exact, rtol=1e-9)
    size = np.median(one.batch.d_l2[one.batch.success].double())
    rate = f"{success / 9:.1%} succeeded [{exact.low:.1%}, {exact.high:.1%}]"
    assert one.summary.startswith(f"midpoint on digits: 9 of 10 images attempted, {rate}, median distance {size:.3g}")
    assert one.summary.endswith("0 empty")


def test_the_summary_of_an_attack_that_never_succeeds_says_so():
    none = torch.zeros(10, dtype=torch.bool)
    assert "nan% succeeded [nan%, nan%], median distance nan" in (
        made(batch=replace(made().batch, attempted=none, success=none)).summary
    )


def _without(name):
    return lambda arrays: arrays.pop(name)


def _about(**values):
    def change(arrays):
        about = json.loads(str(arrays["about"])) | values
        arrays["about"] = np.array(json.dumps({name: value for name, value in about.items() if value is not None}))

    return change


DAMAGE = {
    "an array is missing": (_without("logits"), "is not an adversarial set"),
    "rows are missing": (lambda arrays: arrays.update(d_l2=arrays["d_l2"][:3]), r"array 'd_l2' is float32 \(3,\)"),
    "flags are numbers": (lambda arrays: arrays.update(success=np.ones(10)), "array 'success' is float64"),
    "images differ": (lambda arrays: arrays.update(adversarial=np.ones((10, 2))), "'clean' and 'adversarial' differ"),
    "python objects": (lambda arrays: arrays.update(ids=np.array([{}] * 10)), "truncated, damaged or no adversarial"),
    "no JSON": (lambda arrays: arrays.update(about=np.array("{")), "is not an adversarial set"),
    "another format": (_about(format="other"), "is not an adversarial set"),
    "a later version": (_about(version=9), "is a set of version 9; this gausslab reads version 1"),
    "no seed": (_about(seed=None), "is not an adversarial set"),
    "an unknown attack": (_about(spec="magic"), "is damaged: unknown attack 'magic'"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_set_is_refused_in_a_line(tmp_path, kind):
    change, text = DAMAGE[kind]
    with np.load(saved(tmp_path / "one.npz", made())) as loaded:
        arrays = {name: loaded[name] for name in loaded.files}
    change(arrays)
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(CheckpointError, match=text) as caught:
        load_set(tmp_path / "bad.npz")
    assert "bad.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


def _cut(content):
    return content[: len(content) // 2]


def _flipped(content):
    """A byte in the middle of an array: the archive's checksum tells."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        member = archive.getinfo("adversarial.npy")
    place = member.header_offset + member.compress_size // 2 + 100
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


@pytest.mark.parametrize("damage", [_cut, _flipped, lambda content: b"", lambda content: b"\x80text"])
def test_damaged_bytes_are_refused_in_a_line(tmp_path, damage):
    path = tmp_path / "bad.npz"
    path.write_bytes(damage(saved(tmp_path / "one.npz", made()).read_bytes()))
    with pytest.raises(CheckpointError, match=re.escape(str(path))):
        load_set(path)


def test_files_that_cannot_be_read_are_refused_in_a_line(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros(3))
    for path, text in (("absent.npz", "No such file"), ("", "Is a directory"), ("array.npy", "is not an adversarial")):
        with pytest.raises(CheckpointError, match=text):
            load_set(Path(tmp_path, path))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"spec": "noise:1.50"}, "spec must be written 'noise:1.5', got 'noise:1.50'"),
        ({"spec": "magic"}, "unknown attack 'magic'"),
        ({"ids": np.arange(3)}, "ids must be one for each of 10 images, got 3"),
        ({"details": {"seed": 3}}, "details must not have 'seed', which a set states itself"),
    ],
)
def test_sets_that_make_no_sense_cannot_be_built(options, text):
    with pytest.raises(ConfigError, match=text):
        made(**options)


def test_probe_says_whose_adversarial_set_a_file_is(tmp_path):
    file = saved(tmp_path / "one.npz", made())
    with pytest.raises(ConfigError, match=rf"adversarial set, no activations; .* --adv {re.escape(str(file))}"):
        probe_file(Request(file=file))
