"""Null laws by Monte Carlo: what a statistic gives on exact Gaussian samples.

A null law depends on the statistic, its parameters, n, d and the preprocessing, and on nothing else; together they
are its key, `family/n=<samples>/d=<units>` (or without the part that does not matter). It is looked up

1. in the user's cache (`null_cache`), exactly as asked for;
2. in the grid that is shipped (`null_grid`): at its own n and d as it stands, at other n between its own interpolated;
3. and else drawn now and put into the cache, from a generator seeded by the key, so that a law read from disk and one
   drawn afresh are the same numbers.

Whoever changes what a statistic gives puts a new version into its family (`henze_zirkler/v=2`): laws of the old code,
in caches and in the grid, are then passed over.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from gausslab.errors import ConfigError
from gausslab.estimators import null_cache, null_grid
from gausslab.estimators.contract import Reading, Readings
from gausslab.estimators.null_cache import cache_folder
from gausslab.estimators.null_law import Draws, NullLaw
from gausslab.seeding import numpy_generator

__all__ = ["Draws", "NullLaw", "cache_folder", "calibrating", "null_laws", "null_laws_of_samples"]

WORK = 7e11
REPLICATES = 119
FEWEST = 39
CHEAP = 1000


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How many replicates a law is drawn with.

    Attributes:
        replicates: of a statistic of the whole code.
        fewest: of any law, however dear.
        times: as many times what they ask for do cheap laws get, those that ask for a thousand or more.
        work: multiply-adds that a law of the whole code may take, unless `fewest` take more.
        exact: whether the shipped grid is passed over.
        asked: where the keys of the laws asked for are noted.
    """

    replicates: int = REPLICATES
    fewest: int = FEWEST
    times: int = 1
    work: float = WORK
    exact: bool = False
    asked: tuple[list[str], ...] = ()

    def of_samples(self, work: float) -> int:
        """Replicates of a statistic of the whole code that takes so many multiply-adds."""
        return max(self.fewest, level_exact(int(min(self.replicates, self.work / work))))

    def of_own(self, replicates: int) -> int:
        """Replicates of a law that says itself how many it wants."""
        if replicates >= CHEAP:
            return replicates * self.times
        return max(replicates, self.replicates) if self.exact else replicates


def level_exact(replicates: int) -> int:
    """The largest number of replicates up to that many at which a two-sided Monte Carlo test at 5 % rejects 5 %.

    p = 2 r / (B + 1) is at most 0.05 for r = 1, ..., (B + 1) / 40: that number must be whole.

    >>> level_exact(181), level_exact(199), level_exact(30)
    (159, 199, -1)
    """
    return (replicates + 1) // 40 * 40 - 1


DEFAULT = Budget()
_budget: ContextVar[Budget] = ContextVar("_budget", default=DEFAULT)


@contextmanager
def calibrating(
    replicates: int = 199, *, fewest: int | None = None, times: int = 1, work: float = math.inf
) -> Iterator[list[str]]:
    """Within it, every law is exact for its n and d: drawn, or from the cache if it has as many replicates there.

    Args:
        replicates: B of every law of a whole code; cheaper ones keep their own number if it is larger.
        fewest: B of the dearest laws, default `replicates`.
        times: what cheap laws, which ask for a thousand replicates or more, get of their own number.
        work: multiply-adds that one law of a whole code may take before its B falls towards `fewest`.

    Yields:
        The keys of the laws asked for, in their order, as they are asked for.

    Raises:
        ConfigError: fewer than 39 replicates, with which no two-sided p can reach 5 %.
    """
    fewest = replicates if fewest is None else fewest
    if min(replicates, fewest) < FEWEST:
        raise ConfigError(
            f"calibrate: at least {FEWEST} replicates are needed for a two-sided test at 5 %, got {fewest}"
        )
    asked: list[str] = []
    token = _budget.set(
        Budget(replicates=replicates, fewest=fewest, times=times, work=work, exact=True, asked=(asked,))
    )
    try:
        yield asked
    finally:
        _budget.reset(token)


def null_laws(
    key: str,
    replicates: int,
    draw: Callable[[np.random.Generator, int], Mapping[str, Draws]],
    stream: str | None = None,
) -> dict[str, NullLaw]:
    """The null laws under a key, from the cache, the shipped grid, or drawn now.

    Args:
        key: names everything the laws depend on but the number of replicates.
        replicates: B if they have to be drawn; a law in the cache has as many at least.
        draw: draws B replicates of every statistic from a generator.
        stream: key of other laws whose random numbers these are to be drawn from; default their own.
    """
    return _laws(key, _budget.get().of_own(replicates), draw, stream or key)


def _laws(
    key: str, count: int, draw: Callable[[np.random.Generator, int], Mapping[str, Draws]], stream: str
) -> dict[str, NullLaw]:
    budget = _budget.get()
    for asked in budget.asked:
        asked.append(key)
    laws = null_cache.read(key, count) or (None if budget.exact else null_grid.shipped(key))
    if laws is None:
        drawn = draw(numpy_generator(0, f"{stream}/B={count}"), count)
        laws = {name: NullLaw(np.sort(draws.values), draws.variance) for name, draws in drawn.items()}
        null_cache.write(key, laws)
    return laws


def null_laws_of_samples(
    key: str,
    samples: int,
    units: int,
    readings: Callable[[Float64[Tensor, "samples units"]], Readings],
    work: float,
    stream: str | None = None,
) -> dict[str, NullLaw]:
    """Null laws of statistics of a whole code: the same readings on samples of N(0, I).

    If they have to be drawn: B = 119 replicates as long as `work` (multiply-adds of one reading) times B stays below
    7e11, fewer above (79 or 39, so that a two-sided test at 5 % keeps its level); within `calibrating` as it says. With
    the `stream` and the work of other laws the Gaussian samples are theirs.
    """

    def draw(generator: np.random.Generator, count: int) -> dict[str, Draws]:
        drawn = [readings(torch.from_numpy(generator.standard_normal((samples, units)))) for _ in range(count)]
        return {name: _gathered([each[name] for each in drawn]) for name in drawn[0]}

    shape = f"n={samples}/d={units}"
    return _laws(f"{key}/{shape}", _budget.get().of_samples(work), draw, f"{stream or key}/{shape}")


def _gathered(readings: list[Reading]) -> Draws:
    values, variances = np.array(readings, dtype=np.float64).T
    return Draws(values.copy(), float(variances.mean()))
