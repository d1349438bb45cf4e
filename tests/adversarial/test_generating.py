"""Any attack on a data set: batches, order, records."""

import math

import numpy as np
import pytest
import torch
from adversarial.made_networks import conv, pictures, said

from gausslab.adversarial.generating import COLUMNS, AttackSettings, records, run_attack, unattacked
from gausslab.adversarial.outcomes import margins
from gausslab.adversarial.specs import AttackSpec, Effort
from gausslab.errors import ConfigError

SETTINGS = AttackSettings(batch=4, effort=Effort(pgd_steps=5, ddn_steps=20), layers="bottleneck")
NET = conv()
IMAGES = pictures(10)
LABELS = said(NET, IMAGES)
LABELS[0] = (LABELS[0] + 1) % 3  # naturally misclassified


def run(text, labels=LABELS, **options):
    return run_attack(NET, IMAGES, labels, AttackSpec.parse(text), **{"settings": SETTINGS} | options)


@pytest.mark.parametrize("text", ["radial-linf:0.1", "adaptive:1", "noise:1.5", "midpoint"])
def test_every_own_attack_goes_through_all_images_in_order(text):
    batch = run(text)
    assert torch.equal(batch.clean, IMAGES)
    assert torch.equal(batch.labels, LABELS)
    assert batch.attempted.tolist() == [False] + [True] * 9
    assert torch.equal(batch.prediction, said(NET, batch.adversarial))


@pytest.mark.parametrize("text", ["ddn", "pgd-linf:0.1"])
def test_foolbox_likewise(text, monkeypatch):
    monkeypatch.setenv("GIT_PYTHON_REFRESH", "quiet")
    pytest.importorskip("foolbox", reason="foolbox is not installed: pip install 'gausslab[attacks]'")
    batch = run(text)
    assert torch.equal(batch.clean, IMAGES)
    assert not batch.success[0]
    assert batch.success_rate > 0


def test_batches_have_random_numbers_of_their_own_and_runs_repeat():
    twice = torch.cat([IMAGES[:4]] * 2)
    noise = AttackSpec(name="noise", value=0.5)
    batch, again = (run_attack(NET, twice, None, noise, settings=SETTINGS) for _ in range(2))
    assert torch.equal(batch.adversarial, again.adversarial)
    assert not torch.equal(batch.adversarial[:4], batch.adversarial[4:])
    torch.testing.assert_close(batch.d_l2, torch.full((8,), 0.5))


def test_noise_takes_minimal_norms_and_leaves_failures_alone():
    sizes = torch.full((10,), 0.3)
    sizes[3] = math.nan
    batch = run("noise", norms=sizes)
    torch.testing.assert_close(batch.d_l2, sizes.nan_to_num(0))
    assert batch.attempted.tolist() == [False, True, True, False] + [True] * 6
    assert not batch.success[3]


def test_midpoints_are_between_images_of_the_whole_set():
    other = 2 * run("midpoint").adversarial - IMAGES
    nearest = torch.cdist(other.flatten(1), IMAGES.flatten(1)).min(1)
    torch.testing.assert_close(nearest.values, torch.zeros(10), atol=1e-4, rtol=0)  # cdist's rounding
    assert sorted(nearest.indices.tolist()) == list(range(10))


def test_bytes_are_images_too():
    as_bytes = (IMAGES * 255).round().to(torch.uint8)
    batch = run_attack(NET, as_bytes, LABELS, AttackSpec(name="midpoint"), settings=SETTINGS)
    torch.testing.assert_close(batch.clean, as_bytes / 255)


def test_records_have_a_row_an_example():
    batch, ids = run("noise:1.5"), list(range(100, 110))
    table = records(batch, AttackSpec.parse("noise:1.5"), ids)
    assert tuple(table.columns) == COLUMNS
    assert table["id"].tolist() == ids
    assert table["class"].tolist() == LABELS.tolist()
    assert set(table["attack"] + "|" + table["spec"] + "|" + table["family"]) == {"noise 1.5|noise:1.5|control"}
    with torch.no_grad():
        logits = NET.eval()(batch.adversarial)
    np.testing.assert_allclose(table["margin"], margins(logits, LABELS).numpy(), rtol=1e-5, atol=1e-6)
    first, second = logits.sort(1, descending=True).values[:, :2].unbind(1)
    np.testing.assert_allclose(table["lead"], first - second, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(table["max_softmax"], logits.softmax(1).amax(1).numpy(), rtol=1e-5)
    assert table["success"].dtype == bool
    assert table["d_l2"].dtype == float


def test_clean_rows_for_comparison():
    table = records(unattacked(NET, IMAGES, LABELS, SETTINGS), None)
    assert set(table["attack"]) == set(table["spec"]) == set(table["family"]) == {"clean"}
    assert (table["d_l2"] == 0).all()
    assert not table["success"].any()
    assert (table["margin"] > 0).tolist() == table["attempted"].tolist() == [False] + [True] * 9


def test_without_labels_the_class_is_absent():
    table = records(run("radial-linf:0.1", labels=None), AttackSpec.parse("radial-linf:0.1"))
    assert (table["class"] == -1).all()
    assert table["attempted"].all()
    assert ((table["margin"] < 0) == table["success"]).all()


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("pgd-l2:1", {"labels": None}, "attack 'pgd-l2:1' needs labels"),
        ("noise", {}, "attack 'noise' needs the norms of a minimal attack, or a size as in noise:1.5"),
        ("noise:1", {"norms": torch.ones(10)}, "attack 'noise:1' takes no norms"),
        ("noise:1", {"labels": LABELS[:3]}, r"labels must be one for each of 10 images, got \(3,\)"),
    ],
)
def test_refusals(unchecked, text, options, message):
    with pytest.raises(ConfigError, match=message):
        run(text, **options)


def test_bad_settings_are_refused():
    with pytest.raises(ConfigError, match="batch must be at least 1, got 0"):
        AttackSettings(batch=0)
    with pytest.raises(ConfigError, match="ids must be one for each of 10 examples, got 2"):
        records(run("midpoint"), AttackSpec(name="midpoint"), [1, 2])
