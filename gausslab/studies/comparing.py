"""From finished comparisons to what a study commits.

    results.csv        the rows about whole codes and images; those of single units stay with the runs
    answer.txt
    provenance.json    plans, this session, and each run's commit, seconds and date
    images/DATA/LABEL/ pictures of the first seed: samples-SAMPLER.png, reconstructions.png, interpolations.png

LABEL is the row's, with `-` for blanks and commas.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from gausslab import tables
from gausslab.comparison import ComparisonConfig, ComparisonResult
from gausslab.config import TrainConfig
from gausslab.runs import Run
from gausslab.sampling import GRID_SIDE, grid_rows
from gausslab.studies.publishing import record, require_all, write


def publish_comparisons(
    plans: Mapping[str, ComparisonConfig],
    results: Mapping[str, ComparisonResult],
    folder: Path,
    answer: Callable[[pd.DataFrame], str],
    lines: int = GRID_SIDE,
) -> pd.DataFrame:
    """Write a study of several comparisons into its folder; the table last.

    Args:
        plans: name -> plan, a data set each.
        results: name -> what `compare` left.
        folder: the study's.
        answer: the table to the text of `answer.txt`.
        lines: rows of images that are kept of each picture.

    Returns:
        The table.

    Raises:
        GausslabError: a run failed; nothing is written then.
        RunError: the folder cannot be written.
    """
    for result in results.values():
        require_all(result.failures)
    table = tables.concat(result.table for result in results.values())
    table = table[table["unit"] == "all"].reset_index(drop=True)
    runs = [_run(results[name], config) for name, plan in plans.items() for config in plan.configs()]
    files = {
        "answer.txt": f"{answer(table)}\n".encode(),
        "provenance.json": record(
            {name: asdict(plan) for name, plan in plans.items()}, runs[0].config.training.threads, runs
        ),
    }
    for name, plan in plans.items():
        files |= dict(_pictures(plan, results[name], lines))
    write(folder, table, files)
    return table


def slug(label: str) -> str:
    """The folder of a row's pictures.

    >>> slug("eae batch 50, neighbours 2")
    'eae-batch-50-neighbours-2'
    """
    return re.sub(r"[ ,]+", "-", label)


def _run(result: ComparisonResult, config: TrainConfig) -> Run:
    return Run(result.out / config.run_name, config)


def _pictures(plan: ComparisonConfig, result: ComparisonResult, lines: int) -> Iterator[tuple[str, bytes]]:
    """Name below the study's folder -> content, of the first seed of every row."""
    for cell in plan.cells():
        if cell.config.seed != plan.seeds[0]:
            continue
        run, place = _run(result, cell.config), f"images/{plan.data}/{slug(cell.label)}"
        sources = {f"samples-{sampler}": run.path / "quality" / f"{sampler}.png" for sampler in cell.samplers}
        sources |= {
            "interpolations": run.path / "quality" / "interpolations.png",
            "reconstructions": run.reconstructions_file,
        }
        for name, source in sources.items():
            if source.exists():  # a density that could not be fitted has no samples
                yield f"{place}/{name}.png", grid_rows(source, lines)
