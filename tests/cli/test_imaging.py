"""`gausslab sample` and `gausslab interpolate` as users call them: pictures of a finished run, refusals in one line."""

import shutil

import numpy as np
import pytest
from PIL import Image

from gausslab import data, generation
from gausslab.checkpoints import load_checkpoint, save_checkpoint
from gausslab.cli import run
from gausslab.config import ModelConfig, ObjectiveConfig, TrainConfig
from gausslab.densities import fit
from gausslab.models import build
from gausslab.quality import WAYS
from gausslab.sampling import grid


@pytest.fixture(autouse=True)
def checkpoint(tiny_run, tmp_path, monkeypatch):
    """A copy of a finished run's checkpoint in a folder of its own, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(tiny_run.checkpoint_file, tmp_path / "checkpoint.pt")
    return tmp_path / "checkpoint.pt"


def pixels(path):
    return np.asarray(Image.open(path))


def all_of(batches):
    return np.concatenate([batch.numpy() for batch in batches])


def test_samples_lie_beside_the_checkpoint(tmp_path, capsys):
    assert run(["sample", "checkpoint.pt"]) == 0
    assert capsys.readouterr().out == "picture: samples-isotropic.png\n"
    assert pixels(tmp_path / "samples-isotropic.png").shape == (8 * 34 + 2, 8 * 34 + 2)
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.pt", "samples-isotropic.png"}


def test_samples_are_the_densitys_of_the_training_codes(checkpoint):
    """Seven images in rows of three, drawn here by way of the library."""
    arguments = "sample checkpoint.pt --sampler mvg --number 7 --columns 3 --seed 5 --out mine.png"
    assert run(arguments.split()) == 0
    loaded = load_checkpoint(checkpoint)
    codes = generation.latent_codes(loaded.model, data.load(loaded.config.data).train.images)
    drawn = generation.samples(loaded.model, fit("mvg", codes, 5), 7, 5)
    (images,) = drawn
    assert pixels("mine.png").shape == (3 * 34 + 2, 3 * 34 + 2)
    assert (pixels("mine.png") == grid(images, columns=3)).all()


@pytest.mark.parametrize("sampler", ["isotropic", "laplace", "gmm", "second-stage"])
def test_every_sampler_gives_the_same_picture_again_and_another_of_another_seed(sampler):
    common = ["sample", "checkpoint.pt", "--sampler", sampler, "--number", "4", "--scale", "smoke"]
    for name, seed in (("a.png", "0"), ("b.png", "0"), ("c.png", "1")):
        assert run([*common, "--seed", seed, "--out", name]) == 0
    assert (pixels("a.png") == pixels("b.png")).all()
    assert (pixels("a.png") != pixels("c.png")).any()


def test_a_row_of_an_interpolation_is_a_pair_with_reconstructions_at_its_ends(checkpoint, capsys):
    assert run(["interpolate", "checkpoint.pt", "--pairs", "2", "--points", "3", "--way", "spherical"]) == 0
    assert capsys.readouterr().out == "picture: interpolations-spherical.png\n"
    loaded = load_checkpoint(checkpoint)
    images = data.load(loaded.config.data).test.images
    plain = fit("isotropic", generation.latent_codes(loaded.model, images), 0)
    (expected,) = generation.paths(loaded.model, plain, images, WAYS["spherical"], 2, 3, 0)
    assert pixels("interpolations-spherical.png").shape == (2 * 34 + 2, 3 * 34 + 2)
    assert (pixels("interpolations-spherical.png") == grid(expected, columns=3)).all()


def test_a_second_stage_is_interpolated_in_its_own_space():
    common = ["interpolate", "checkpoint.pt", "--pairs", "2", "--points", "3", "--scale", "smoke"]
    assert run([*common, "--out", "plain.png"]) == 0
    assert run([*common, "--sampler", "second-stage", "--out", "staged.png"]) == 0
    assert pixels("plain.png").shape == pixels("staged.png").shape == (2 * 34 + 2, 3 * 34 + 2)
    assert (pixels("plain.png") != pixels("staged.png")).any()


REFUSED = [
    ("sample checkpoint.pt --sampler gm", 2, "unknown sampler 'gm'; did you mean 'gmm'? choices: isotropic, "),
    ("sample checkpoint.pt --scale lapto", 2, "unknown scale 'lapto'; did you mean 'laptop'? choices: smoke, "),
    ("sample checkpoint.pt --sampler second-stage --scale lapto", 2, "unknown scale 'lapto'; "),
    ("sample checkpoint.pt --number 0", 2, "Invalid value for '--number': "),
    ("sample checkpoint.pt --columns 0", 2, "Invalid value for '--columns': "),
    ("sample checkpoint.pt --sampler mvg --data-path .", 2, "data 'digits' comes with gausslab and takes no path, "),
    ("sample absent.pt", 1, "there is no file absent.pt"),
    ("sample text.pt", 1, "cannot read text.pt: "),
    ("sample classifier.pt", 1, "classifier.pt is a classifier; expected an autoencoder"),
    ("sample checkpoint.pt --out folder", 1, "cannot write folder: "),
    ("sample", 2, "Missing argument 'FILE'"),
    ("interpolate checkpoint.pt --way linaer", 2, "unknown way 'linaer'; did you mean 'linear'? choices: linear, "),
    ("interpolate checkpoint.pt --sampler gm", 2, "unknown sampler 'gm'; did you mean 'gmm'?"),
    ("interpolate checkpoint.pt --scale lapto", 2, "unknown scale 'lapto'; did you mean 'laptop'?"),
    ("interpolate checkpoint.pt --points 1", 2, "Invalid value for '--points': "),
    ("interpolate absent.pt", 1, "there is no file absent.pt"),
    ("interpolate classifier.pt", 1, "classifier.pt is a classifier; expected an autoencoder"),
]


@pytest.fixture
def strange_files(tmp_path):
    """A classifier's checkpoint, a text, a folder."""
    config = TrainConfig(
        model=ModelConfig(kind="classifier", width=2, channels=2), objective=ObjectiveConfig(name="classifier")
    )
    weights = build(config.model, (1, 32, 32), seed=0).state_dict()
    save_checkpoint(tmp_path / "classifier.pt", config, (1, 32, 32), 1, 0.0, weights)
    (tmp_path / "text.pt").write_text("no weights")
    (tmp_path / "folder").mkdir()


@pytest.mark.usefixtures("strange_files")
@pytest.mark.parametrize(("arguments", "code", "message"), REFUSED, ids=[arguments for arguments, *_ in REFUSED])
def test_refusals_are_one_line_and_leave_nothing(arguments, code, message, tmp_path, capsys):
    before = set(tmp_path.rglob("*"))
    assert run(arguments.split()) == code
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.removeprefix("gausslab: ").startswith(message)
    assert captured.out == ""
    assert set(tmp_path.rglob("*")) == before
