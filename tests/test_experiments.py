"""A run of a classifier from its configuration to its rows: what is measured, what is not drawn."""

from dataclasses import replace

import pytest
import torch

from gausslab import data, experiments, tables
from gausslab.checkpoints import load_checkpoint
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig, TrainingConfig
from gausslab.data import ImageData, Split
from gausslab.experiments import perform
from gausslab.runs import Run

CONFIG = TrainConfig(
    data=DataConfig(name="digits"),
    model=ModelConfig(kind="classifier", width=4, channels=2, classes=3),
    objective=ObjectiveConfig(name="classifier"),
    training=TrainingConfig(epochs=3, batch=30, lr=0.01),
)


def bars(images, seed):
    """Noise with a bright bar at the left, in the middle or at the right: the class."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (images,), generator=generator)
    pixels = torch.randint(120, (images, 1, 32, 32), generator=generator, dtype=torch.uint8)
    for label in range(3):
        pixels[labels == label, :, :, 10 * label : 10 * label + 10] += 120
    return Split(images=pixels, labels=labels)


@pytest.fixture
def separable(monkeypatch):
    """Images whose classes a tiny network tells apart."""
    made = ImageData(name="digits", train=bars(300, 0), validation=bars(60, 1), test=bars(90, 2))
    monkeypatch.setattr(data, "load", lambda _: made)
    return made


def performed(tmp_path, **network):
    run = Run.create(tmp_path, replace(CONFIG, model=replace(CONFIG.model, **network)))
    refusals = perform(run)
    return run, tables.read(run.measurements_file), refusals


@pytest.mark.parametrize(
    ("network", "point"),
    [
        ({}, "normalized"),
        ({"bottleneck": "layernorm", "norm": "layernorm", "head_depth": 2, "head_units": 8}, "normalized"),
        ({"bottleneck": "l1norm", "levels": 2, "depth": 3}, "post"),
        ({"bottleneck": "none", "norm": "none", "head_depth": 2, "head_units": 8}, "post"),
    ],
    ids=["batchnorm", "layernorm", "l1norm", "none"],
)
def test_classifiers_learn_separable_classes_and_their_codes_are_measured(tmp_path, separable, network, point):
    run, table, _ = performed(tmp_path, **network)
    [accuracy] = table.loc[table.statistic == "accuracy"].to_dict("records")
    assert accuracy["value"] > 0.8  # of 90; by chance a third, standard deviation 0.05
    assert (accuracy["layer"], accuracy["n_samples"], accuracy["model"]) == ("", 90, "classifier-0")
    codes = table[table.layer == "bottleneck"]
    assert set(codes.point) == {point} and "radial_spread" in set(codes.estimator)
    assert not (table.estimator == "reconstruction").any()
    written = {path.name for path in run.path.iterdir()} - {".lock"}
    assert written == {
        "checkpoint.pt", "config.json", "done", "history.csv", "last.pt", "measurements.csv", "provenance.json",
    }  # fmt: skip
    loaded = load_checkpoint(run.checkpoint_file)
    assert loaded.config == run.config
    right = (loaded.model(data.to_float(separable.test.images)).argmax(1) == separable.test.labels).double().mean()
    assert right.item() == pytest.approx(accuracy["value"])


def test_a_code_of_layer_norm_is_refused_by_what_needs_full_rank(tmp_path, separable):
    _, table, refusals = performed(tmp_path, bottleneck="layernorm")
    assert len(refusals) == 1 and "moment_kl, knn_kl: expected linearly independent units" in refusals[0]
    assert "moment_kl" not in set(table.estimator)


def test_an_untrained_classifier_is_measured_as_a_trained_one(tmp_path, separable):
    run = Run.create(tmp_path, replace(CONFIG, training=replace(CONFIG.training, epochs=0)))
    assert experiments.perform(run) == ()
    table = tables.read(run.measurements_file)
    assert {"bottleneck", ""} == set(table.layer)
    assert run.is_done
