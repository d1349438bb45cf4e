"""The training loop: one run from its configuration to its best checkpoint, through any number of interruptions.

All randomness of an epoch derives from the seed and the epoch's number, so the state that is saved after each epoch
(weights, optimiser, schedule, history) is all that a resumed run needs to end, on a CPU, in the same bytes as one that
was never interrupted.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from jaxtyping import Int64
from torch import Tensor

from gausslab import data, models, objectives
from gausslab.checkpoints import load, save, save_checkpoint
from gausslab.config import TrainConfig
from gausslab.errors import CheckpointError, ConfigError, DivergenceError
from gausslab.files import write_atomically
from gausslab.runs import Run
from gausslab.seeding import torch_generator

STATE_FORMAT = "gausslab-training-state"


@dataclass(frozen=True)
class Progress:
    """How far a run has come; what the command line shows while it waits.

    Attributes:
        run: name of the run.
        epoch: epochs done.
        epochs: epochs in all.
        step: steps done in all epochs.
        steps: steps in all.
        loss: objective of the last step.
    """

    run: str
    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float


Reporter = Callable[[Progress], None]


def train(run: Run, report: Reporter = lambda progress: None) -> None:
    """Train the run's network to the end, from wherever an earlier session left it.

    Writes `checkpoint.pt` whenever the validation loss is the lowest so far; `last.pt` and `history.csv` every epoch.
    Of a run of no epochs these are the initial network's, and the history has a row of epoch 0.

    Raises:
        DivergenceError: the loss is no longer finite; the files of the last good epoch stay.
        DataError: the data set cannot be loaded.
        ConfigError: there are fewer images than a batch takes, other classes than a classifier has, or no such device.
        CheckpointError: `last.pt` is damaged.
    """
    config = run.config
    images = load_images(config)
    with threads(config.training.threads):
        session = Session(config, images.image_shape, images.held_out_digest)
        session.resume(run)
        while session.epoch < config.training.epochs:
            _train_epoch(session, images.train, report)
            session.close_epoch(_validate(session, images.validation))
            session.write(run)
        if config.training.epochs == 0 and not session.history:
            order = _shuffled(config, 0, len(images.train))
            models.recalibrate(session.model, (batch(images.train, index, session.device).images for index in order))
            session.note_untrained(_validate(session, images.validation))
            session.write(run)


def load_images(config: TrainConfig) -> data.ImageData:
    """The images of a run, after whatever would stop it before its first step has been looked at.

    Raises:
        DataError: the data set cannot be loaded.
        ConfigError: there are fewer images than a batch takes, other classes than a classifier has, or no such device.
    """
    _device(config)
    images = data.load(config.data)
    if len(images.train.images) < config.training.batch:
        raise ConfigError(
            f"batch must be at most the {len(images.train.images)} training images, got {config.training.batch}"
        )
    if config.model.kind == "classifier":
        _require_classes(images.train, config)
    return images


def _require_classes(split: data.Split, config: TrainConfig) -> None:
    if split.labels is None:
        raise ConfigError(f"a classifier needs images with classes, which {config.data.name} has not")
    if (classes := int(split.labels.max()) + 1) > config.model.classes:
        raise ConfigError(f"classes must be at least the {classes} of {config.data.name}, got {config.model.classes}")


def _device(config: TrainConfig) -> torch.device:
    try:
        if (device := torch.empty(0, device=config.training.device).device).type != "meta":
            return device
        raise RuntimeError("the meta device computes nothing")
    except (RuntimeError, AssertionError):  # an unknown name; a torch built without that device
        raise ConfigError(
            f"device must be one that this PyTorch has, such as cpu, got {config.training.device!r}"
        ) from None


class Session:
    """What changes while a network is trained.

    Attributes:
        epoch: epochs done.
        history: one row of losses an epoch.
        best: lowest validation loss so far.
    """

    def __init__(self, config: TrainConfig, image_shape: tuple[int, int, int], data_digest: str) -> None:
        self.config = config
        self.image_shape = image_shape
        self.data_digest = data_digest
        self.device = _device(config)
        self.model = models.build(config.model, image_shape, config.seed)
        # channels last: a third faster than contiguous on the CPU
        self.model.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.objective = objectives.build(config)
        self.optimiser = _optimiser(config, self.model)
        self.schedule = _schedule(config, self.optimiser, math.prod(image_shape))
        self.epoch = 0
        self.best = math.inf
        self.history: list[dict[str, float]] = []
        self.losses: dict[str, float] = {}

    def close_epoch(self, validation_loss: float) -> None:
        """Count the epoch, note its losses, move the learning rate."""
        self.epoch += 1
        lr = self.optimiser.param_groups[0]["lr"]
        self.history.append({"epoch": self.epoch, "lr": lr, **self.losses, "validation_loss": validation_loss})
        if isinstance(self.schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
            self.schedule.step(validation_loss)
        else:
            self.schedule.step()

    def note_untrained(self, validation_loss: float) -> None:
        """Note the loss of the initial network, as that of an epoch 0."""
        self.history = [{"epoch": 0, "lr": self.config.training.lr, "validation_loss": validation_loss}]

    def write(self, run: Run) -> None:
        """Save the best checkpoint, if this epoch is the best, the history, and last the state to resume from.

        Killed in between, the next session does the epoch again, and with it everything before the state.
        """
        validation_loss = self.history[-1]["validation_loss"]
        if validation_loss < self.best:
            self.best = validation_loss
            weights = self.model.state_dict()
            save_checkpoint(
                run.checkpoint_file, self.config, self.image_shape, self.epoch, self.best, weights, self.data_digest
            )
        table = pd.DataFrame(self.history).astype({"epoch": int})
        write_atomically(run.history_file, table.to_csv(index=False, lineterminator="\n").encode())
        save(run.state_file, self._state())

    def resume(self, run: Run) -> None:
        """Take up the state of an earlier session, if there is one."""
        if not run.state_file.exists():
            return
        try:
            self._take(load(run.state_file))
        except (CheckpointError, KeyError, ValueError, TypeError, RuntimeError) as error:
            raise CheckpointError(_unusable(run.state_file, error)) from None

    def _state(self) -> dict[str, Any]:
        return {
            "format": STATE_FORMAT,
            "epoch": self.epoch,
            "best": self.best,
            "data_digest": self.data_digest,
            "history": self.history,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": {key: value for key, value in self.schedule.state_dict().items() if _is_primitive(value)},
        }

    def _take(self, values: dict[str, Any]) -> None:
        if values.get("format") != STATE_FORMAT:
            raise ValueError(f"its format is {values.get('format')!r}")
        if values.get("data_digest", self.data_digest) != self.data_digest:
            raise ValueError(f"the images of {self.config.data.name} have changed since")
        self.epoch, self.best, self.history = values["epoch"], values["best"], values["history"]
        self.model.load_state_dict(values["model"])
        self.optimiser.load_state_dict(values["optimiser"])
        self.schedule.load_state_dict(values["schedule"])


def _train_epoch(session: Session, split: data.Split, report: Reporter) -> None:
    config, session.losses = session.config, {}
    noise = torch_generator(config.seed, f"noise/{session.epoch}")
    order = _shuffled(config, session.epoch, len(split))
    steps, name = len(order), config.run_name
    session.model.train()
    for step, index in enumerate(order):
        loss = session.objective(session.model, batch(split, index, session.device), noise)
        value = loss.total.item()
        if not math.isfinite(value):
            raise DivergenceError(_divergence(config, session.epoch, step))
        session.optimiser.zero_grad(set_to_none=True)
        loss.total.backward()  # type: ignore[no-untyped-call]
        session.optimiser.step()
        _add(session.losses, {"train_loss": value, **{f"train_{k}": v.item() for k, v in loss.parts.items()}}, steps)
        done = session.epoch * steps + step + 1
        report(Progress(name, session.epoch, config.training.epochs, done, steps * config.training.epochs, value))


def _shuffled(config: TrainConfig, epoch: int, images: int) -> Int64[Tensor, "steps batch"]:
    """The images of an epoch's whole batches."""
    order = torch.randperm(images, generator=torch_generator(config.seed, f"shuffle/{epoch}"))
    size = config.training.batch
    return order[: images // size * size].reshape(-1, size)


@torch.no_grad()
def _validate(session: Session, split: data.Split) -> float:
    """The objective in evaluation mode, averaged over whole batches (or over what there is, if that is less)."""
    session.model.eval()
    size = min(session.config.training.batch, len(split))
    noise = torch_generator(session.config.seed, "noise/validation")
    losses = [
        session.objective(session.model, batch(split, index, session.device), noise).total.item()
        for index in torch.arange(len(split) // size * size).reshape(-1, size)
    ]
    mean = sum(losses) / len(losses)
    if not math.isfinite(mean):
        raise DivergenceError(_divergence(session.config, session.epoch, None))
    return mean


def batch(split: data.Split, index: Int64[Tensor, " batch"], device: torch.device) -> objectives.Batch:
    """Some of the split as floats in [0, 1], in the memory layout the networks are fastest with, and their labels."""
    chosen = split.images.index_select(0, index).to(device)  # of bytes many times as fast as images[index]
    images = data.to_float(chosen).contiguous(memory_format=torch.channels_last)
    return objectives.Batch(images, None if split.labels is None else split.labels[index].to(device))


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Run torch on `number` CPU threads, and put the old number back."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _optimiser(config: TrainConfig, model: torch.nn.Module) -> torch.optim.Adam:
    eps = 1e-7 if config.model.init == "keras" else 1e-8
    betas = (config.training.beta1, 0.999)
    return torch.optim.Adam(model.parameters(), lr=config.training.lr, betas=betas, eps=eps)


def _schedule(
    config: TrainConfig, optimiser: torch.optim.Optimizer, elements: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """The learning rate's course; torch's patience of 4 acts after five epochs without improvement, as Keras's 5."""
    if config.training.schedule == "plateau":
        summed = config.model.kind == "autoencoder" and config.objective.error == "sum"
        scale = elements if summed else 1
        return torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimiser, factor=0.5, patience=4, threshold=1e-4 * scale, threshold_mode="abs"
        )
    if config.training.schedule == "step":
        return torch.optim.lr_scheduler.StepLR(optimiser, config.training.period, config.training.decay)
    factor = config.training.decay if config.training.schedule == "exponential" else 1.0
    return torch.optim.lr_scheduler.ExponentialLR(optimiser, factor)


def _unusable(file: Path, error: Exception) -> str:
    reason = f"it lacks {error}" if isinstance(error, KeyError) else next(iter(str(error).splitlines()), "damaged")
    return f"cannot resume from {file}: {reason}; delete it to start the run anew"


def _divergence(config: TrainConfig, epoch: int, step: int | None) -> str:
    where = f"epoch {epoch + 1}, " + ("validation" if step is None else f"step {step + 1}")
    kept = "the last good checkpoint is kept" if epoch else "no epoch was finished"
    return f"{config.run_name}: the loss is not finite at {where} (lr {config.training.lr:g}); {kept}; try a lower --lr"


def _add(sums: dict[str, float], values: dict[str, float], count: int) -> None:
    for name, value in values.items():
        sums[name] = sums.get(name, 0.0) + value / count


def _is_primitive(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | list)
