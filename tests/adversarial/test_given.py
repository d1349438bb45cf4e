"""Adversarial images from files, judged with a network."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from adversarial.made_networks import conv, pictures, said

from gausslab.adversarial.generating import AttackSettings, run_attack
from gausslab.adversarial.given import judge_given, read_given
from gausslab.adversarial.sets import AdversarialSet, save_set
from gausslab.adversarial.specs import AttackSpec, GivenImages
from gausslab.errors import CheckpointError

NET = conv()
IMAGES = pictures(12)
LABELS = said(NET, IMAGES)
NOISE = AttackSpec(name="noise", value=1.5)
BATCH = run_attack(NET, IMAGES, LABELS, NOISE, settings=AttackSettings(batch=5))
ARRAYS = {"clean": IMAGES.numpy(), "adversarial": BATCH.adversarial.numpy(), "labels": LABELS.numpy()}


@pytest.fixture
def saved(tmp_path):
    def save(batch):
        made = AdversarialSet(
            spec="noise:1.5", seed=0, network="ab", data="noise", batch=batch, ids=np.arange(len(batch))
        )
        save_set(tmp_path / "set.npz", made)
        return read_given(tmp_path / "set.npz")

    return save


def test_plain_arrays_are_judged_by_a_forward_pass(tmp_path):
    np.savez(tmp_path / "mine.npz", **ARRAYS)
    given = read_given(tmp_path / "mine.npz")
    batch, remark = judge_given(NET, given, given.labels)
    assert (given.attack, remark) == (GivenImages(name="mine"), "")
    assert (given.attack.label, str(given.attack), given.attack.family) == ("mine", "mine", "given")
    assert torch.equal(batch.success, BATCH.success)
    torch.testing.assert_close(batch.d_l2, BATCH.d_l2)


def test_bytes_are_images_and_labels_may_be_absent(tmp_path):
    bytes_ = {name: (ARRAYS[name] * 255).round().astype(np.uint8) for name in ("clean", "adversarial")}
    for labels in ({}, {"labels": np.full(12, -1)}):
        np.savez(tmp_path / "mine.npz", **bytes_, **labels)
        given = read_given(tmp_path / "mine.npz")
        assert given.labels is None
        torch.testing.assert_close(given.clean, torch.from_numpy(bytes_["clean"] / 255).float())
    assert judge_given(NET, given, None)[0].attempted.all()


def test_a_set_keeps_what_its_attack_knew(saved):
    """Successes that the attack does not count, for a broken promise say, are none here either."""
    strict = replace(BATCH, success=torch.zeros_like(BATCH.success), violated=torch.ones_like(BATCH.violated))
    given = saved(strict)
    batch, remark = judge_given(NET, given, given.labels)
    assert given.attack == NOISE and remark == ""
    assert not batch.success.any() and batch.violated.all()


def test_a_set_of_another_network_is_judged_afresh(saved):
    given = saved(replace(BATCH, success=torch.zeros_like(BATCH.success)))
    other = conv(seed=7)
    batch, remark = judge_given(other, given, said(other, IMAGES))
    assert "made with another network" in remark
    assert torch.equal(batch.success, said(other, BATCH.adversarial) != said(other, IMAGES))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"clean": None}, "'clean' must be images, samples first, got none"),
        ({"adversarial": ARRAYS["adversarial"][:5]}, r"one shape, got \(12, 1, 8, 8\) clean and \(5, 1, 8, 8\)"),
        ({"adversarial": 2 * ARRAYS["adversarial"]}, r"'adversarial' must lie in \[0, 1\], got"),
        ({"adversarial": np.full_like(ARRAYS["clean"], np.nan)}, r"'adversarial' must lie in \[0, 1\]"),
        ({"clean": ARRAYS["clean"].astype(int)}, "'clean' must be images, samples first, got int64"),
        ({"labels": np.zeros(3, int)}, r"'labels' must be 12 whole numbers, got int64 \(3,\)"),
        ({"labels": np.array([{}] * 12)}, "holds no adversarial images"),
    ],
)
def test_what_is_no_pair_of_images_is_told_in_a_line(tmp_path, changes, text):
    arrays = {name: array for name, array in (ARRAYS | changes).items() if array is not None}
    np.savez(tmp_path / "mine.npz", **arrays)
    with pytest.raises(CheckpointError, match=text):
        read_given(tmp_path / "mine.npz")


def test_other_files_are_told_in_a_line(tmp_path):
    np.save(tmp_path / "one.npy", ARRAYS["clean"])
    (tmp_path / "text.npz").write_text("no")
    for name, text in (("one.npy", "holds no adversarial images; expected"), ("text.npz", "holds no"), ("x", "cannot")):
        with pytest.raises(CheckpointError, match=text):
            read_given(tmp_path / name)
