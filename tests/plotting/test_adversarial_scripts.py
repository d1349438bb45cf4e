"""The scripts of the charts of attacks, each run as a user runs it."""

import subprocess
import sys
from pathlib import Path

import pytest
from plotting.made_examples import changes, detection, examples, radial_results

FIGURES = Path(__file__).parents[2] / "figures"
RUN_AND_LOOK = """
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
heavy = ("torch", "foolbox", "gausslab.adversarial", "matplotlib.pyplot")
sys.exit(", ".join(name for name in heavy if name in sys.modules) or 0)
"""
SCRIPTS = {
    "adversarial_radii": ("examples.csv.gz", lambda: examples(widths=(8, 16), images=100)),
    "adversarial_margin": ("examples.csv.gz", lambda: examples(widths=(8, 16), images=100)),
    "adversarial_budget": ("detection.csv", lambda: detection(widths=(8, 16))),
    "adversarial_subspace": ("changes.csv", lambda: changes(widths=(8, 16), weights=(0.0, 1.0))),
    "radial_attack": ("results.csv", radial_results),
}
"""Script -> name of its table, and a table like its study's."""


def run(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_draws_without_torch_or_windows_and_again_the_same_bytes(name, tmp_path):
    file, made = SCRIPTS[name]
    made().to_csv(tmp_path / file, index=False)
    pictures = []
    for stem in (tmp_path / "first", tmp_path / "second"):
        done = run("-c", RUN_AND_LOOK, FIGURES / f"{name}.py", tmp_path / file, "--data", "mnist", "--out", stem)
        assert (done.returncode, done.stderr.strip()) == (0, "")
        assert done.stdout.split() == [f"{stem}.pdf", f"{stem}.png"]
        pictures.append([stem.with_suffix(ending).read_bytes() for ending in (".pdf", ".png")])
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("content", [None, b"no gzip"], ids=["absent", "damaged"])
def test_a_table_that_cannot_be_read_is_one_line_and_exit_1(content, tmp_path):
    path = tmp_path / "examples.csv.gz"
    if content is not None:
        path.write_bytes(content)
    done = run(FIGURES / "adversarial_radii.py", path, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot read the table") and done.stderr.count("\n") == 1


def test_attacks_and_weights_are_options(tmp_path):
    changes(widths=(8,), weights=(0.0, 1.0)).to_csv(tmp_path / "changes.csv", index=False)
    script = FIGURES / "adversarial_subspace.py"
    given = (script, tmp_path / "changes.csv", "--out", tmp_path / "out")
    assert run(*given, "--weight", "1", "--attacks", "ddn", "noise:1.5").returncode == 0
    done = run(*given, "--weight", "0.5")
    assert (done.returncode, done.stderr) == (1, "error: the table has no rows of weight 0.5, only of 0, 1\n")
