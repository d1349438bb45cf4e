"""A grid of runs, and what the scales set."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gausslab.config.checks import require
from gausslab.config.objective import ObjectiveConfig
from gausslab.config.train import TrainConfig
from gausslab.serialisation import digest


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
            require(len(values) > 0, name, values, "at least one value")
            require(len(set(values)) == len(values), name, values, "values without repetition")
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
