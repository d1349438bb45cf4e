"""From a finished sweep to what a study commits: its table, its provenance, its sample grids and its answer."""

from dataclasses import asdict
from pathlib import Path

from gausslab.config import SweepConfig
from gausslab.runs import Run
from gausslab.studies.publishing import record, require_all, write
from gausslab.sweeping import SweepResult
from gausslab.trends import answer, trends


def publish_width_study(study: SweepConfig, result: SweepResult, folder: Path) -> None:
    """Write a study over widths and seeds alone into its folder.

    `answer.txt`, `provenance.json` (with each run's commit, seconds and date), `samples/width-W.png` of the first seed,
    and last, when all else is there, `results.csv`.

    Raises:
        GausslabError: a run of the study failed, or the table has no trend over widths; nothing is written then.
        RunError: the folder cannot be written.
    """
    require_all(result.failures)
    runs = [Run(result.out / config.run_name, config) for config in study.configs()]
    files = {
        "answer.txt": f"{answer(trends(result.table))}\n".encode(),
        "provenance.json": record(asdict(study), study.base.training.threads, runs),
    }
    files |= {f"samples/width-{run.config.model.width}.png": _grid(run) for run in runs if _is_first(run, study)}
    write(folder, result.table, files)


def _is_first(run: Run, study: SweepConfig) -> bool:
    return run.config.seed == study.seeds[0]


def _grid(run: Run) -> bytes:
    return run.samples_file.read_bytes()
