"""The loop: resumed runs end in the same bytes, divergence keeps what was good, schedules do what PyTorch documents."""

import contextlib
import json
import math
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pandas as pd
import pytest
import torch

from gausslab import checkpoints, data, training
from gausslab.checkpoints import load, load_checkpoint
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig, TrainingConfig
from gausslab.data import Split
from gausslab.errors import CheckpointError, ConfigError, DivergenceError
from gausslab.models import build as build_network
from gausslab.objectives import Batch, Loss
from gausslab.objectives import build as build_objective
from gausslab.runs import Run
from gausslab.serialisation import to_json
from gausslab.training import batch, threads, train

CONFIG = TrainConfig(
    data=DataConfig(name="digits", images=100),
    model=ModelConfig(width=2, channels=2),
    objective=ObjectiveConfig(name="eae", entropy_weight=0.05),
    training=TrainingConfig(epochs=4, batch=25),
)
CLASSIFICATION = ObjectiveConfig(name="classifier")
FILES = ("checkpoint.pt", "last.pt", "history.csv")


def with_training(**changes) -> TrainConfig:
    return replace(CONFIG, training=replace(CONFIG.training, **changes))


def trained(folder, config):
    run = Run.create(folder, config)
    train(run)
    return run


def contents(run):
    return {name: (run.path / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """CONFIG without an interruption."""
    return trained(tmp_path_factory.mktemp("straight"), CONFIG)


def test_the_same_configuration_gives_the_same_bytes(tmp_path, straight):
    torch.manual_seed(123)
    assert contents(trained(tmp_path, CONFIG)) == contents(straight)


def test_another_seed_gives_other_bytes(tmp_path, straight):
    other = trained(tmp_path, replace(CONFIG, seed=1))
    assert all(content != contents(straight)[name] for name, content in contents(other).items())


def test_history_has_a_row_an_epoch(straight):
    history = pd.read_csv(straight.history_file)
    assert history.epoch.tolist() == [1, 2, 3, 4]
    assert list(history.columns) == [
        "epoch", "lr", "train_loss", "train_reconstruction", "train_entropy", "validation_loss",
    ]  # fmt: skip
    parts = history.train_reconstruction - 0.05 * history.train_entropy
    assert parts.tolist() == pytest.approx(history.train_loss.tolist(), rel=1e-5)  # sums of float32
    assert history.train_loss.iloc[-1] < history.train_loss.iloc[0]


def test_training_leaves_global_state_alone(tmp_path):
    state, number = torch.random.get_rng_state(), torch.get_num_threads()
    trained(tmp_path, with_training(epochs=1))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == number


def test_progress_counts_every_step(tmp_path):
    seen = []
    train(Run.create(tmp_path, CONFIG), seen.append)
    assert [progress.step for progress in seen] == list(range(1, 17))
    assert [progress.epoch for progress in seen] == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert {(progress.steps, progress.epochs, progress.run) for progress in seen} == {(16, 4, CONFIG.run_name)}
    assert all(math.isfinite(progress.loss) for progress in seen)


def test_a_finished_training_is_not_repeated(tmp_path):
    run = trained(tmp_path, with_training(epochs=1))
    before = contents(run)
    seen = []
    train(run, seen.append)
    assert seen == []
    assert contents(run) == before


class PowerCutError(BaseException):
    """No handler of errors sees it, as none sees kill -9."""


SCHEDULES = ["constant", "exponential", "plateau"]


@pytest.mark.parametrize("write", range(12))
def test_resuming_after_a_cut_before_any_write(tmp_path, monkeypatch, straight, write):
    """Three files an epoch (two where the validation loss is no record): cut before each of them in turn."""
    run, remaining = Run.create(tmp_path, CONFIG), write

    def cut(path, content):
        nonlocal remaining
        if remaining == 0:
            raise PowerCutError
        remaining -= 1
        path.write_bytes(content)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write_atomically", cut)
        patch.setattr(training, "write_atomically", cut)
        with contextlib.suppress(PowerCutError):
            train(run)
    train(run)
    assert contents(run) == contents(straight)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_resuming_after_an_exception_in_every_epoch(tmp_path, schedule):
    config = with_training(schedule=schedule)
    whole = trained(tmp_path / "whole", config)
    run = Run.create(tmp_path / "pieces", config)
    for stop in (3, 6, 11, 16):

        def report(progress, stop=stop):
            if progress.step == stop:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            train(run, report)
    train(run)
    assert contents(run) == contents(whole)


TRAIN_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from gausslab.runs import Run
from gausslab.training import train
run = Run.open(Path(sys.argv[1]))
with run.locked():
    train(run, lambda progress: print(progress.step, flush=True))
"""


def test_resuming_after_kill_9_at_random_moments(tmp_path, straight):
    """Killed three times, some steps and some milliseconds after it got going, then left to finish."""
    run, moments, killed = Run.create(tmp_path, CONFIG), random.Random(0), 0
    command = [sys.executable, "-c", TRAIN_IN_ANOTHER_PROCESS, str(run.path)]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for _ in range(moments.randint(1, 7)):
                process.stdout.readline()
            time.sleep(moments.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
    subprocess.run(command, check=True, capture_output=True)
    assert killed > 0
    assert contents(run) == contents(straight)
    assert not list(run.path.glob(".*.tmp"))


def test_best_checkpoint_is_that_of_the_lowest_validation_loss(tmp_path, monkeypatch):
    losses = iter([5.0, 3.0, 4.0, 3.0])
    monkeypatch.setattr(training, "_validate", lambda *_: next(losses))
    run = trained(tmp_path, CONFIG)
    best = load_checkpoint(run.checkpoint_file)
    assert (best.epoch, best.validation_loss) == (2, 3.0)
    losses = iter([5.0, 3.0])
    shorter = trained(tmp_path / "shorter", with_training(epochs=2))
    expected = load_checkpoint(shorter.checkpoint_file).model.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in best.model.state_dict().items())


def test_validation_loss_is_the_objective_in_evaluation_mode(tmp_path):
    """The last state's network on the 200 validation digits, eight whole batches of 25, in one go here (float32)."""
    from gausslab import data

    config = replace(with_training(epochs=1), objective=ObjectiveConfig())
    run = trained(tmp_path, config)
    checkpoint = load_checkpoint(run.checkpoint_file)
    images = data.to_float(data.load(config.data).validation.images)
    with torch.no_grad():
        expected = build_objective(TrainConfig())(checkpoint.model, Batch(images), torch.Generator()).total.item()
    assert checkpoint.validation_loss == pytest.approx(expected, rel=1e-5)


def lrs_of(tmp_path, monkeypatch, losses, **changes):
    given = iter(losses)
    monkeypatch.setattr(training, "_validate", lambda *_: next(given))
    monkeypatch.setattr(training, "_train_epoch", lambda session, *_: session.optimiser.step())
    run = trained(tmp_path, with_training(epochs=len(losses), **changes))
    return pd.read_csv(run.history_file).lr.tolist()


def test_constant_schedule(tmp_path, monkeypatch):
    assert lrs_of(tmp_path, monkeypatch, [1.0] * 9, schedule="constant", lr=0.01) == [0.01] * 9


def test_exponential_schedule(tmp_path, monkeypatch):
    """PyTorch multiplies up epoch by epoch: equal to the power up to rounding."""
    found = lrs_of(tmp_path, monkeypatch, [1.0] * 9, schedule="exponential", lr=0.01, decay=0.9)
    assert found == pytest.approx([0.01 * 0.9**epoch for epoch in range(9)], rel=1e-12)


def test_plateau_schedule(tmp_path, monkeypatch):
    """Halved after five epochs in a row no lower than the best less 1e-4 for each of 32 x 32 elements; then anew."""
    losses = [3.0, 2.0, *[1.95] * 8, 1.0, *[2.0] * 13]
    expected, lr, best, bad = [], 0.01, math.inf, 0
    for loss in losses:
        expected.append(lr)
        best, bad = (loss, 0) if loss < best - 1e-4 * 1024 else (best, bad + 1)
        if bad == 5:
            lr, bad = lr / 2, 0
    assert len(set(expected)) == 4
    assert lrs_of(tmp_path, monkeypatch, losses, schedule="plateau", lr=0.01) == expected


def test_plateau_of_a_classifier_is_of_its_loss_itself(tmp_path, monkeypatch):
    """A cross entropy is no sum over the image's elements."""
    network = replace(CONFIG, model=replace(CONFIG.model, kind="classifier"), objective=CLASSIFICATION)
    monkeypatch.setitem(globals(), "CONFIG", network)
    losses = [2.0 - 0.01 * epoch for epoch in range(9)]  # better by more than 1e-4, by less than 1e-4 x 1024
    assert lrs_of(tmp_path, monkeypatch, losses, schedule="plateau", lr=0.01) == [0.01] * 9


@pytest.mark.parametrize("kind", ["autoencoder", "classifier"])
def test_no_epochs_are_the_initial_weights_behind_recalibrated_norms(tmp_path, kind):
    objective = CLASSIFICATION if kind == "classifier" else CONFIG.objective
    config = replace(with_training(epochs=0), model=replace(CONFIG.model, kind=kind), objective=objective)
    run = trained(tmp_path, config)
    checkpoint = load_checkpoint(run.checkpoint_file)
    initial = build_network(config.model, (1, 32, 32), config.seed)
    assert all(torch.equal(*pair) for pair in zip(checkpoint.model.parameters(), initial.parameters(), strict=True))
    images = data.to_float(data.load(config.data).train.images)
    with torch.no_grad():
        codes = checkpoint.model.encode(images)
    assert codes.mean(0).abs().max() < 0.05  # of four batches of 25, at 0.05 of a unit's standard deviation
    assert (codes.std(0) - 1).abs().max() < 0.1
    history = pd.read_csv(run.history_file)
    assert history.to_dict("records") == [
        {"epoch": 0, "lr": 0.001, "validation_loss": pytest.approx(checkpoint.validation_loss, rel=1e-12)}
    ]
    assert (checkpoint.epoch, math.isfinite(checkpoint.validation_loss)) == (0, True)
    before = contents(run)
    train(run)
    assert contents(run) == before


@pytest.mark.parametrize(
    ("source", "classes", "message"),
    [
        ("digits", 9, "classes must be at least the 10 of digits, got 9"),
        ("unlabelled", 10, "a classifier needs images with classes, which digits has not"),
    ],
)
def test_a_classifier_needs_classes(monkeypatch, source, classes, message):
    found = data.load(CONFIG.data)
    bare = replace(found, train=replace(found.train, labels=None))
    monkeypatch.setattr(data, "load", lambda _: bare if source == "unlabelled" else found)
    network = replace(CONFIG.model, kind="classifier", classes=classes)
    with pytest.raises(ConfigError, match=message):
        training.load_images(replace(CONFIG, model=network, objective=CLASSIFICATION))


class NanAfter:
    """The plain loss, and NaN from a certain step on."""

    def __init__(self, steps):
        self.steps = steps

    def __call__(self, model, batch, generator):
        loss = build_objective(TrainConfig())(model, batch, generator)
        self.steps -= model.training
        return loss if self.steps >= 0 else Loss(loss.total * math.nan, loss.parts)


def test_nan_loss_stops_the_run_and_keeps_the_last_good_epoch(tmp_path, monkeypatch):
    expected = contents(trained(tmp_path / "good", replace(with_training(epochs=2), objective=ObjectiveConfig())))
    config = replace(CONFIG, objective=ObjectiveConfig())
    run = Run.create(tmp_path, config)
    monkeypatch.setattr(training.objectives, "build", lambda _: NanAfter(10))
    with pytest.raises(DivergenceError) as caught:
        train(run)
    assert str(caught.value) == (
        f"{config.run_name}: the loss is not finite at epoch 3, step 3 (lr 0.001); "
        "the last good checkpoint is kept; try a lower --lr"
    )
    assert caught.value.exit_code == 1
    kept = contents(run)
    assert kept["history.csv"] == expected["history.csv"]
    assert kept["last.pt"] == expected["last.pt"]
    assert load_checkpoint(run.checkpoint_file).epoch <= 2


def test_nan_in_the_first_epoch_says_that_nothing_is_kept(tmp_path, monkeypatch):
    run = Run.create(tmp_path, CONFIG)
    monkeypatch.setattr(training.objectives, "build", lambda _: NanAfter(0))
    with pytest.raises(DivergenceError, match=r"at epoch 1, step 1 .*; no epoch was finished; try a lower --lr"):
        train(run)
    assert not run.checkpoint_file.exists()


@pytest.mark.parametrize("objective", [ObjectiveConfig(), CONFIG.objective], ids=["ae", "eae"])
def test_an_absurd_learning_rate_diverges(tmp_path, objective):
    run = Run.create(tmp_path, replace(with_training(lr=1e30), objective=objective))
    with pytest.raises(DivergenceError, match=r"the loss is not finite at epoch \d, .* \(lr 1e\+30\)"):
        train(run)


@pytest.mark.parametrize("use", ["train", "load_images"])
def test_batch_beyond_the_images(tmp_path, use):
    config = with_training(batch=101)
    with pytest.raises(ConfigError, match="batch must be at most the 100 training images, got 101"):
        train(Run.create(tmp_path, config)) if use == "train" else training.load_images(config)


@pytest.mark.parametrize("device", ["cup", "cuda:99", "meta:x"])
def test_unknown_device(tmp_path, device):
    with pytest.raises(ConfigError, match=f"device must be one that this PyTorch has, such as cpu, got '{device}'"):
        train(Run.create(tmp_path, with_training(device=device)))


def test_last_short_batch_is_dropped(tmp_path):
    seen = []
    train(Run.create(tmp_path, with_training(batch=30, epochs=1)), seen.append)
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[: len(content) // 2], "cannot read"),
        (lambda content: b"", "cannot read"),
        (lambda content: b"\x00" * 500, "cannot read"),
    ],
    ids=["truncated", "empty", "zeros"],
)
def test_damaged_state_is_one_line(tmp_path, straight, damage, reason):
    run = Run.create(tmp_path, CONFIG)
    run.state_file.write_bytes(damage(straight.state_file.read_bytes()))
    assert reason in refused(run)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": "other"}, "its format is 'other'"),
        ({"model": {}}, "Error(s) in loading state_dict"),
        ({"optimiser": {}}, "it lacks 'param_groups'"),
        ({"schedule": 3}, ""),
    ],
)
def test_state_with_wrong_contents_is_one_line(tmp_path, straight, change, reason):
    run = Run.create(tmp_path, CONFIG)
    torch.save(load(straight.state_file) | change, run.state_file)
    assert reason in refused(run)


def refused(run) -> str:
    before = run.state_file.read_bytes()
    with pytest.raises(CheckpointError) as caught:
        train(run)
    message = str(caught.value)
    assert message.startswith(f"cannot resume from {run.state_file}: ")
    assert message.endswith("; delete it to start the run anew")
    assert "\n" not in message
    assert run.state_file.read_bytes() == before
    return message


def test_batches_are_floats_in_the_fast_layout():
    images = torch.arange(4 * 3 * 2 * 2, dtype=torch.uint8).reshape(4, 3, 2, 2) * 5
    made = batch(Split(images, torch.tensor([5, 6, 7, 8])), torch.tensor([2, 0]), torch.device("cpu"))
    assert made.images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(made.images * 255, images[[2, 0]].float())
    assert made.labels.tolist() == [7, 5]
    assert batch(Split(images, None), torch.tensor([1]), torch.device("cpu")).labels is None


def test_threads_are_put_back_after_an_exception():
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise ZeroDivisionError
    assert torch.get_num_threads() == before


def test_the_checkpoint_knows_its_run(straight):
    assert json.loads(to_json(load_checkpoint(straight.checkpoint_file).config)) == json.loads(
        straight.config_file.read_text()
    )
