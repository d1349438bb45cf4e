"""Studies of classifiers: one small net trained, its codes, its tables; and the study of H5 at smoke size."""

import math
from dataclasses import replace

import pandas as pd
import pytest
import torch
from loading import load
from plotting.made_panels import classifier_panels

from gausslab import data
from gausslab.checkpoints import load_checkpoint
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig, TrainingConfig
from gausslab.data import to_float
from gausslab.errors import GausslabError
from gausslab.families import REPRESENTATIVES, STATISTICS, read_panels
from gausslab.runs import Run
from gausslab.studies.classifiers import IDENTITY, Tabulate, accuracy, bottleneck_codes, collected, identity, table_file
from gausslab.workers import run_all

CONFIG = TrainConfig(
    data=DataConfig(name="digits", images=200),
    model=ModelConfig(kind="classifier", width=4, channels=2, depth=3, levels=3, head_depth=2),
    objective=ObjectiveConfig(name="classifier"),
    training=TrainingConfig(epochs=1, batch=50),
)
MADE = []


def shape_of_codes(run):
    """A table of one row; notes that it was made."""
    MADE.append(run.config.seed)
    codes = bottleneck_codes(run)
    return pd.DataFrame({"samples": [codes.shape[0]], "units": [codes.shape[1]]})


def quietly(configs, root, work):
    return run_all(configs, root, 1, lambda progress: None, lambda outcome: None, work)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root, configs = tmp_path_factory.mktemp("runs"), [replace(CONFIG, seed=seed) for seed in (0, 1)]
    assert [each.error for each in quietly(configs, root, Tabulate("shape", shape_of_codes))] == [None, None]
    return [Run(root / config.run_name, config) for config in configs]


def test_a_table_is_made_once_a_run(runs):
    before = list(MADE)
    quietly([run.config for run in runs], runs[0].path.parent, Tabulate("shape", shape_of_codes))
    assert before == MADE == [0, 1]
    assert all(table_file(run, "shape").exists() and run.is_done for run in runs)


def test_codes_are_the_bottlenecks_of_the_test_images_in_their_order(runs):
    model, images = load_checkpoint(runs[0].checkpoint_file).model, data.load(CONFIG.data).test.images
    with torch.no_grad():
        wanted = model.bottleneck(model.encoder(to_float(images)))
    assert torch.allclose(bottleneck_codes(runs[0]), wanted, atol=1e-5)  # single precision, other batches


def test_tables_are_collected_behind_what_tells_the_nets_apart(runs):
    table = collected(runs, "shape")
    assert list(table.columns) == [*IDENTITY, "accuracy", "samples", "units"]
    assert table["seed"].tolist() == [0, 1] and set(table["units"]) == {4}
    described = table.iloc[0]
    wanted = {"data": "digits", "width": 4, "channels": 2, "depth": 3, "levels": 3, "head_depth": 2, "epochs": 1}
    assert {name: described[name] for name in wanted} == wanted
    assert described["bottleneck"] == "batchnorm" and described["norm"] == "batchnorm" and described["weight"] == 0


def test_accuracy_is_the_share_of_test_images_that_are_right(runs):
    model, test = load_checkpoint(runs[1].checkpoint_file).model, data.load(CONFIG.data).test
    with torch.no_grad():
        right = (model(to_float(test.images)).argmax(1) == test.labels).double().mean()
    assert accuracy(runs[1]) == pytest.approx(float(right), abs=1e-12)


def test_the_identity_has_a_value_for_every_column():
    assert tuple(identity(CONFIG)) == IDENTITY


def test_a_run_without_the_table_is_told(runs):
    with pytest.raises(GausslabError, match=r"^cannot read the table .*absent\.csv"):
        collected(runs, "absent")


@pytest.fixture(scope="module")
def study():
    return load("classifier_gaussianity")


def test_the_study_has_the_cross_and_one_net_beside_it(study):
    configs = study.grid("mnist")
    assert len(configs) == len({config.run_name for config in configs}) == 4 * 2 * 2 * 3 + 2 * 3
    cross = [config for config in configs if config.training.epochs == study.EPOCHS]
    cells = {(c.model.width, c.model.depth, c.model.head_depth, c.seed) for c in cross}
    assert len(cells) == 48
    assert {config.objective.name for config in configs} == {"classifier"}
    assert {config.objective.entropy_weight for config in configs} == {0.0}
    point = {tuple(getattr(c.model, name) for name in study.POINT) for c in configs if c not in cross}
    assert point == {tuple(study.POINT.values())}


def test_the_answer_says_what_the_made_table_was_made_with(study):
    lines = study.answer(classifier_panels())
    headed = [line for line in lines if not line.startswith("  ")]
    assert [line.split(":")[0] for line in headed] == [
        f"{data}, {what}"
        for data in ("mnist", "cifar10")
        for what in ("H5, width", "H5, depth", "H5, head_depth", "of 48 nets", "no part of H5")
    ]
    assert headed[0].endswith("contradicted in marginal and joint; families disagree")
    assert "isotropy 48 away" in headed[3]
    isotropy = lines[lines.index(headed[4]) + 2]
    assert isotropy.startswith("  isotropy: 0.0") and "at 0 epochs" in isotropy and isotropy.endswith("at 15 epochs")


def test_the_study_is_published_at_smoke_size(study, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "DATA", ("digits",))
    monkeypatch.setattr(study, "SEEDS", (0,))
    monkeypatch.setattr(study, "LEVELS", {"width": (2, 4), "depth": (3,), "head_depth": (1,)})
    monkeypatch.setattr(study, "EXPECTED", {"width": 1})
    monkeypatch.setattr(study, "POINT", {"width": 4, "depth": 3, "head_depth": 1})
    monkeypatch.setattr(study, "EPOCHS", 1)
    monkeypatch.setattr(study, "BESIDE", (0,))
    monkeypatch.setattr(study, "network", lambda *a, **k: _tiny(*a, **k))
    monkeypatch.setattr("gausslab.cli.studying.jobs_for", lambda configs: 1)
    study.publish(tmp_path / "runs", tmp_path / "study")
    table = read_panels(tmp_path / "study" / "results.csv")
    assert len(table) == 3 * len(STATISTICS)
    assert sorted(path.name for path in (tmp_path / "study").iterdir()) == [
        "answer.txt",
        "provenance.json",
        "results.csv",
    ]
    shown = table[table["statistic"].isin(REPRESENTATIVES.values())]
    assert all(math.isfinite(each) for each in shown["excess"])
    assert "digits, H5, width" in (tmp_path / "study" / "answer.txt").read_text()


def _tiny(data, width, depth, head_depth, seed, epochs=1, images=200):
    model = replace(CONFIG.model, width=width, depth=depth, head_depth=head_depth)
    return replace(CONFIG, model=model, seed=seed, training=TrainingConfig(epochs=epochs, batch=50))
