"""Cells to raw rows: every replicate has its own seed, so that an interrupted grid goes on where it stopped."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from gausslab.errors import EstimatorError, RunError
from gausslab.estimators import measure
from gausslab.files import write_atomically
from gausslab.laws import get
from gausslab.seeding import numpy_generator
from gausslab.validity.grid import Cell, Grid

COLUMNS = ("law", "n_samples", "n_units", "replicate", "estimator", "statistic", "value", "standard_error", "p_value")


@dataclass(frozen=True)
class Finished:
    """What there is of a grid.

    Attributes:
        raw: rows of the complete cells, in the grid's order.
        missing: the other cells.
        written: when the first and the last of the complete cells were written, to the second.
    """

    raw: pd.DataFrame
    missing: tuple[Cell, ...]
    written: tuple[str, str]


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
    waiting = [cell for cell in grid.cells() if not _file(grid, folder, cell).exists()]
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        futures = [pool.submit(_perform, cell, _file(grid, folder, cell)) for cell in waiting]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                report(f"{done} of {len(waiting)}: {future.result()}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return finished(grid, folder).raw


def finished(grid: Grid, folder: Path) -> Finished:
    """The rows of the cells that are complete; nothing is measured.

    Raises:
        RunError: no cell is complete, or a cell's file cannot be read.
    """
    files = {cell: _file(grid, folder, cell) for cell in grid.cells()}
    there = [file for file in files.values() if file.exists()]
    if not there:
        raise RunError(f"no cell of the grid is complete in {folder / grid.digest}")
    times = sorted(file.stat().st_mtime for file in there)
    first, last = (datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds") for time in (times[0], times[-1]))
    missing = tuple(cell for cell, file in files.items() if not file.exists())
    return Finished(pd.concat(map(_read, there), ignore_index=True), missing, (first, last))


def _file(grid: Grid, folder: Path, cell: Cell) -> Path:
    return folder / grid.digest / f"{cell.name}.csv"


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {path}: {error}") from None


def _perform(cell: Cell, file: Path) -> str:
    frame = pd.concat([replicate(cell, index) for index in range(cell.first, cell.first + cell.count)])
    write_atomically(file, frame.to_csv(index=False, lineterminator="\n").encode())
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
