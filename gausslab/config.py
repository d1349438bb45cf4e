"""What a run is: frozen dataclasses that reject nonsense when built, go to JSON and back, and name the run.

The same word is used for the command-line option, the field here and the column of the table (`--widths` -> `width`).
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from gausslab.errors import ConfigError, choices
from gausslab.serialisation import digest

Bottleneck = Literal["batchnorm", "none"]
Initialisation = Literal["torch", "keras"]
ObjectiveName = Literal["ae", "eae"]
Schedule = Literal["constant", "exponential", "plateau"]


def _require(condition: bool, name: str, value: object, expected: str) -> None:
    if not condition:
        raise ConfigError(f"{name} must be {expected}, got {value!r}")


def _require_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{name} {value!r} is unknown; {choices(str(value), allowed)}")


def _whole(value: object, minimum: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= minimum


def _finite(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        return False


def _text(value: object) -> bool:
    return isinstance(value, str) and value != ""


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which images, and how many of them.

    Attributes:
        name: a data set of `gausslab data list`.
        path: folder (or archive) of the user's own files; None looks in gausslab's cache.
        images: training images to use, the first of a seeded shuffle; None is all of them.
        size: side of the square images in pixels, 32 or 64.
        crop: side of a centre crop taken before resizing (image folders only).
    """

    name: str = "mnist-5k"
    path: str | None = None
    images: int | None = None
    size: int = 32
    crop: int | None = None

    def __post_init__(self) -> None:
        _require(_text(self.name), "data", self.name, "the name of a data set")
        _require(self.path is None or _text(self.path), "path", self.path, "the path of a folder")
        _require(
            self.images is None or _whole(self.images, 2),
            "images",
            self.images,
            "a whole number of at least 2",
        )
        _require(_whole(self.size, 1), "size", self.size, "a positive whole number")
        _require(self.crop is None or _whole(self.crop, 1), "crop", self.crop, "a positive whole number")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Which network.

    Attributes:
        width: units of the bottleneck (the latent dimension).
        channels: channels of the first layer; they double with each further level.
        depth: hidden convolutions of the encoder; 4 is the thesis's net. The decoder has as many more or fewer.
        bottleneck: `batchnorm` is the thesis's affine-free batch norm on the code, `none` leaves the code free.
        init: `torch` keeps PyTorch's defaults, `keras` is Glorot-uniform weights, zero biases, batch-norm momentum 0.01
            and eps 1e-3, and Adam eps 1e-7, as in the code the thesis compares with.
    """

    width: int = 16
    channels: int = 8
    depth: int = 4
    bottleneck: Bottleneck = "batchnorm"
    init: Initialisation = "torch"

    def __post_init__(self) -> None:
        _require(_whole(self.width, 1), "width", self.width, "a whole number of at least 1")
        _require(_whole(self.channels, 1), "channels", self.channels, "a whole number of at least 1")
        _require(_whole(self.depth, 2), "depth", self.depth, "a whole number of at least 2")
        _require_choice("bottleneck", self.bottleneck, get_args(Bottleneck))
        _require_choice("init", self.init, get_args(Initialisation))


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """Which loss.

    Attributes:
        name: `ae` is the summed squared error alone, `eae` subtracts `entropy_weight` times the code's entropy.
        entropy_weight: the thesis's lambda (equation 2.2), in units of the *summed* squared error per nat.
        neighbours: k of the Kozachenko-Leonenko estimator; the thesis uses 1 and mentions 2.
    """

    name: ObjectiveName = "ae"
    entropy_weight: float = 0.0
    neighbours: int = 1

    def __post_init__(self) -> None:
        _require_choice("objective", self.name, get_args(ObjectiveName))
        _require(
            _finite(self.entropy_weight) and self.entropy_weight >= 0,
            "entropy_weight",
            self.entropy_weight,
            "a finite number of at least 0",
        )
        _require(_whole(self.neighbours, 1), "neighbours", self.neighbours, "a whole number of at least 1")
        if self.name == "ae" and self.entropy_weight != 0:
            raise ConfigError(
                f"objective 'ae' has no entropy term, got entropy_weight {self.entropy_weight!r}; use objective 'eae'"
            )

    @property
    def label(self) -> str:
        """The word in the table's `model` column, one for each objective: `ae`, `eae-0.05`, `eae-0.05-k2`."""
        if self.name == "ae":
            return self.name
        return f"{self.name}-{self.entropy_weight:g}" + (f"-k{self.neighbours}" if self.neighbours != 1 else "")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the network is optimised.

    Attributes:
        epochs: passes over the training images.
        batch: images a step; the last, shorter batch of an epoch is dropped.
        lr: Adam's base learning rate.
        schedule: `constant`, `exponential` (times `decay` after every epoch) or `plateau` (times 0.5 after five epochs
            without a validation loss lower by 1e-4 an element of the image), as Keras does in the published code.
        decay: factor of the exponential schedule.
        threads: CPU threads of one run; other numbers of threads round differently, so it belongs to the configuration.
        device: `cpu`, `cuda`, ...; runs are reproducible to the byte on `cpu`.
    """

    epochs: int = 12
    batch: int = 100
    lr: float = 1e-3
    schedule: Schedule = "exponential"
    decay: float = 0.98
    threads: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        _require(_whole(self.epochs, 1), "epochs", self.epochs, "a whole number of at least 1")
        _require(
            _whole(self.batch, 2),
            "batch",
            self.batch,
            "a whole number of at least 2 (batch norm needs two images)",
        )
        _require(_finite(self.lr) and self.lr > 0, "lr", self.lr, "a positive finite number")
        _require_choice("schedule", self.schedule, get_args(Schedule))
        _require(_finite(self.decay) and 0 < self.decay <= 1, "decay", self.decay, "a number in (0, 1]")
        _require(_whole(self.threads, 1), "threads", self.threads, "a whole number of at least 1")
        _require(_text(self.device), "device", self.device, "the name of a device, such as 'cpu'")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One run: data, network, loss, optimisation and the root seed of all its randomness."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    seed: int = 0

    def __post_init__(self) -> None:
        _require(_whole(self.seed, 0), "seed", self.seed, "a whole number of at least 0")
        if self.objective.name == "eae" and self.objective.neighbours >= self.training.batch:
            raise ConfigError(
                f"neighbours must be below batch ({self.training.batch}), got {self.objective.neighbours}"
            )

    @property
    def digest(self) -> str:
        """Eight hex digits that change with any field that differs from its default.

        Defaults are left out, so that a field added later does not rename the runs that never used it.
        """
        return digest(self)

    @property
    def run_name(self) -> str:
        """Readable and unique: data, objective, width, channels, depth, seed and digest."""
        m = self.model
        return f"{self.data.name}-{self.objective.label}-w{m.width}-c{m.channels}-d{m.depth}-s{self.seed}-{self.digest}"


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """A base configuration and a grid; `configs()` yields every combination in a fixed order."""

    base: TrainConfig = field(default_factory=TrainConfig)
    widths: tuple[int, ...] = (8, 16, 32)
    channels: tuple[int, ...] = (8,)
    depths: tuple[int, ...] = (4,)
    objectives: tuple[ObjectiveConfig, ...] = (ObjectiveConfig(),)
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        for name in ("widths", "channels", "depths", "objectives", "seeds"):
            values = getattr(self, name)
            _require(len(values) > 0, name, values, "at least one value")
            _require(len(set(values)) == len(values), name, values, "values without repetition")
        for _ in self.configs():  # every combination is checked now, not when its turn comes
            pass

    @property
    def digest(self) -> str:
        """Eight hex digits that change with any field that differs from its default."""
        return digest(self)

    def configs(self) -> Iterator[TrainConfig]:
        """The grid: objectives, depths, channels, widths, seeds, the last varying fastest."""
        grid = itertools.product(self.objectives, self.depths, self.channels, self.widths, self.seeds)
        for objective, depth, channels, width, seed in grid:
            model = replace(self.base.model, width=width, channels=channels, depth=depth)
            yield replace(self.base, model=model, objective=objective, seed=seed)


SCALES: Mapping[str, Mapping[str, Any]] = {
    "smoke": {"data": "mnist-5k", "channels": 2, "images": 400, "epochs": 2, "lr": 1e-3, "init": "torch"},
    "laptop": {"data": "mnist-5k", "channels": 8, "images": 4000, "epochs": 12, "lr": 1e-3, "init": "torch"},
    "paper": {"data": "mnist", "channels": 64, "images": None, "epochs": 100, "lr": 5e-4, "init": "keras"},
}
"""What `--scale` sets; `paper` is the thesis's width sweep on MNIST (section 2.5.2), `images: None` the whole set."""
