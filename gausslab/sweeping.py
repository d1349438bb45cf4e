"""A grid of runs and the one table they end in."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gausslab import tables
from gausslab.config import SweepConfig
from gausslab.errors import ConfigError, GausslabError, RunError
from gausslab.files import write_atomically
from gausslab.models import check_network
from gausslab.runs import Run, exclusive
from gausslab.serialisation import from_json, to_json
from gausslab.training import Reporter, load_images
from gausslab.workers import Outcome, run_all

TABLE = "measurements.csv"
CONFIG = "sweep.json"
_CURRENT = re.compile(r"(measurements\.csv|width_.*\.(pdf|png))(?<!-[0-9a-f]{8}\.(pdf|png))")
"""The table and pictures of the present grid; those of earlier grids end in a digest."""


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
        DataError: the data set cannot be loaded; nothing is written then, nor after a ConfigError.
        ConfigError: there are fewer images than a batch takes, or no such device.
        RunError: the directory cannot be written, or another sweep is at work in it.
        GausslabError: no run ended well.
    """
    if not all(Run(out / run.run_name, run).is_done for run in config.configs()):
        image_shape = load_images(config.base).image_shape
        for run in config.configs():
            check_network(run.model, image_shape)
    with _claimed(config, out):
        outcomes = run_all(config.configs(), out, jobs, report, ended)
        finished = [outcome.config for outcome in outcomes if outcome.error is None]
        failures = tuple(outcome for outcome in outcomes if outcome.error is not None)
        if not finished:
            raise _nothing_ended(failures[0])
        table = tables.concat(tables.read(Run(out / run.run_name, run).measurements_file) for run in finished)
        with _writing(out):
            tables.write(table, out / TABLE)
        return SweepResult(out, table, failures)


def _nothing_ended(first: Outcome) -> Exception:
    """A bug stays a traceback; anything else is a line."""
    if first.details:
        return RuntimeError(f"no run ended well; the first failure:\n{first.details}")
    return GausslabError(f"no run ended well; the first failure: {first.error}")


def default_jobs(config: SweepConfig) -> int:
    """As many single runs side by side as the processor has cores for: faster than one run on all of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    runs = sum(1 for _ in config.configs())
    training = config.base.training
    return 1 if training.device != "cpu" else max(1, min(cores // training.threads, runs))


@contextmanager
def _claimed(config: SweepConfig, out: Path) -> Iterator[None]:
    """Hold the directory for this sweep alone, with its configuration in it."""
    with ExitStack() as held:
        with _writing(out):
            out.mkdir(parents=True, exist_ok=True)
            held.enter_context(exclusive(out))
            _put_aside(config, out)
            write_atomically(out / CONFIG, to_json(config).encode())
        yield


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(f"cannot write {error.filename or out}: {error.strerror or error}") from None


def _put_aside(config: SweepConfig, out: Path) -> None:
    """Rename the table and pictures of another grid; its configuration last, so that a second try ends the first."""
    if not (out / CONFIG).exists() or (before := _read(out / CONFIG)) == config:
        return
    stale = [path for path in out.iterdir() if path.is_file() and _CURRENT.fullmatch(path.name)]
    for path in [*stale, out / CONFIG]:
        path.rename(out / f"{path.stem}-{before.digest}{path.suffix}")


def _read(file: Path) -> SweepConfig:
    try:
        return from_json(SweepConfig, file.read_text())
    except (ConfigError, UnicodeDecodeError) as error:
        raise RunError(f"{file} is damaged ({error}); choose another --out, or delete that file") from None
