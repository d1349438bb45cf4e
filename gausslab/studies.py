"""From a finished sweep to what a study commits: its table, its provenance, its sample grids and its answer."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gausslab import provenance, tables
from gausslab.config import SweepConfig
from gausslab.errors import GausslabError, RunError
from gausslab.files import write_atomically
from gausslab.runs import Run
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
    if result.failures:
        first = result.failures[0].error
        raise GausslabError(f"{len(result.failures)} runs failed, so nothing is published; first: {first}")
    runs = [Run(result.out / config.run_name, config) for config in study.configs()]
    files = {"answer.txt": f"{answer(trends(result.table))}\n".encode()}
    files["provenance.json"] = provenance.to_bytes(_provenance(study, runs))
    files |= {f"samples/width-{run.config.model.width}.png": _grid(run) for run in runs if _is_first(run, study)}
    try:
        for name, content in files.items():
            write_atomically(folder / name, content)
        tables.write(result.table, folder / "results.csv")
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}") from None


def _provenance(study: SweepConfig, runs: list[Run]) -> dict[str, Any]:
    """The study's configuration and where each run came from; runs may come from several sessions."""
    return {
        "study": asdict(study),
        "published": provenance.record(study.base.training.threads),
        "runs": {run.config.run_name: _of_run(run) for run in runs},
    }


def _of_run(run: Run) -> dict[str, Any]:
    record = json.loads(run.provenance_file.read_text())
    return {name: record[name] for name in ("commit", "date", "seconds")}


def _is_first(run: Run, study: SweepConfig) -> bool:
    return run.config.seed == study.seeds[0]


def _grid(run: Run) -> bytes:
    return run.samples_file.read_bytes()
