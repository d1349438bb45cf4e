"""A grid of runs and the one table they end in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gausslab import tables
from gausslab.config import SweepConfig
from gausslab.grids import GridFolder, failures_of
from gausslab.models import check_network
from gausslab.runs import Run
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
    folder = _folder(out)
    with folder.claimed(config):
        outcomes = run_all(config.configs(), out, jobs, report, ended)
        failures = failures_of(outcomes)
        finished = [outcome.config for outcome in outcomes if outcome.error is None]
        table = tables.concat(tables.read(Run(out / run.run_name, run).measurements_file) for run in finished)
        with folder.writing():
            tables.write(table, out / TABLE)
        return SweepResult(out, table, failures)


def _folder(out: Path) -> GridFolder[SweepConfig]:
    return GridFolder(out, SweepConfig, CONFIG, _CURRENT)
