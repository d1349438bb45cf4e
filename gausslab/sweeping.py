"""A grid of runs and the one table they end in."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gausslab import tables
from gausslab.config import SweepConfig, from_json, to_json
from gausslab.errors import ConfigError, GausslabError, RunError
from gausslab.files import write_atomically
from gausslab.runs import Run
from gausslab.training import Reporter
from gausslab.workers import Outcome, run_all

TABLE = "measurements.csv"
CONFIG = "sweep.json"


@dataclass(frozen=True)
class SweepResult:
    """What a sweep left.

    Attributes:
        out: its directory.
        table: rows of all finished runs, in the grid's order.
        failures: the runs that failed.
    """

    out: Path
    table: pd.DataFrame
    failures: tuple[Outcome, ...]


def sweep(
    config: SweepConfig,
    out: Path,
    jobs: int,
    report: Reporter = lambda progress: None,
    ended: Callable[[Outcome], None] = lambda outcome: None,
) -> SweepResult:
    """Bring every run of the grid to its end and collect their rows in `measurements.csv`.

    Finished runs are skipped, half-finished ones go on. A directory that holds the table of another grid keeps it under
    a name with that grid's digest; runs of other configurations have other names and are never touched.

    Raises:
        RunError: the directory cannot be written.
        GausslabError: no run ended well.
    """
    try:
        _claim(config, out)
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror or error}") from None
    outcomes = run_all(config.configs(), out, jobs, report, ended)
    finished = [outcome.config for outcome in outcomes if outcome.error is None]
    failures = tuple(outcome for outcome in outcomes if outcome.error is not None)
    if not finished:
        raise GausslabError(f"no run ended well; the first failure: {failures[0].error}")
    table = tables.concat(tables.read(Run(out / run.run_name, run).measurements_file) for run in finished)
    try:
        tables.write(table, out / TABLE)
    except OSError as error:
        raise RunError(f"cannot write {out / TABLE}: {error.strerror or error}") from None
    return SweepResult(out, table, failures)


def default_jobs(config: SweepConfig) -> int:
    """As many single runs side by side as the processor has cores for: faster than one run on all of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    runs = sum(1 for _ in config.configs())
    training = config.base.training
    return 1 if training.device != "cpu" else max(1, min(cores // training.threads, runs))


def _claim(config: SweepConfig, out: Path) -> None:
    """Write the grid's configuration; put aside the table and pictures of another grid."""
    file = out / CONFIG
    if file.exists():
        before = _read(file)
        if before != config:
            for stale in (path for path in out.iterdir() if path.is_file() and not path.name.startswith(".")):
                stale.rename(out / f"{stale.stem}-{before.digest}{stale.suffix}")
    write_atomically(file, to_json(config).encode())


def _read(file: Path) -> SweepConfig:
    try:
        return from_json(SweepConfig, file.read_text())
    except (ConfigError, UnicodeDecodeError) as error:
        raise RunError(f"{file} is damaged ({error}); choose another --out, or delete that file") from None
