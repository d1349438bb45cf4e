"""`gausslab attack` as a user calls it."""

import re
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gausslab import data
from gausslab.adversarial import making
from gausslab.adversarial.sets import load_set
from gausslab.adversarial.specs import EFFORTS, NAMES, Effort
from gausslab.checkpoints import save_checkpoint
from gausslab.cli import run
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig
from gausslab.data import to_float
from gausslab.models import build

CONFIG = TrainConfig(
    data=DataConfig(name="digits", images=200),
    model=ModelConfig(kind="classifier", width=16, channels=2),
    objective=ObjectiveConfig(name="classifier"),
)
FACTORY = """
from torch import nn

def build(classes=10):
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 12), nn.BatchNorm1d(12), nn.Linear(12, classes))
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Random features of digits before a head that least squares fits to their classes: right more often than not."""
    images = data.load(CONFIG.data)
    model = build(CONFIG.model, images.image_shape, 0)
    train = images.train
    with torch.no_grad():
        codes = model.encode(to_float(train.images))  # in training mode: the running statistics come near these
        for _ in range(50):
            model.encode(to_float(train.images))
        targets = nn.functional.one_hot(train.labels, 10).float() - 0.1
        model.head.weight.copy_(torch.linalg.lstsq(codes, targets).solution.T)
        model.head.bias.zero_()
    path = tmp_path_factory.mktemp("classifier") / "checkpoint.pt"
    save_checkpoint(path, CONFIG, images.image_shape, 1, 0.0, model.state_dict(), images.held_out_digest)
    return path


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def attack(file, *options):
    return run(["attack", str(file), *options])


def small(file, *options):
    return attack(file, "--images", "40", "--batch", "16", *options)


def of_midpoint(printed):
    [cells] = [line.split() for line in printed.splitlines() if line.strip().startswith("midpoint")]
    return cells


def test_files_a_table_and_progress(checkpoint, capsys):
    assert small(checkpoint, "--attacks", "noise:1.5", "midpoint", "--out", "sets") == 0
    printed = capsys.readouterr()
    assert "set: sets/noise-1.5.npz\nset: sets/midpoint.npz" in printed.out
    assert "40 images of digits" in printed.err
    assert re.findall(r"midpoint  (\d+)/40 images", printed.err) == ["16", "32", "40"]
    made = load_set(Path("sets/midpoint.npz"))
    batch = made.batch
    test = data.load(CONFIG.data).test
    assert torch.equal(batch.labels, test.labels[:40])
    torch.testing.assert_close(batch.clean, to_float(test.images[:40]))
    attempted, success = int(batch.attempted.sum()), int(batch.success.sum())
    assert attempted > 20 and success > 0
    size = np.median(batch.d_l2[batch.success].double())
    line = of_midpoint(printed.out)
    assert line[:3] == ["midpoint", str(attempted), f"{success / attempted:.1%}"]
    assert f"{size:.3g}" in line
    assert made.about["effort"] == asdict(Effort())
    assert made.about["split"] == "test"


def test_the_same_command_again_attacks_nothing(checkpoint, monkeypatch, capsys):
    assert small(checkpoint, "--attacks", "midpoint", "--out", "sets") == 0
    first = Path("sets/midpoint.npz").read_bytes()
    monkeypatch.setattr(making, "attack_pieces", lambda *_, **__: pytest.fail("it attacked"))
    capsys.readouterr()
    assert small(checkpoint, "--attacks", "midpoint", "--out", "sets") == 0
    assert Path("sets/midpoint.npz").read_bytes() == first
    assert of_midpoint(capsys.readouterr().out)[-1] == "-"  # no seconds of this call


def test_an_interrupted_command_goes_on(checkpoint, monkeypatch, capsys):
    assert small(checkpoint, "--attacks", "noise:1.5", "--out", "whole") == 0
    pieces = making.attack_pieces

    def interrupted(*arguments, **options):
        runs = iter(pieces(*arguments, **options))
        yield next(runs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(making, "attack_pieces", interrupted)
        assert small(checkpoint, "--attacks", "noise:1.5", "--out", "broken") == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    assert [path.name for path in Path("broken/noise-1.5.parts").iterdir()] == ["000.npz"]
    assert small(checkpoint, "--attacks", "noise:1.5", "--out", "broken") == 0
    assert Path("broken/noise-1.5.npz").read_bytes() == Path("whole/noise-1.5.npz").read_bytes()


def test_another_configuration_is_refused(checkpoint, capsys):
    assert small(checkpoint, "--attacks", "midpoint", "--out", "sets") == 0
    assert small(checkpoint, "--attacks", "midpoint", "--out", "sets", "--seed", "1") == 1
    told = "gausslab: sets/midpoint.npz was made with another configuration (seed 0, not 1); choose another --out"
    assert told in capsys.readouterr().err
    assert small(checkpoint, "--attacks", "noise:1", "--out", "sets", "--split", "validation") == 1
    assert "made with another configuration" in capsys.readouterr().err


def test_a_directory_of_its_own(checkpoint):
    assert small(checkpoint, "--attacks", "midpoint") == 0
    assert small(checkpoint, "--attacks", "midpoint", "--seed", "1") == 0
    folders = sorted(path.name for path in Path("runs").iterdir())
    assert len(folders) == 2
    assert all(re.fullmatch(rf"attack-{CONFIG.run_name}-[0-9a-f]{{8}}", name) for name in folders)


def test_foolbox_and_noise_of_its_norms(checkpoint, monkeypatch):
    monkeypatch.setenv("GIT_PYTHON_REFRESH", "quiet")
    pytest.importorskip("foolbox", reason="foolbox is not installed: pip install 'gausslab[attacks]'")
    attacks = ["--attacks", "noise", "ddn", "--ddn-steps", "10"]
    assert attack(checkpoint, "--images", "20", *attacks, "--out", "sets") == 0
    ddn, noise = (load_set(Path("sets") / f"{name}.npz").batch for name in ("ddn", "noise"))
    assert ddn.success_rate > 0.5
    assert noise.attempted.tolist() == ddn.success.tolist()


def test_a_foreign_network(elsewhere, monkeypatch):
    monkeypatch.syspath_prepend(elsewhere)
    Path("nets.py").write_text(FACTORY)
    torch.save(
        nn.Sequential(nn.Flatten(), nn.Linear(1024, 12), nn.BatchNorm1d(12), nn.Linear(12, 10)).state_dict(), "w.pt"
    )
    foreign = [
        "--model",
        "nets:build",
        "--data",
        "digits",
        "--attacks",
        "radial-l2:3",
        "--effort",
        "quick",
        "--pgd-steps",
        "3",
    ]
    assert small("w.pt", *foreign, "--layers", "2", "--out", "sets") == 0
    made = load_set(Path("sets/radial-l2-3.npz"))
    assert made.about["effort"] == asdict(replace(EFFORTS["quick"], pgd_steps=3))
    assert (made.about["model"], made.about["layers"], made.data) == ("nets:build", ["2"], "digits")
    assert float(made.batch.d_l2.max()) <= 3 * (1 + 1e-5)  # rounding of float32


def test_a_factory_whose_classes_are_others(capsys):
    Path("ownnets.py").write_text(FACTORY)
    own = ["--data", "digits", "--model-kwargs", '{"classes": 7}', "--layer", "2", "--pgd-steps", "2"]
    assert small("ownnets:build", *own, "--attacks", "adaptive:3", "midpoint") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "note: the network tells 7 classes apart and the images have 10" in printed
    [folder] = Path("runs").iterdir()
    assert re.fullmatch(r"attack-build-[0-9a-f]{8}", folder.name)
    made = load_set(folder / "adaptive-3.npz")
    assert made.batch.labels is None and made.batch.attempted.all() and made.about["model_kwargs"] == {"classes": 7}
    assert small("ownnets:build", *own, "--attacks", "midpoint", "--out", str(folder)) == 0  # the same weights again


def test_the_list_names_every_attack(capsys):
    assert run(["attack", "--list"]) == 0
    listed = {line.split()[0].partition(":")[0] for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert set(NAMES) <= listed


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        ([], 2, "which attacks?"),
        (["--attacks", "magic"], 2, "unknown attack 'magic'"),
        (["--attacks", "fgsm"], 2, "attack 'fgsm' needs a size"),
        (["--attacks", "midpoint", "midpoint"], 2, "attack 'midpoint' is given twice"),
        (["--attacks", "noise"], 2, "needs the norms of a minimal attack"),
        (["--attacks", "noise:1", "radial-l2:1", "--layers", "bottelneck"], 1, "matches no layer"),
        (["--attacks", "midpoint", "--images", "1"], 2, "images must be a whole number of at least 2"),
        (["--attacks", "midpoint", "--model", "a:b"], 2, "brings its own network"),
        (["--attacks", "midpoint", "--data", "mnits"], 1, "mnist"),
        (["--attacks", "midpoint", "--effort", "quik"], 2, "did you mean 'quick'"),
        (["--attacks", "midpoint", "--input", "3x2"], 2, "CHANNELSxHEIGHTxWIDTH"),
    ],
)
def test_bad_options_are_one_line(checkpoint, options, code, text, capsys):
    assert attack(checkpoint, *options) == code
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gausslab: ")]
    assert len(lines) == 1 and text in lines[0]
    assert not Path("runs").exists()


def test_a_missing_foolbox_is_one_line(checkpoint, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "foolbox", None)
    assert attack(checkpoint, "--attacks", "ddn") == 2
    assert "pip install 'gausslab[attacks]'" in capsys.readouterr().err


def test_autoencoders_and_other_files_are_refused(tiny_run, capsys):
    assert attack(tiny_run.checkpoint_file, "--attacks", "midpoint") == 1
    assert "holds an autoencoder, which gives no classes; expected a classifier" in capsys.readouterr().err
    np.save("codes.npy", np.zeros((5, 2)))
    assert attack("codes.npy", "--attacks", "midpoint") == 1
    assert "cannot be used here" in capsys.readouterr().err
    assert attack("absent.pt", "--attacks", "midpoint") == 1
    assert run(["attack", "--attacks", "codes.npy"]) == 2
    assert "codes.npy was taken as the name of an attack: put FILE first" in capsys.readouterr().err


def test_help_says_where_the_file_goes(capsys):
    assert run(["attack", "--help"]) == 0
    assert "gausslab attack FILE --attacks ddn pgd-linf:0.1 noise" in " ".join(capsys.readouterr().out.split())
