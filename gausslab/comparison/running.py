"""A comparison from its plan to its one table; the same plan goes on where an interrupted one stopped."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gausslab import tables
from gausslab.comparison.assessing import CODES, Assessment, PerformAndAssess, real_scores
from gausslab.comparison.extracting import extractor, train_extractor
from gausslab.comparison.plan import CLASSIFIER, Cell, ComparisonConfig
from gausslab.errors import ConfigError
from gausslab.grids import GridFolder, failures_of
from gausslab.models import check_network
from gausslab.runs import Run
from gausslab.tables import POSTERIOR
from gausslab.training import Reporter, load_images
from gausslab.workers import Outcome, run_all

TABLE = "comparison.csv"
CONFIG = "comparison.json"
_CURRENT = re.compile(r"(comparison\.csv|pareto\.(pdf|png))")


@dataclass(frozen=True)
class ComparisonResult:
    """What a comparison left.

    Attributes:
        out: its directory.
        table: rows of all finished runs: the tidy table's columns, `row`, `sampler`, `extractor`, what variants set.
        failures: the runs that failed.
    """

    out: Path
    table: pd.DataFrame
    failures: tuple[Outcome, ...]


def compare(
    plan: ComparisonConfig,
    out: Path,
    jobs: int,
    report: Reporter = lambda progress: None,
    ended: Callable[[Outcome], None] = lambda outcome: None,
) -> ComparisonResult:
    """Train every row under every seed, sample by every sampler, score, and collect one table.

    Finished runs and finished scores are not made again. The real images' features, and the classifier they come from,
    are made once a data set and kept in the user's cache.

    Raises:
        DataError: the data set cannot be loaded; nothing is written then, nor after a ConfigError.
        ConfigError: images, classes, weights or devices do not allow the comparison.
        RunError: the directory cannot be written, or another process is at work in it.
        GausslabError: no run ended well.
    """
    _prepare(plan, report)
    folder = comparison_folder(out)
    with folder.claimed(plan):
        outcomes = run_all(plan.configs(), out, jobs, report, ended, PerformAndAssess(plan))
        failures = failures_of(outcomes)
        failed = {outcome.config for outcome in failures}
        table = tables.concat(rows_of(plan, cell, out) for cell in plan.cells() if cell.config not in failed)
        with folder.writing():
            tables.write(table, out / TABLE)
    return ComparisonResult(out, table, failures)


def comparison_folder(out: Path) -> GridFolder[ComparisonConfig]:
    """The directory of a comparison; its `read` gives the plan that it was made by."""
    return GridFolder(out, ComparisonConfig, CONFIG, _CURRENT)


def _prepare(plan: ComparisonConfig, report: Reporter) -> None:
    """Whatever would stop all runs stops here; the real images' features are made before workers ask for them."""
    first = plan.configs()[0]
    images = load_images(first)
    for config in plan.configs():
        check_network(config.model, images.image_shape)
    if plan.quality.extractor == CLASSIFIER and images.train.labels is None:
        raise ConfigError(
            f"extractor 'classifier' needs images with classes, which {images.name} has not; "
            "choose efficientnet-lite0, mobilenet_v2 or inception"
        )
    train_extractor(plan, report)
    real_scores(plan, images, extractor(plan.quality, first.data, plan.scale))


def rows_of(plan: ComparisonConfig, cell: Cell, out: Path) -> pd.DataFrame:
    """The rows of one cell: what its run measured, and the scores of its own samplers; a column each varied setting.

    Raises:
        GausslabError: a file is missing or damaged.
    """
    run = Run(out / cell.config.run_name, cell.config)
    wanted = {CODES, POSTERIOR, *cell.samplers}
    files = [file for task, file in Assessment(plan, run).files().items() if task in wanted]
    measured = tables.read(run.measurements_file).assign(sampler="", extractor="")
    frame = tables.concat([measured, *(tables.read(file) for file in files)])
    varied = {name: cell.variant.given.get(name) for name in plan.varied if name not in frame}
    return frame.assign(row=cell.label, **varied)
