"""What a validity study covers, cut into cells that can be computed in any order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gausslab.serialisation import digest

KEY = ["law", "n_samples", "n_units", "estimator", "statistic"]
"""Columns that name what one share of replicates is about."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Some replicates of one law at one size."""

    law: str
    samples: int
    units: int
    first: int
    count: int
    estimators: tuple[str, ...]

    @property
    def name(self) -> str:
        """File name without suffix."""
        return f"{self.law}-n{self.samples}-d{self.units}-{self.first:04d}"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What a validity study covers.

    Attributes:
        laws: names of `gausslab.laws`.
        samples: numbers of samples.
        units: numbers of units.
        replicates: how many of each law at each number of samples, in the order of `samples`.
        null_replicates: the same for the law `gaussian`, whose rejections are the size.
        block: replicates a cell.
        estimators: registry names.
        dear: those of them that are measured in the first `dear_replicates` only, by number of samples.
        dear_replicates: a multiple of `block` each.
    """

    laws: tuple[str, ...]
    samples: tuple[int, ...]
    units: tuple[int, ...]
    replicates: tuple[int, ...]
    null_replicates: tuple[int, ...]
    block: int
    estimators: tuple[str, ...]
    dear: tuple[str, ...] = ()
    dear_replicates: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """Eight hex digits that change with what a cell's rows depend on."""
        return digest(replace(self, laws=(), samples=(), units=(), replicates=(), null_replicates=()))

    def cells(self) -> Iterator[Cell]:
        """The cells, small ones first."""
        for index, samples in enumerate(self.samples):
            for units in self.units:
                for law in self.laws:
                    total = (self.null_replicates if law == "gaussian" else self.replicates)[index]
                    for first in range(0, total, self.block):
                        yield Cell(
                            law=law,
                            samples=samples,
                            units=units,
                            first=first,
                            count=min(self.block, total - first),
                            estimators=self._measured(index, first),
                        )

    def _measured(self, index: int, first: int) -> tuple[str, ...]:
        if not self.dear or first < self.dear_replicates[index]:
            return self.estimators
        return tuple(name for name in self.estimators if name not in self.dear)
