"""The scripts of `figures/`, each run as a user runs it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imsave
from plotting import made
from plotting.made import sweep
from plotting.made_pictures import put_study

from gausslab import tables

FIGURES = Path(__file__).parents[1] / "figures"
HEAVY = ("torch", "gausslab.training", "matplotlib.pyplot")
RUN_AND_LOOK = f"""
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
sys.exit(", ".join(name for name in {HEAVY} if name in sys.modules) or 0)
"""


def run(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture
def inputs(tmp_path):
    tables.write(sweep(widths=(8, 16)), tmp_path / "results.csv")
    (tmp_path / "samples").mkdir()
    for width in (8, 16):
        imsave(tmp_path / "samples" / f"width-{width}.png", np.zeros((4, 4)), cmap="gray", vmin=0, vmax=1)
    codes = FIGURES.parent / "studies" / "code_decomposition" / "results.csv"
    return {
        "width_sweep": tmp_path / "results.csv",
        "width_samples": tmp_path / "samples",
        "kl_waterfall": codes,
    }


@pytest.mark.parametrize("name", ["width_sweep", "width_samples", "kl_waterfall"])
def test_a_script_draws_without_torch_training_or_windows(name, inputs, tmp_path):
    done = run("-c", RUN_AND_LOOK, FIGURES / f"{name}.py", inputs[name], "--out", tmp_path / "out" / name)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    written = [tmp_path / "out" / f"{name}{ending}" for ending in (".pdf", ".png")]
    assert done.stdout.split() == list(map(str, written))
    before = [path.read_bytes() for path in written]
    run(FIGURES / f"{name}.py", inputs[name], "--out", tmp_path / "out" / name)
    assert [path.read_bytes() for path in written] == before


@pytest.mark.parametrize(("name", "message"), [("width_sweep", "cannot read the table"), ("width_samples", "no grids")])
def test_a_missing_input_is_one_line_and_exit_1(name, message, tmp_path):
    done = run(FIGURES / f"{name}.py", tmp_path / "absent", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {message}") and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


ENTROPIC = ("eae-weight-0.05", "eae-weight-0.07", "eae-weight-0.5", "eae-weight-0.7", "eae-weight-1.0")
NARROW = ("bn-ae-width-48", "bn-ae-width-64", "bn-ae-width-128", "eae-width-64")
COMPARED = ("vae", "2svae", "eae", "eae-l1")
PICTURES = {
    "mnist_weights": ("mnist", ENTROPIC),
    "cifar10_weights": ("cifar10", ENTROPIC),
    "face_collage": ("faces-synthetic", NARROW),
    "bottleneck_faces": ("faces-synthetic", NARROW),
    "bottleneck_cifar10": ("cifar10", NARROW),
    "gallery_mnist": ("mnist", COMPARED),
    "gallery_cifar10": ("cifar10", COMPARED),
    "gallery_faces": ("faces-synthetic", COMPARED),
}
"""Script -> data set and labels of what it draws; their bytes are checked in `plotting`."""


@pytest.mark.parametrize("name", PICTURES)
def test_a_script_of_pictures_draws_without_torch_training_or_windows(name, tmp_path):
    folder = put_study(tmp_path / "study", *PICTURES[name])
    done = run("-c", RUN_AND_LOOK, FIGURES / f"{name}.py", folder, "--out", tmp_path / "out" / name)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert done.stdout.split() == [str(tmp_path / "out" / f"{name}{ending}") for ending in (".pdf", ".png")]
    assert all(Path(path).stat().st_size > 1000 for path in done.stdout.split())


@pytest.mark.parametrize("name", ["mnist_weights", "face_collage", "gallery_faces"])
def test_missing_pictures_are_one_line_and_exit_1(name, tmp_path):
    done = run(FIGURES / f"{name}.py", tmp_path / "absent", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no pictures of ") and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


STUDIES = {
    "entropy_weight": made.entropy_weights,
    "capacity": made.capacities,
    "batch_size": made.batches,
    "neighbours": made.neighbourhoods,
    "gaussianizers": made.gaussianizers,
    "pareto_mnist": made.gaussianizers,
    "pareto_cifar10": made.gaussianizers,
}
"""Script -> a table like its study's; their bytes are checked in `plotting`."""


@pytest.mark.parametrize("name", STUDIES)
def test_a_script_of_a_study_draws_without_torch_training_or_windows(name, tmp_path):
    tables.write(STUDIES[name](), tmp_path / "results.csv")
    out = tmp_path / "out" / name
    data = [] if name.startswith("pareto") else ["--data", "mnist"]
    done = run("-c", RUN_AND_LOOK, FIGURES / f"{name}.py", tmp_path / "results.csv", *data, "--out", out)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert done.stdout.split() == [f"{out}{ending}" for ending in (".pdf", ".png")]


@pytest.mark.parametrize("name", ["entropy_weight", "gaussianizers"])
def test_a_data_set_that_a_study_has_not_is_one_line_and_exit_1(name, tmp_path):
    tables.write(STUDIES[name](), tmp_path / "results.csv")
    done = run(FIGURES / f"{name}.py", tmp_path / "results.csv", "--data", "celeba", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the table has no rows about 'celeba'") and done.stderr.count("\n") == 1
