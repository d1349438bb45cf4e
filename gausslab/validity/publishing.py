"""From complete cells to what the study commits."""

from pathlib import Path

import pandas as pd

from gausslab import provenance
from gausslab.errors import RunError
from gausslab.files import write_atomically
from gausslab.validity.answers import answer
from gausslab.validity.grid import Grid
from gausslab.validity.intervals import coverage
from gausslab.validity.rejections import rejection_rates
from gausslab.validity.running import finished
from gausslab.validity.worst import power_by_law


def publish(grid: Grid, runs: Path, folder: Path, jobs: int) -> str:
    """Summarise the cells that are complete, all or not, into a folder, and return the answer.

    `rejections.csv`, `coverage.csv`, `power.csv`, `answer.txt` and `provenance.json`. Cells do not record how long they
    took, nor at which commit: the provenance is that of the summary, and has beside it how many cells there are and
    when the first and the last of them were written.

    Args:
        grid: of the study.
        runs: folder of its cells, as for `run`.
        folder: where to.
        jobs: processes that measured.

    Raises:
        RunError: no cell is complete, a cell cannot be read, a null law is not there, or the folder cannot be written.
    """
    there = finished(grid, runs)
    rates, intervals = rejection_rates(there.raw), coverage(there.raw)
    total, (first, last) = len(list(grid.cells())), there.written
    cells = {"complete": total - len(there.missing), "of": total, "first_written": first, "last_written": last}
    told = answer(rates, intervals, there.missing)
    files = {
        "rejections.csv": _csv(rates),
        "coverage.csv": _csv(intervals),
        "power.csv": _csv(power_by_law(rates)),
        "answer.txt": told.encode(),
        "provenance.json": provenance.to_bytes({**provenance.record(jobs), "cells": cells}),
    }
    try:
        for name, content in files.items():
            write_atomically(folder / name, content)
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}") from None
    return told


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()
