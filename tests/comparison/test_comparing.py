"""The finished comparison: every cell's numbers; killed and resumed it ends in the same table."""

import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_plan import TINY

from gausslab import data, generation, tables
from gausslab.checkpoints import load_checkpoint
from gausslab.comparison import compare, comparison_folder
from gausslab.comparison.extracting import classifier_run, extractor
from gausslab.densities import fit
from gausslab.errors import ConfigError, RunError
from gausslab.quality import quantise
from gausslab.runs import Run

SAMPLERS = {"vae": {"isotropic", "mvg", "gmm"}, "2svae": {"second-stage"}, "eae-l1": {"laplace", "mvg", "gmm"}}


def scores(table, row, statistic):
    return table[(table["row"] == row) & (table["estimator"] == "frechet_distance") & (table["statistic"] == statistic)]


def test_every_row_has_its_samplers_and_no_others(tiny_comparison):
    for row, expected in SAMPLERS.items():
        found = scores(tiny_comparison.table, row, "samples")
        assert set(found["sampler"]) == expected
        assert len(found) == len(expected) * 2


def test_reconstructions_and_midpoints_of_a_second_stage_stand_beside_the_plain_ones(tiny_comparison):
    table = tiny_comparison.table
    for statistic in ("reconstructions", "linear", "rescaled", "spherical"):
        assert set(scores(table, "vae", statistic)["sampler"]) == {""}
        assert set(scores(table, "2svae", statistic)["sampler"]) == {"", "second-stage"}


def test_every_score_has_its_floor_and_the_number_of_its_images(tiny_comparison):
    table = tiny_comparison.table
    scored = table[table["estimator"].isin(["frechet_distance", "kernel_distance"])]
    assert set(scored["n_samples"]) == {200}
    assert scored["null_mean"].notna().all()
    assert set(scored["extractor"]) == {"classifier"}
    assert (table.loc[table["estimator"] == "kernel_distance", "standard_error"] > 0).all()


def test_a_score_is_that_of_images_made_again(tiny_comparison):
    """The Frechet distance by NumPy and SciPy from features of the same samples: 1e-6, single-precision features."""
    from scipy.linalg import sqrtm

    config = next(TINY.cells()).config
    model = load_checkpoint(Run(tiny_comparison.out / config.run_name, config).checkpoint_file).model
    images, make = data.load(config.data), extractor(TINY.quality, config.data, TINY.scale)
    density = fit("mvg", generation.latent_codes(model, images.train.images), config.seed)
    drawn = torch.cat(list(generation.samples(model, density, 200, config.seed)))
    a, b = (make(x).double().numpy() for x in (quantise(drawn), data.to_float(images.test.images)))
    ca, cb = np.cov(a.T), np.cov(b.T)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * sqrtm(ca @ cb).real)
    found = scores(tiny_comparison.table, "vae", "samples").query("sampler == 'mvg' and seed == 0")
    assert found["value"].item() == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_codes_of_an_l1_bottleneck_are_measured_against_laplace(tiny_comparison):
    table = tiny_comparison.table
    of_l1 = table[(table["row"] == "eae-l1") & (table["estimator"] == "kl_decomposition")]
    assert set(of_l1["reference"]) == {"normal", "laplace"} or set(of_l1["reference"]) == {"", "laplace"}
    assert "laplace" not in set(table.loc[table["row"] == "vae", "reference"])


def test_the_table_on_disk_is_the_result(tiny_comparison):
    pd.testing.assert_frame_equal(
        tables.read(tiny_comparison.out / "comparison.csv").drop(columns=["row", "sampler", "extractor"]),
        tiny_comparison.table.drop(columns=["row", "sampler", "extractor"]),
        check_dtype=False,
    )
    assert comparison_folder(tiny_comparison.out).read() == TINY


def test_pictures_of_samples_and_ways_between_codes(tiny_comparison):
    run = tiny_comparison.out / next(TINY.cells()).config.run_name
    names = {path.name for path in (run / "quality").glob("*.png")}
    assert names == {"isotropic.png", "mvg.png", "gmm.png", "second-stage.png", "interpolations.png"}


def test_what_is_there_is_not_made_again(tiny_comparison):
    files = [path for path in tiny_comparison.out.rglob("*") if path.is_file() and path.parent != tiny_comparison.out]
    before = {path: path.stat().st_mtime_ns for path in files if path.name != ".lock"}
    compare(TINY, tiny_comparison.out, jobs=1)
    assert {path: path.stat().st_mtime_ns for path in before} == before


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tiny_plan import TINY
from gausslab.comparison import compare
if __name__ == "__main__":
    compare(TINY, Path(sys.argv[1]), jobs=2)
"""


def test_killed_and_resumed_it_ends_in_the_same_table(tiny_comparison, tmp_path, request):
    out, here = tmp_path / "killed", str(request.path.parent)
    for seconds in (6, 9):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(out), here], stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    time.sleep(1)  # workers that watch their parent end
    compare(TINY, out, jobs=1)
    assert (out / "comparison.csv").read_bytes() == (tiny_comparison.out / "comparison.csv").read_bytes()


def test_another_plan_keeps_the_older_table(tiny_comparison, tmp_path):
    from dataclasses import replace

    out = tmp_path / "copy"
    shutil.copytree(tiny_comparison.out, out)
    compare(replace(TINY, rows=("vae",)), out, jobs=1)
    assert (out / f"comparison-{TINY.digest}.csv").read_bytes() == (tiny_comparison.out / "comparison.csv").read_bytes()


def test_two_comparisons_in_one_directory(tiny_comparison):
    with (
        comparison_folder(tiny_comparison.out).claimed(TINY),
        pytest.raises(RunError, match="another process is at work"),
    ):
        compare(TINY, tiny_comparison.out, jobs=1)


def test_the_classifier_is_trained_once_and_reads_classes(tiny_comparison):
    run = classifier_run(next(TINY.cells()).config.data, TINY.scale)
    assert run.is_done
    assert load_checkpoint(run.checkpoint_file).config.model.kind == "classifier"


def test_images_without_classes_need_another_extractor(tmp_path):
    from dataclasses import replace

    from PIL import Image

    for index in range(140):
        Image.fromarray(np.full((32, 32), index, dtype=np.uint8)).save(tmp_path / f"{index}.png")
    plan = replace(TINY, data="folder", path=str(tmp_path), settings=replace(TINY.settings, images=100))
    with pytest.raises(ConfigError, match="extractor 'classifier' needs images with classes, which folder has not"):
        compare(plan, tmp_path / "out", jobs=1)
    assert not (tmp_path / "out").exists()
