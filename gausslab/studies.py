"""From a finished sweep to what a study commits: its table, its provenance, its sample grids and its answer."""

import json
from dataclasses import asdict
from pathlib import Path

from gausslab import provenance, tables
from gausslab.config import SweepConfig
from gausslab.errors import GausslabError
from gausslab.files import write_atomically
from gausslab.runs import Run
from gausslab.summary import answer, trend
from gausslab.sweeping import SweepResult


def publish(study: SweepConfig, result: SweepResult, folder: Path) -> None:
    """Write `results.csv`, `provenance.json`, `answer.txt` and the first seed's `samples/width-W.png` into a folder.

    Raises:
        GausslabError: a run of the study failed; a study is published whole or not at all.
    """
    if result.failures:
        raise GausslabError(
            f"{len(result.failures)} runs failed, nothing is published; first: {result.failures[0].error}"
        )
    runs = [Run(result.out / config.run_name, config) for config in study.configs()]
    sentence = answer(trend(result.table))
    tables.write(result.table, folder / "results.csv")
    record = provenance.record(study.base.training.threads, sum(map(_seconds, runs))) | {"study": asdict(study)}
    write_atomically(folder / "provenance.json", provenance.to_bytes(record))
    write_atomically(folder / "answer.txt", f"{sentence}\n".encode())
    for run in runs:
        if run.config.seed == study.seeds[0]:
            grid = folder / "samples" / f"width-{run.config.model.width}.png"
            write_atomically(grid, run.samples_file.read_bytes())


def _seconds(run: Run) -> float:
    return float(json.loads(run.provenance_file.read_text())["seconds"])
