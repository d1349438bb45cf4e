"""`gausslab probe` as a user calls it."""

import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from gausslab import inspection, tables
from gausslab.cli import run
from gausslab.cli.opening import data_of

OWN = """
from torch import nn

def small(hidden=3):
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, 5))
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_checkpoint_of_a_sweep_with_no_other_flag(tiny_run, elsewhere, capsys):
    assert run(["probe", str(tiny_run.checkpoint_file)]) == 0
    printed = capsys.readouterr()
    assert "bottleneck (2)" in printed.out and "null" in printed.out
    assert "gausslab checkpoint" in printed.err
    [folder] = (elsewhere / "runs").iterdir()
    assert {path.name for path in folder.iterdir()} == {"probe.csv", "probe.digest", "layers.pdf", "layers.png"}
    assert len(tables.read(folder / "probe.csv")["layer"].unique()) == 7


def test_another_probe_never_takes_the_place_of_one(tiny_run, capsys):
    one = [
        "probe",
        str(tiny_run.checkpoint_file),
        "--layers",
        "bottleneck",
        "--estimators",
        "radial_spread",
        "--out",
        "p",
    ]
    assert run(one) == 0
    assert run(one) == 0
    assert run([*one, "--point", "pre"]) == 1
    assert "gausslab: p holds another probe; choose another --out" in capsys.readouterr().err


def test_list_options_take_several_values_after_the_file(tiny_run):
    layers = ["--layers", "encoder.*.1", "bottleneck", "--estimators", "radial_spread", "radial_ks"]
    assert run(["probe", str(tiny_run.checkpoint_file), *layers, "--out", "p"]) == 0
    table = tables.read(Path("p/probe.csv"))
    assert set(table["estimator"]) == {"radial_spread", "radial_ks"}
    assert len(table[["layer", "estimator"]].drop_duplicates()) == 2 * 5


def test_list_shows_the_layers_and_measures_nothing(tiny_run, elsewhere, capsys):
    assert run(["probe", str(tiny_run.checkpoint_file), "--list"]) == 0
    assert "BatchNorm1d" in capsys.readouterr().out
    assert not (elsewhere / "runs").exists()


def test_a_state_dict_alone_lists_its_batch_norms(capsys):
    torch.save(torch.nn.Sequential(torch.nn.BatchNorm1d(3)).state_dict(), "net.pt")
    assert run(["probe", "net.pt"]) == 0
    assert "--model pkg.mod:factory" in capsys.readouterr().out


def test_the_paired_report(capsys):
    samples = np.random.default_rng(0).standard_normal((100, 3))
    np.save("clean.npy", samples)
    np.save("other.npy", samples * 0.9)
    assert run(["probe", "clean.npy", "--adv", "other.npy", "--estimators", "radial_spread"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "lower in 100.0% of 100 pairs (null 50%)" in printed
    assert "note: no logits, so that margins are not known" in printed


class _Bomb:
    def __reduce__(self):
        return os.system, ("touch exploded",)


def _scripted(name):
    torch.jit.script(torch.nn.Linear(2, 2)).save(name)


def _save_array(name, array):
    with Path(name).open("wb") as file:
        np.save(file, array)


BAD_FILES = {
    "poisoned archive": (lambda name: torch.save({"state_dict": _Bomb()}, name), "could run any code"),
    "poisoned pickle": (lambda name: Path(name).write_bytes(pickle.dumps(_Bomb())), "could run any code"),
    "text": (lambda name: Path(name).write_text("weights"), "is not a checkpoint"),
    "empty": (lambda name: Path(name).touch(), "is empty"),
    "random bytes": (lambda name: Path(name).write_bytes(os.urandom(999)), "not a checkpoint|damaged|cannot"),
    "folder": (os.mkdir, "is a folder"),
    "absent": (lambda name: None, "No such file"),
    "object array": (lambda name: _save_array(name, np.array([{}], dtype=object)), "Python objects"),
    "one axis": (lambda name: _save_array(name, np.zeros(5)), "shape .samples, units."),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_files_are_one_line_and_nothing_is_executed(kind, elsewhere, capsys):
    make, text = BAD_FILES[kind]
    make("bad.pt")
    assert run(["probe", "bad.pt"]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gausslab: ")]
    assert len(lines) == 1 and re.search(text, lines[0])
    assert not (elsewhere / "exploded").exists() and not (elsewhere / "runs").exists()


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_is_refused_in_a_sentence(capsys):
    _scripted("script.pt")
    assert run(["probe", "script.pt"]) == 1
    assert "hooks do not fire" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--layers", "bottelneck"], "matches no layer"),
        (["--input", "3x2"], "CHANNELSxHEIGHTxWIDTH"),
        (["--model-kwargs", "{"], "JSON object"),
        (["--estimators", "shapiro"], "estimator 'shapiro' is unknown"),
        (["--model", "a:b"], "brings its own network"),
        (["--data-path", "x"], "--data-path needs --data"),
        (["--point", "after"], "point 'after' is unknown"),
        (["--data", "mnits"], "mnist"),
    ],
)
def test_bad_options_are_one_line(tiny_run, arguments, text, elsewhere, capsys):
    code = run(["probe", str(tiny_run.checkpoint_file), *arguments])
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gausslab: ")]
    assert code in (1, 2) and len(lines) == 1 and text in lines[0]
    assert not (elsewhere / "runs").exists()


def test_a_factory_brings_its_network(elsewhere, capsys):
    Path("ownnet.py").write_text(OWN)
    own = ["probe", "ownnet:small", "--data", "digits", "--images", "50", "--estimators", "radial_spread"]
    for _ in range(2):  # weights that it draws are the same each time, and so is the folder
        assert run(own) == 0
    printed = capsys.readouterr()
    assert "ownnet:small: factory of a network" in printed.err
    assert run([*own, "--model-kwargs", '{"hidden": 4}']) == 0
    folders = sorted((elsewhere / "runs").iterdir())
    assert len(folders) == 2 and all(re.fullmatch(r"probe-small-[0-9a-f]{8}", folder.name) for folder in folders)
    tables_ = [tables.read(folder / "probe.csv") for folder in folders]
    assert {(table["run"].iloc[0], table["model"].iloc[0]) for table in tables_} == {("small", "Sequential")}
    assert {tuple(table["n_units"].unique()) for table in tables_} == {(3,), (4,)}
    assert run(["probe", "ownnet:small", "--data", "digits", "--list"]) == 0
    assert "BatchNorm1d" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["ownnet:small"], "say which images to show the network with --data; choices: mnist-5k"),
        (["ownnet:small", "--data", "digits", "--model", "a:b"], "ownnet:small builds its own network; leave --model"),
        (["ownnet:smal", "--data", "digits"], "has no 'smal'; did you mean 'small'"),
        (["ownnett:small", "--data", "digits"], "model module 'ownnett' was not found"),
        (["ownnet:small:b", "--data", "digits"], "No such file"),
        (["own/net.pt:a", "--data", "digits"], "No such file"),
    ],
)
def test_what_is_no_file_and_no_factory_is_one_line(arguments, text, elsewhere, capsys):
    Path("ownnet.py").write_text(OWN)
    assert run(["probe", *arguments]) in (1, 2)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gausslab: ")]
    assert len(lines) == 1 and text in lines[0]
    assert not (elsewhere / "runs").exists()


def test_a_file_of_a_factory_s_name_is_the_file(capsys):
    np.save("codes.npy", np.random.default_rng(0).standard_normal((50, 2)))
    Path("codes.npy").rename("torch:Tensor")
    assert run(["probe", "torch:Tensor", "--estimators", "radial_spread"]) == 0
    assert "torch:Tensor: activations" in capsys.readouterr().err


def test_the_data_path_is_absolute(elsewhere, monkeypatch):
    monkeypatch.setenv("HOME", str(elsewhere))
    for given in ("images", "~/images"):
        assert data_of("folder", Path(given), 32, None).path == str(elsewhere.resolve() / "images")


def test_the_folder_is_claimed_before_anything_is_measured(elsewhere, monkeypatch, capsys):
    np.save("codes.npy", np.random.default_rng(0).standard_normal((50, 2)))
    (elsewhere / "p").mkdir()
    (elsewhere / "p" / "probe.digest").write_text("another")
    (elsewhere / "file").touch()
    monkeypatch.setattr(inspection, "probe_file", lambda *_: pytest.fail("it was measured"))
    for out, text in (("p", "holds another probe"), ("file/p", "cannot write file/p: Not a directory")):
        assert run(["probe", "codes.npy", "--out", out]) == 1
        assert text in capsys.readouterr().err
    assert (elsewhere / "p" / "probe.digest").read_text() == "another"


def test_help_says_where_the_file_goes(capsys):
    assert run(["probe", "--help"]) == 0
    assert "gausslab probe FILE --layers a b" in " ".join(capsys.readouterr().out.split())
