"""How a network is optimised."""

from dataclasses import dataclass
from typing import Literal, get_args

from gausslab.config.checks import finite, require, require_choice, text, whole

Schedule = Literal["constant", "exponential", "plateau", "step"]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the network is optimised.

    Attributes:
        epochs: passes over the training images. 0 is the untrained network: its weights are the initial ones, and the
            running statistics of its batch norms the averages over one pass in training mode, since those that they
            are made with (mean 0, variance 1) would leave its codes far from standardised.
        batch: images a step; the last, shorter batch of an epoch is dropped.
        lr: Adam's base learning rate.
        beta1: Adam's decay of the mean gradient.
        schedule: `constant`, `exponential` (times `decay` after every epoch), `step` (times `decay` after every
            `period` epochs) or `plateau` (times 0.5 after five epochs without a validation loss lower by
            1e-4, an element of the image where the error is a sum), as Keras does in the published code.
        decay: factor of the exponential and of the step schedule.
        period: epochs a step of the step schedule.
        threads: CPU threads of one run; other numbers of threads round differently, so it belongs to the configuration.
        device: `cpu`, `cuda`, ...; runs are reproducible to the byte on `cpu`.
    """

    epochs: int = 12
    batch: int = 100
    lr: float = 1e-3
    beta1: float = 0.9
    schedule: Schedule = "exponential"
    decay: float = 0.98
    period: int = 1
    threads: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        require(whole(self.epochs, 0), "epochs", self.epochs, "a whole number of at least 0")
        require(whole(self.batch, 2), "batch", self.batch, "a whole number of at least 2 (batch norm needs two images)")
        require(finite(self.lr) and self.lr > 0, "lr", self.lr, "a positive finite number")
        require(finite(self.beta1) and 0 <= self.beta1 < 1, "beta1", self.beta1, "a number in [0, 1)")
        require_choice("schedule", self.schedule, get_args(Schedule))
        require(finite(self.decay) and 0 < self.decay <= 1, "decay", self.decay, "a number in (0, 1]")
        require(whole(self.period, 1), "period", self.period, "a whole number of at least 1")
        require(whole(self.threads, 1), "threads", self.threads, "a whole number of at least 1")
        require(text(self.device), "device", self.device, "the name of a device, such as 'cpu'")
