"""The studies that compare rows or settings: their plans as they are, and each at smoke size up to its answer."""

import json
from dataclasses import replace

import numpy as np
import pytest
from loading import load
from matplotlib.image import imread

from gausslab import tables
from gausslab.cli.studying import completed, conduct
from gausslab.comparison import QualityConfig
from gausslab.errors import ConfigError, GausslabError
from gausslab.presets import ROWS
from gausslab.studies import publish_comparisons
from gausslab.studies.comparing import slug

NAMES = (
    "batch_size", "bottleneck_width", "capacity", "entropy_weight", "gaussianizers", "model_comparison", "neighbours",
)  # fmt: skip
SMALL = {"images": 200, "epochs": 1, "batch": 50, "channels": 2, "width": 4}


def small(plan, rows=None):
    """Tiny digits in place of the study's images; of its variants the first and the last two."""
    variants = dict.fromkeys(plan.variants[:1] + plan.variants[-2:])
    settings = replace(plan.settings, **SMALL)
    scale = {"data": "digits", "scale": "smoke", "seeds": (0, 1), "quality": QualityConfig(images=50)}
    return replace(plan, settings=settings, variants=tuple(variants), rows=rows or plan.rows, **scale)


@pytest.mark.parametrize("name", NAMES)
def test_a_study_has_three_seeds_and_sets_of_its_own(name):
    for data, plan in load(name).PLANS.items():
        assert len(plan.seeds) >= (1 if (name, data) == ("model_comparison", "faces-synthetic") else 3)
        assert len(plan.configs()) == len({config.run_name for config in plan.configs()})
    folders = [slug(cell.label) for plan in load(name).PLANS.values() for cell in plan.cells() if cell.config.seed == 0]
    assert len(set(folders)) >= len(folders) / len(load(name).PLANS)


def test_the_model_comparison_has_every_row_on_both_sets():
    """But for other readings of one row's penalty, which CIFAR-10 leaves out."""
    study = load("model_comparison")
    assert list(study.PLANS) == ["mnist", "cifar10", "faces-synthetic"]
    assert study.PLANS["mnist"].rows == tuple(ROWS)
    assert set(ROWS) - set(study.PLANS["cifar10"].rows) == {"rae-gp-frobenius", "rae-gp-input"}
    assert all(study.PLANS[data].samplers == () for data in ("mnist", "cifar10"))


@pytest.fixture(scope="module")
def batch_study(tmp_path_factory):
    """One study, brought to its end: plan, results, folder, table."""
    study, folder = load("batch_size"), tmp_path_factory.mktemp("batch-study")
    plans = {"digits": small(study.PLANS["mnist"], ("eae", "bn-ae"))}
    plans["digits"] = replace(plans["digits"], variants=(*study.PLANS["mnist"].variants[2:4], study.CONTROL))
    results = completed(plans, folder / "runs")
    table = publish_comparisons(plans, results, folder, lambda found: f"{len(found)} rows", lines=2)
    return plans, results, folder, table


def test_the_published_table_has_whole_codes_and_images_alone(batch_study):
    plans, results, folder, table = batch_study
    published = tables.read(folder / "results.csv")
    assert set(published["unit"]) == {"all"}
    assert len(published) == (results["digits"].table["unit"] == "all").sum()
    assert set(published["row"]) == {cell.label for cell in plans["digits"].cells()}
    assert set(published.loc[published["row"] == "eae batch 200, epochs 16", "epochs"]) == {"16"}
    assert set(published.loc[published["row"] == "eae batch 200", "epochs"]) == {""}
    assert (folder / "answer.txt").read_text() == f"{len(table)} rows\n"


def test_provenance_has_the_plans_and_where_each_run_came_from(batch_study):
    plans, _, folder, _ = batch_study
    record = json.loads((folder / "provenance.json").read_text())
    assert record["study"]["digits"]["rows"] == ["eae", "bn-ae"]
    assert set(record["runs"]) == {config.run_name for config in plans["digits"].configs()}
    assert all(set(run) == {"commit", "date", "seconds"} for run in record["runs"].values())


def test_pictures_are_the_first_rows_of_the_first_seeds(batch_study):
    plans, results, folder, _ = batch_study
    cell = next(plans["digits"].cells())
    kept = folder / "images" / "digits" / "eae-batch-100"
    assert {path.name for path in kept.iterdir()} == {
        "samples-isotropic.png", "samples-mvg.png", "reconstructions.png", "interpolations.png",
    }  # fmt: skip
    whole = imread(results["digits"].out / cell.config.run_name / "quality" / "isotropic.png")
    side = (whole.shape[1] - 2) // 8
    np.testing.assert_array_equal(imread(kept / "samples-isotropic.png"), whole[: 2 * side + 2])


def test_the_batch_study_answers(batch_study, monkeypatch):
    study = load("batch_size")
    monkeypatch.setattr(study, "PLANS", {"mnist": batch_study[0]["digits"]})
    text = study.answer(batch_study[3])
    assert "digits, eae: MSE" in text
    assert "bn-ae: MSE: batch 100 0." in text


@pytest.mark.parametrize("name", ["capacity", "entropy_weight", "neighbours"])
def test_studies_of_one_setting_answer(name, tmp_path, monkeypatch):
    study = load(name)
    plans = {"digits": small(study.PLANS["mnist"])}
    if name == "capacity":
        plans["digits"] = replace(plans["digits"], variants=study.PLANS["mnist"].variants[:2])
    if name == "neighbours":
        monkeypatch.setattr(study, "WEIGHTS", study.WEIGHTS[1:])
        plans["digits"] = replace(plans["digits"], variants=study.PLANS["mnist"].variants[2:])
    publish_comparisons(plans, completed(plans, tmp_path / "runs"), tmp_path, study.answer)
    text = (tmp_path / "answer.txt").read_text()
    expected = {
        "capacity": "over depth:\nchannels 4: KL/dim",
        "entropy_weight": "digits, eae: MSE",
        "neighbours": "weight 1.0: KL/dim",
    }
    assert expected[name] in text


def test_widths_answer(tmp_path, monkeypatch, capsys):
    study = load("bottleneck_width")
    monkeypatch.setattr(study, "WIDTHS", {"digits": (48, 128)})
    plans = {"digits": small(study.PLANS["faces-synthetic"])}
    monkeypatch.chdir(tmp_path)
    conduct(plans, tmp_path / "widths", study.answer)
    assert "digits, 48 to 128 units: MSE" in (tmp_path / "widths" / "answer.txt").read_text()
    assert "digits, 48 to 128 units: MSE" in capsys.readouterr().out
    assert (tmp_path / "runs" / "widths").is_dir()


def test_gaussianizers_answer_at_equal_error(tmp_path):
    study = load("gaussianizers")
    plans = {row: small(study.PLANS[row]) for row in (study.BASELINE, "vae")}
    plans["vae"] = replace(plans["vae"], variants=plans["vae"].variants[1:])
    table = publish_comparisons(plans, completed(plans, tmp_path / "runs"), tmp_path, study.answer)
    text = (tmp_path / "answer.txt").read_text()
    assert text.startswith("EAE, no entropy, error 0.")
    assert text.count("VAE: correlation ") == len(study.FACTORS)
    assert set(table.loc[table["layer"] == "posterior", "row"]) == {cell.label for cell in plans["vae"].cells()}


def test_the_model_comparison_answers(tiny_comparison):
    answer = load("model_comparison").answer
    assert "mnist, ex post (mixture against isotropic): " in answer(tiny_comparison.table, "mnist")
    assert answer(tiny_comparison.table, "faces-synthetic") == "one seed, for the pictures"


def test_the_model_comparison_knows_its_data_sets(monkeypatch):
    study = load("model_comparison")
    monkeypatch.setattr(study.sys, "argv", ["study.py", "cifar"])
    with pytest.raises(ConfigError, match=r"unknown data set of the study 'cifar'; did you mean 'cifar10'\?"):
        study.main()


def test_a_failed_run_publishes_nothing(batch_study, tmp_path):
    from gausslab.workers import Outcome

    plans, results, _, _ = batch_study
    failure = Outcome(config=plans["digits"].configs()[0], error="no room", details="")
    failed = {"digits": replace(results["digits"], failures=(failure,))}
    with pytest.raises(GausslabError, match="1 runs failed, so nothing is published; first: no room"):
        publish_comparisons(plans, failed, tmp_path, lambda found: "")
    assert not list(tmp_path.iterdir())
