"""The scripts of `figures/`, each run as a user runs it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imsave
from plotting.made import sweep

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
