"""The recorded table of examples: against `capture`, by hand, and what it keeps in memory."""

import weakref
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from adversarial.made_networks import conv, pictures, said
from torch import nn

from gausslab.adversarial import code_numbers, reading
from gausslab.adversarial.examples import ATTACKED, COLUMNS, GEOMETRY, checked, clean_rows
from gausslab.adversarial.generating import AttackSettings, run_attack, unattacked
from gausslab.adversarial.hypotheses import beyond_nulls, lower_than_matched
from gausslab.adversarial.nulls import MinimalStep
from gausslab.adversarial.outcomes import attacked
from gausslab.adversarial.recording import codes_at, head_of, null_examples, record_examples
from gausslab.adversarial.specs import AttackSpec, GivenImages
from gausslab.adversarial.subspace import geometry, reference
from gausslab.errors import CaptureError, ConfigError, EstimatorError
from gausslab.hooks import capture

NET = conv()
IMAGES = pictures(60)
LABELS = said(NET, IMAGES)
LABELS[0] = (LABELS[0] + 1) % 3
SETTINGS = AttackSettings(batch=20)
NOISE, MIDPOINT = AttackSpec(name="noise", value=1.5), AttackSpec(name="midpoint")
CLEAN = unattacked(NET, IMAGES, LABELS, SETTINGS)
BATCHES = {
    None: CLEAN,
    NOISE: run_attack(NET, IMAGES[:45], LABELS[:45], NOISE, settings=SETTINGS),
    MIDPOINT: run_attack(NET, IMAGES, LABELS, MIDPOINT, settings=SETTINGS),
}
FRAME = record_examples(NET, BATCHES, layers="**", batch=16)


def captured(images: torch.Tensor):
    with capture(NET, "**") as activations, torch.no_grad():
        NET(images)
    return activations


def test_every_image_attack_and_layer_has_one_row():
    assert checked(FRAME) is FRAME and tuple(FRAME.columns) == tuple(COLUMNS)
    counts = FRAME.groupby(["spec", "layer"], sort=False).size()
    assert list(counts) == [60, 60, 45, 45, 60, 60]
    assert list(counts.index)[:2] == [("clean", "norm"), ("clean", "bottleneck")]
    assert dict(zip(FRAME["layer"], FRAME["n_units"], strict=True)) == {"norm": 4, "bottleneck": 12}
    assert NET.training


@pytest.mark.parametrize("spec", [None, NOISE])
@pytest.mark.parametrize("layer", ["norm", "bottleneck"])
def test_radii_are_those_of_capture(spec, layer):
    """Float32 in another order of summation; of maps the root of the mean square over positions."""
    rows = FRAME[(FRAME["layer"] == layer) & (FRAME["spec"] == (str(spec) if spec else "clean"))]
    given = BATCHES[spec]
    clean, adversarial = (captured(images)[layer].radii for images in (given.clean, given.adversarial))
    np.testing.assert_allclose(rows["clean_radius"], clean, rtol=1e-5)
    np.testing.assert_allclose(rows["radius"], adversarial, rtol=1e-5)


def test_geometry_is_against_the_clean_codes_and_maps_have_none():
    before, after = (captured(x)["bottleneck"].samples.numpy() for x in (IMAGES, BATCHES[NOISE].adversarial))
    rows = FRAME[(FRAME["layer"] == "bottleneck") & (FRAME["spec"] == str(NOISE))]
    expected = geometry(after, reference(before, LABELS.numpy()))
    for name in GEOMETRY:
        np.testing.assert_allclose(rows[name], expected[name], rtol=2e-4)
    np.testing.assert_allclose(rows["displacement"], np.linalg.norm(after - before[:45], axis=1), rtol=1e-4)
    maps = FRAME[FRAME["layer"] == "norm"]
    assert maps[list(GEOMETRY[1:])].isna().all(axis=None)
    assert (maps["rectified_radius"] > 0).all()


def test_numbers_of_a_map_are_root_mean_squares_over_its_positions():
    net = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(64, 3))
    images = 2 * pictures(9) - 0.9  # some pixels below 0; what the network is shown need be no image
    batch = replace(CLEAN, clean=images, labels=None, **{name: getattr(CLEAN, name)[:9] for name in PER_IMAGE})
    other = replace(batch, adversarial=0.5 * images)
    frame = record_examples(net, {None: batch, NOISE: other}, layers="0", kinds="all")
    pixels = images.flatten(1).double().numpy()
    rows = frame[frame["spec"] == str(NOISE)]
    np.testing.assert_allclose(rows["radius"], 0.5 * np.sqrt(np.square(pixels).mean(1)), rtol=1e-6)
    np.testing.assert_allclose(rows["displacement"], 0.5 * np.sqrt(np.square(pixels).mean(1)), rtol=1e-6)
    np.testing.assert_allclose(rows["rectified_radius"], 0.5 * np.sqrt(np.square(pixels.clip(0)).mean(1)), rtol=1e-6)
    assert (frame["n_units"] == 1).all()


PER_IMAGE = (
    *("adversarial", "clean_logits", "logits", "attempted", "success", "empty", "violated"),
    *("d_l2", "d_linf"),
)


def test_clean_rows_have_not_moved():
    rows = clean_rows(FRAME, "bottleneck")
    assert (rows["displacement"] == 0).all() and (rows["radius"] == rows["clean_radius"]).all()


def test_size_of_batches_changes_rounding_alone():
    """Sums of float32 in another order."""
    other = record_examples(NET, BATCHES, layers="**", batch=250)
    numbers = FRAME.select_dtypes("number").columns
    np.testing.assert_allclose(FRAME[numbers], other[numbers], rtol=1e-3, atol=1e-5)


def test_an_attack_that_runs_meanwhile_is_not_read():
    """A generator that runs the network, with gradients, while its attacks are recorded."""

    def stream():
        yield None, CLEAN
        assert not NET.bottleneck._forward_pre_hooks and NET.training
        NET.eval()(IMAGES.clone().requires_grad_()).sum().backward()
        NET.train()
        yield NOISE, BATCHES[NOISE]

    expected = FRAME[(FRAME["layer"] == "bottleneck") & FRAME["spec"].isin(("clean", "noise:1.5"))]
    found = record_examples(NET, stream(), batch=16)
    pd.testing.assert_frame_equal(found, expected.reset_index(drop=True))


def test_ids_and_attacks_one_by_one():
    stream = iter([(None, CLEAN), (NOISE, BATCHES[NOISE])])
    frame = record_examples(NET, stream, ids=range(100, 160))
    assert frame.loc[frame["spec"] == "noise:1.5", "id"].tolist() == list(range(100, 145))
    assert set(frame["layer"]) == {"bottleneck"}


def test_layers_without_a_reference_have_radii_all_the_same():
    """More units than images, and a unit that never varies."""
    few = unattacked(NET, IMAGES[:10], LABELS[:10])
    dead = conv()
    with torch.no_grad():
        dead.dense.weight[3] = 0
    for net, clean in ((NET, few), (dead, unattacked(dead, IMAGES, LABELS))):
        frame = record_examples(net, {None: clean})
        assert frame[list(GEOMETRY[1:])].isna().all(axis=None)
        assert (frame["radius"] > 0).all()


def test_without_labels_classes_are_the_networks_own():
    frame = record_examples(NET, {None: unattacked(NET, IMAGES, None)})
    codes = captured(IMAGES)["bottleneck"].samples.numpy()
    expected = reference(codes, said(NET, IMAGES).numpy()).class_mahalanobis(codes)
    np.testing.assert_allclose(frame["class_mahalanobis"], expected, rtol=2e-4)
    assert (frame["class"] == -1).all()


def test_acceptance_6_blank_results_are_dropped_and_counted():
    """The row of a blank result stands: no success, no distance, the code of the clean image."""
    black = attacked(NET, IMAGES, LABELS, lambda clean: torch.zeros_like(clean), seed=0, name="black")
    frame = record_examples(NET, {None: CLEAN, GivenImages(name="black"): black})
    rows = frame[frame["family"] == "given"]
    assert black.empty_count == len(rows) == 60
    assert not rows["success"].any() and rows["d_l2"].isna().all()
    np.testing.assert_allclose(rows["radius"], rows["clean_radius"], rtol=1e-6)
    assert lower_than_matched(frame, ("given",))[0].details.endswith("0 of 59 attacks succeeded")


class Twice(nn.Module):
    """A batch norm that runs twice in a pass, and its values overwritten in place behind it."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(64)
        self.head = nn.Linear(64, 3)

    def forward(self, images):
        first = self.norm(images.flatten(1)).relu_()
        return self.head(self.norm(first).relu_())


def test_repeated_layers_are_told_apart_and_in_place_layers_change_nothing():
    net = Twice().eval()
    frame = record_examples(net, {None: unattacked(net, IMAGES, LABELS)}, layers="norm")
    assert list(frame["layer"].unique()) == ["norm#0", "norm#1"]
    first = IMAGES.flatten(1) / np.sqrt(1 + 1e-5)  # fresh statistics: mean 0, variance 1
    expected = {"norm#0": first, "norm#1": first.relu() / np.sqrt(1 + 1e-5)}
    for layer, codes in expected.items():
        np.testing.assert_allclose(clean_rows(frame, layer)["radius"], codes.norm(dim=1), rtol=1e-5)


def test_memory_holds_one_layer_of_one_batch(monkeypatch):
    """Values of activations alive at any moment, counted as the hooks hand them on: one layer's, of one batch."""
    alive: dict[int, int] = {}
    most = [0]
    standardised = reading.normalised_running

    def counted(layer, given):
        found = standardised(layer, given)
        alive[id(found)] = found.numel()
        weakref.finalize(found, alive.pop, id(found))
        most[0] = max(most[0], sum(alive.values()))
        return found

    monkeypatch.setattr(reading, "normalised_running", counted)
    record_examples(NET, BATCHES, layers="**", batch=10)
    assert not alive
    assert most[0] == 10 * 4 * 3 * 3  # of 60 images of three attacks at two layers


def test_codes_are_held_for_narrow_vectors_alone(monkeypatch):
    held = []
    monkeypatch.setattr(code_numbers, "_reference", lambda codes, _labels: held.append(codes.shape))
    record_examples(NET, BATCHES, layers=["norm", "dense", "bottleneck"], kinds="all")
    record_examples(NET, {None: unattacked(NET, IMAGES[:12], LABELS[:12])}, layers="**")
    assert held == [(60, 12), (60, 12)]


@pytest.mark.parametrize(
    ("batches", "options", "error", "text"),
    [
        ({NOISE: CLEAN}, {}, ConfigError, "batches must start with the clean images"),
        ({}, {}, ConfigError, "batches must start with the clean images"),
        ({None: BATCHES[NOISE], MIDPOINT: CLEAN}, {}, ConfigError, "attack 'midpoint' is not of the first"),
        ({None: CLEAN}, {"ids": [1]}, ConfigError, "ids must be one for each of 60 clean images, got 1"),
        ({None: CLEAN}, {"layers": "botleneck"}, CaptureError, "did you mean 'bottleneck'"),
        ({None: CLEAN}, {"layers": []}, CaptureError, "names no layer"),
        ({None: CLEAN}, {"point": "after"}, CaptureError, "point 'after' is unknown"),
    ],
)
def test_refusals(batches, options, error, text):
    with pytest.raises(error, match=text):
        record_examples(NET, batches, **options)


def test_layers_that_cannot_be_read_are_named():
    untracked = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64, track_running_stats=False))
    with pytest.raises(CaptureError, match="layer '1' keeps no running statistics"):
        record_examples(untracked, {None: CLEAN}, layers="**")
    idle = conv()
    idle.forward = lambda images: idle.conv(images)
    with pytest.raises(CaptureError, match="layer 'bottleneck' never ran"):
        record_examples(idle, {None: CLEAN})


def test_the_head_gives_the_networks_logits():
    codes = codes_at(NET, IMAGES, "bottleneck", batch=7)
    np.testing.assert_allclose(head_of(NET)(codes), CLEAN.clean_logits, rtol=1e-4, atol=1e-5)
    deep = conv()
    deep.head = nn.Sequential(nn.Linear(12, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    expected = unattacked(deep, IMAGES, LABELS).clean_logits
    np.testing.assert_allclose(head_of(deep)(codes_at(deep, IMAGES, "bottleneck")), expected, rtol=1e-4, atol=1e-5)
    assert deep.head.training and deep.head[0].weight.dtype == torch.float32


def nulls_of(net, frame, **options):
    clean = unattacked(net, IMAGES, LABELS)
    return null_examples(net, frame, [(None, clean)], **options)


def test_nulls_of_every_successful_attack():
    nulls = null_examples(NET, FRAME, BATCHES, samples=200)
    counts = nulls.groupby(["spec", "attack"], sort=False).size()
    assert list(counts.index) == [(spec, f"null {name}") for spec in ("noise:1.5", "midpoint") for name in "AB"]
    assert counts["noise:1.5", "null A"] == 200
    assert tuple(nulls.columns) == tuple(COLUMNS) and set(nulls["n_units"]) == {12}
    assert nulls.equals(null_examples(NET, FRAME, BATCHES, samples=200))
    none = FRAME.assign(success=False)
    assert null_examples(NET, none, BATCHES).empty


def test_nulls_go_as_far_as_the_attack_went_and_minimal_ones_to_the_boundary():
    """Observed lengths come back; the least step ends past the boundary by its overshoot, where leads are small."""
    nulls = null_examples(NET, FRAME, BATCHES, samples=60)
    rows = FRAME[(FRAME["layer"] == "bottleneck") & (FRAME["spec"] == "noise:1.5") & FRAME["success"]]
    made = nulls.loc[(nulls["spec"] == "noise:1.5") & (nulls["attack"] == "null A"), "displacement"]
    assert set(made.round(9)) <= set(rows["displacement"].round(9))
    minimal = FRAME.assign(family=FRAME["family"].where(FRAME["spec"] != "noise:1.5", "minimal"))
    least = null_examples(NET, minimal, BATCHES, samples=60)
    codes = np.random.default_rng(0).standard_normal((5, 12))
    step = MinimalStep()(codes, head_of(NET))
    assert np.linalg.norm(step.after - step.before, axis=1) == pytest.approx(
        1.02 * head_of(NET).boundary(codes).distances
    )
    chosen = least[(least["spec"] == "noise:1.5") & (least["attack"] == "null A")]
    assert (chosen["lead"] < 0.05 * CLEAN.lead.max().item()).all()
    assert beyond_nulls(FRAME.assign(family="minimal")) == []
    assert ATTACKED[0] == "minimal"


def test_nulls_need_the_head_of_the_layers_codes():
    with pytest.raises(EstimatorError, match="not the head of this layer's codes"):
        null_examples(NET, FRAME.assign(layer="dense"), BATCHES, layer="dense")
    with pytest.raises(ConfigError, match="a module 'head' behind its code; Linear has none"):
        head_of(nn.Linear(2, 2))
    with pytest.raises(CaptureError, match="layer 'norm' gives maps"):
        codes_at(NET, IMAGES, "norm")
