"""What the scripts of comparison studies do in a terminal: bring every plan to its end, publish, print the answer."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from gausslab.cli.console import stderr, stdout
from gausslab.cli.progress import live
from gausslab.comparison import ComparisonConfig, ComparisonResult, compare
from gausslab.config import TrainConfig
from gausslab.grids import default_jobs, jobs_for
from gausslab.runs import Run
from gausslab.sampling import GRID_SIDE
from gausslab.studies import publish_comparisons
from gausslab.studies.publishing import require_all
from gausslab.workers import Work, run_all


def conduct(
    plans: Mapping[str, ComparisonConfig], folder: Path, answer: Callable[[pd.DataFrame], str], lines: int = GRID_SIDE
) -> None:
    """Train what is not trained yet, in `runs/` under the folder's name; measure, publish into the folder.

    Args:
        plans: name -> plan.
        folder: the study's.
        answer: the published table to the text of `answer.txt`.
        lines: rows of images that are kept of each picture.
    """
    publish_comparisons(plans, completed(plans, Path("runs") / folder.name), folder, answer, lines)
    stdout().print((folder / "answer.txt").read_text(), soft_wrap=True)


def performed(configs: Sequence[TrainConfig], root: Path, work: Work | None = None) -> list[Run]:
    """Every run of a study brought to its end, side by side; what an earlier session finished is not done again.

    Args:
        configs: the runs, all with as many threads.
        root: where their directories go.
        work: what is done with each; None trains and measures.

    Raises:
        GausslabError: a run failed.
    """
    jobs = jobs_for(configs)
    stderr().print(f"{len(configs)} runs in {root}, {jobs} at a time", soft_wrap=True)
    with live(configs) as display:
        require_all(
            outcome
            for outcome in run_all(configs, root, jobs, display.report, display.ended, work)
            if outcome.error is not None
        )
    return [Run(root / config.run_name, config) for config in configs]


def completed(plans: Mapping[str, ComparisonConfig], runs: Path) -> dict[str, ComparisonResult]:
    """Every plan's result, in a directory of its name; finished runs are not made again."""
    return {name: _completed(name, plan, runs / name) for name, plan in plans.items()}


def _completed(name: str, plan: ComparisonConfig, out: Path) -> ComparisonResult:
    number = len(plan.configs())
    stderr().print(f"{name}: {number} runs in {out}", soft_wrap=True)
    with live(plan.configs()) as display:
        return compare(plan, out, default_jobs(plan), display.report, display.ended)
