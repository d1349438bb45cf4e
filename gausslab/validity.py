"""Do the estimators keep what they promise: size, power, coverage and bias on laws whose divergence is known.

    Grid -> cells of replicates, each saved when done -> raw rows -> rejection rates, coverage, bias

A cell is a law, a number of samples, a number of units and a block of replicates; every replicate has its own seed, so
cells may be computed in any order, by any number of processes, and an interrupted grid goes on where it stopped.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats

from gausslab.errors import EstimatorError, RunError
from gausslab.estimators import measure
from gausslab.files import write_atomically
from gausslab.laws import Law, get
from gausslab.seeding import numpy_generator
from gausslab.serialisation import digest

LEVEL = 0.05
INTERVAL = float(stats.norm.ppf(1 - LEVEL / 2))
COLUMNS = ("law", "n_samples", "n_units", "replicate", "estimator", "statistic", "value", "standard_error", "p_value")
CELL = ["law", "n_samples", "n_units", "estimator", "statistic"]


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


def run(grid: Grid, folder: Path, jobs: int, report: Callable[[str], None]) -> pd.DataFrame:
    """Measure the cells that are not there yet, one thread a process, and return the raw rows of all.

    Args:
        grid: what to cover.
        folder: where each cell's rows are kept, in a folder named by the estimators and the block.
        jobs: processes.
        report: told of every cell that ends.

    Raises:
        RunError: a cell's file cannot be read.
    """
    folder = folder / grid.digest
    waiting = [cell for cell in grid.cells() if not _file(folder, cell).exists()]
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        futures = [pool.submit(_perform, cell, folder) for cell in waiting]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                report(f"{done} of {len(waiting)}: {future.result()}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return pd.concat([_read(_file(folder, cell)) for cell in grid.cells()], ignore_index=True)


def _file(folder: Path, cell: Cell) -> Path:
    return folder / f"{cell.name}.csv"


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {path}: {error}") from None


def _perform(cell: Cell, folder: Path) -> str:
    frame = pd.concat([replicate(cell, index) for index in range(cell.first, cell.first + cell.count)])
    write_atomically(_file(folder, cell), frame.to_csv(index=False, lineterminator="\n").encode())
    return cell.name


def replicate(cell: Cell, index: int) -> pd.DataFrame:
    """One replicate's rows about the whole code: every joint statistic, and what tests of single units reject together.

    An estimator that the samples do not allow has no rows.
    """
    generator = numpy_generator(0, f"validity/{cell.law}/{cell.samples}/{cell.units}/{index}")
    x = get(cell.law).draw(generator, cell.samples, cell.units)
    frames = [_rows(x, name) for name in cell.estimators]
    rows = pd.concat([frame[frame["unit"] == "all"] for frame in frames])
    rows = rows.assign(law=cell.law, replicate=index, n_samples=cell.samples)
    return rows[list(COLUMNS)]


def _rows(x: np.ndarray, estimator: str) -> pd.DataFrame:
    try:
        return measure(x, estimator)
    except EstimatorError:
        return pd.DataFrame(columns=[*COLUMNS, "unit"])


def rejection_rates(raw: pd.DataFrame) -> pd.DataFrame:
    """Share of replicates that each statistic rejects at 5 %, with its Clopper-Pearson 95 % interval.

    A test of single units rejects a code when Holm rejects any of its units. On the law `gaussian` the rate is the
    size; `binomial_p` is then the two-sided p of the number of rejections if the true size is 5 %.
    """
    family = raw["statistic"] == "rejected_share"
    rejected = np.where(family, raw["value"] > 0, raw["p_value"] <= LEVEL)
    counted = raw.assign(rejected=rejected)[family | raw["p_value"].notna()]
    table = counted.groupby(CELL, sort=False)["rejected"].agg(rejections="sum", replicates="count").reset_index()
    tests = [
        stats.binomtest(int(k), int(n), LEVEL) for k, n in zip(table["rejections"], table["replicates"], strict=True)
    ]
    intervals = [test.proportion_ci(1 - LEVEL) for test in tests]
    return table.assign(
        rate=table["rejections"] / table["replicates"],
        low=[interval.low for interval in intervals],
        high=[interval.high for interval in intervals],
        binomial_p=[
            test.pvalue if law == "gaussian" else np.nan for test, law in zip(tests, table["law"], strict=True)
        ],
    )


Truth = Callable[[Law, int], float | None]


def _moments(law: Law, units: int) -> float:
    return law.kl(units) - law.negentropy(units)


TRUTHS: dict[tuple[str, str], Truth] = {
    ("moment_kl", "debiased"): _moments,
    ("moment_kl", "mean_scale"): lambda law, units: 0.0,
    ("moment_kl", "correlation"): _moments,
    ("kl_decomposition", "total"): Law.kl,
    ("kl_decomposition", "mean_scale"): lambda law, units: 0.0,
    ("kl_decomposition", "correlation"): _moments,
    ("kl_decomposition", "beyond_second_order"): lambda law, units: law.negentropy(units),
    ("kl_decomposition", "marginal_negentropy"): lambda law, units: law.marginal_negentropy(units),
    ("kl_decomposition", "dependence"): lambda law, units: law.dependence(units),
    ("kl_lower_bound", "statistic"): Law.kl,
}


def coverage(raw: pd.DataFrame) -> pd.DataFrame:
    """Bias, spread, and how often value +- 1.96 standard errors covers what it should.

    `covered_mean` counts the intervals around the statistic's own mean over the replicates: whether the standard error
    is right. `covered` counts those that hold the truth, known in closed form: bias included. `above` counts intervals
    that lie wholly above the truth: what a lower bound must not do more often than 2.5 %.
    """
    known = raw[
        [
            (estimator, statistic) in TRUTHS
            for estimator, statistic in zip(raw["estimator"], raw["statistic"], strict=True)
        ]
    ]
    known = known[known["standard_error"].notna()]
    rows = [_covered(dict(zip(CELL, key, strict=True)), group) for key, group in known.groupby(CELL, sort=False)]
    return pd.DataFrame([row for row in rows if row])


def _covered(key: dict[str, Any], group: pd.DataFrame) -> dict[str, Any]:
    truth = TRUTHS[key["estimator"], key["statistic"]](get(key["law"]), key["n_units"])
    if truth is None:
        return {}
    values, errors = group["value"].to_numpy(), group["standard_error"].to_numpy()
    reach = INTERVAL * errors
    return {
        **key,
        "replicates": len(values),
        "truth": truth,
        "mean": values.mean(),
        "bias": values.mean() - truth,
        "sd": values.std(ddof=1),
        "mean_standard_error": errors.mean(),
        "covered": float((np.abs(values - truth) <= reach).mean()),
        "covered_mean": float((np.abs(values - values.mean()) <= reach).mean()),
        "above": float((values - reach > truth).mean()),
    }


def worst_sizes(rates: pd.DataFrame, most: int = 5) -> pd.DataFrame:
    """Rows of the law `gaussian` whose size is the least compatible with 5 %."""
    return rates[rates["law"] == "gaussian"].sort_values("binomial_p", kind="stable").head(most)
