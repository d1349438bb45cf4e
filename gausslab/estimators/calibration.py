"""Null laws by Monte Carlo: what a statistic gives on exact Gaussian samples, computed once and kept on disk.

A null law depends on the statistic, its parameters, n, d and the preprocessing, and on nothing else; together they
are its key. The replicates are drawn from a generator seeded by the key, so a law read from disk and one computed
afresh are the same numbers. Laws lie under the user's cache folder, or under `$GAUSSLAB_CACHE`; an entry that cannot
be read is computed again, and a folder that cannot be written costs only the time.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from platformdirs import user_cache_path
from torch import Tensor

from gausslab.estimators.contract import NAN, Estimate, NullKind, Reading, Readings
from gausslab.files import write_atomically
from gausslab.seeding import numpy_generator

FORMAT = 1
WORK = 7e11
REPLICATES = 99
FEWEST = 39


class Draws(NamedTuple):
    """Values of a statistic on Gaussian samples, and the mean of its first variance estimates on them (NaN if none)."""

    values: Float64[np.ndarray, " replicates"]
    variance: float = NAN


@dataclass(frozen=True, eq=False)
class NullLaw:
    """The law of a statistic under the null, by its Monte Carlo replicates.

    Attributes:
        replicates: values on Gaussian samples, ascending.
        variance: mean over them of the uncorrected estimate of the sampling variance, NaN if the statistic has none.
    """

    replicates: Float64[np.ndarray, " replicates"]
    variance: float = NAN

    @property
    def mean(self) -> float:
        """Mean of the replicates."""
        return float(self.replicates.mean())

    @property
    def sd(self) -> float:
        """Standard deviation of the replicates."""
        return float(self.replicates.std(ddof=1))

    @property
    def monte_carlo_error(self) -> float:
        """Standard error of `mean`."""
        return self.sd / math.sqrt(len(self.replicates))

    def p_value(self, value: float) -> float:
        """Two-sided Monte Carlo p: twice the smaller tail, the value itself counted in both; at least 2 / (B + 1)."""
        below = int(np.searchsorted(self.replicates, value, side="right"))
        above = len(self.replicates) - int(np.searchsorted(self.replicates, value, side="left"))
        return min(1.0, 2 * (1 + min(below, above)) / (1 + len(self.replicates)))

    def standard_error(self, variance: float) -> float:
        """Root of a variance estimate less its mean excess over the truth under the null; a quarter stays."""
        excess = self.variance - self.sd**2
        return math.sqrt(max(variance - excess, variance / 4))

    def estimate(
        self, statistic: str, reading: Reading, *, quantity: Literal["nats", ""] = "", null: NullKind = "simple"
    ) -> Estimate:
        """The reading itself, with the null beside it."""
        return Estimate(
            statistic=statistic,
            value=reading.value,
            standard_error=self.standard_error(reading.variance),
            null_mean=self.mean,
            null_sd=self.sd,
            p_value=self.p_value(reading.value),
            quantity=quantity,
            null=null,
        )

    def excess(
        self, statistic: str, reading: Reading, *, quantity: Literal["nats", ""] = "", null: NullKind = "simple"
    ) -> Estimate:
        """The reading minus the null's mean; the standard error includes the Monte Carlo error of that mean."""
        return Estimate(
            statistic=statistic,
            value=reading.value - self.mean,
            standard_error=math.hypot(self.standard_error(reading.variance), self.monte_carlo_error),
            null_mean=0.0,
            null_sd=self.sd,
            p_value=self.p_value(reading.value),
            quantity=quantity,
            null=null,
        )

    def shortfall(
        self, statistic: str, reading: Reading, *, quantity: Literal["nats", ""] = "", null: NullKind = "simple"
    ) -> Estimate:
        """The null's mean minus the reading."""
        mirrored = NullLaw(-self.replicates[::-1], self.variance)
        return mirrored.excess(statistic, Reading(-reading.value, reading.variance), quantity=quantity, null=null)


def cache_folder() -> Path:
    """Where null laws are kept: `$GAUSSLAB_CACHE/nulls`, or the same under the user's cache folder."""
    root = os.environ.get("GAUSSLAB_CACHE")
    return (Path(root).expanduser() if root else user_cache_path("gausslab", appauthor=False)) / "nulls"


def null_laws(
    key: str,
    replicates: int,
    draw: Callable[[np.random.Generator, int], Mapping[str, Draws]],
    stream: str | None = None,
) -> dict[str, NullLaw]:
    """The null laws under a key, from disk or drawn now.

    Args:
        key: names everything the laws depend on but the number of replicates.
        replicates: B.
        draw: draws B replicates of every statistic from a generator.
        stream: key of other laws whose random numbers these are to be drawn from; default their own.
    """
    key, stream = (f"{each}/B={replicates}/format={FORMAT}" for each in (key, stream or key))
    path = cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
    laws = _read(path, key, replicates)
    if laws is None:
        drawn = draw(numpy_generator(0, stream), replicates)
        laws = {name: NullLaw(np.sort(draws.values), draws.variance) for name, draws in drawn.items()}
        with suppress(OSError):
            write_atomically(path, _to_bytes(key, laws))
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

    B = 99 replicates as long as `work` (multiply-adds of one reading) times B stays below 7e11, fewer above, never
    below 39, with which a two-sided 5 % test is still possible. With the `stream` and the work of other laws the
    Gaussian samples are theirs.
    """

    def draw(generator: np.random.Generator, count: int) -> dict[str, Draws]:
        drawn = [readings(torch.from_numpy(generator.standard_normal((samples, units)))) for _ in range(count)]
        return {name: _gathered([each[name] for each in drawn]) for name in drawn[0]}

    count = max(FEWEST, min(REPLICATES, int(WORK / work)))
    shape = f"n={samples}/d={units}"
    return null_laws(f"{key}/{shape}", count, draw, stream and f"{stream}/{shape}")


def _gathered(readings: list[Reading]) -> Draws:
    values, variances = np.array(readings, dtype=np.float64).T
    return Draws(values.copy(), float(variances.mean()))


def _to_bytes(key: str, laws: Mapping[str, NullLaw]) -> bytes:
    entries = {name: {"replicates": law.replicates.tolist(), "variance": law.variance} for name, law in laws.items()}
    return json.dumps({"key": key, "laws": entries}).encode()


def _read(path: Path, key: str, replicates: int) -> dict[str, NullLaw] | None:
    """The laws in a file, or None if it is absent, damaged or about something else."""
    try:
        content = json.loads(path.read_bytes())
        laws = {
            name: NullLaw(np.array(law["replicates"], dtype=np.float64), float(law["variance"]))
            for name, law in content["laws"].items()
        }
        whole = content["key"] == key and all(
            law.replicates.shape == (replicates,) and np.isfinite(law.replicates).all() for law in laws.values()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return laws if whole and laws else None
