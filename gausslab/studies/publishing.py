"""What every study of runs commits beside its table: where the runs came from; and files that are written whole."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gausslab import provenance, tables
from gausslab.errors import GausslabError, RunError
from gausslab.files import write_atomically
from gausslab.runs import Run
from gausslab.workers import Outcome

TABLE = "results.csv"


def require_all(failures: Iterable[Outcome]) -> None:
    """A study is published when all of its runs ended well.

    Raises:
        GausslabError: a run failed.
    """
    if errors := [failure.error for failure in failures]:
        raise GausslabError(f"{len(errors)} runs failed, so nothing is published; first: {errors[0]}")


def record(study: Any, threads: int, runs: Iterable[Run]) -> bytes:
    """The study's configuration, this session, and where each run came from: it may be an earlier session."""
    of_runs = {run.config.run_name: _of_run(run) for run in runs}
    return provenance.to_bytes({"study": study, "published": provenance.record(threads), "runs": of_runs})


def measured(runs: Iterable[Run]) -> pd.DataFrame:
    """The rows about whole codes and networks of every run; those of single units stay with the runs."""
    table = tables.concat(tables.read(run.measurements_file) for run in runs)
    return table[table["unit"] == "all"].reset_index(drop=True)


def _of_run(run: Run) -> dict[str, Any]:
    found = json.loads(run.provenance_file.read_text())
    return {name: found[name] for name in ("commit", "date", "seconds")}


def write(folder: Path, table: pd.DataFrame, files: Mapping[str, bytes]) -> None:
    """Write the files, and last, when all else is there, the table.

    Raises:
        RunError: the folder cannot be written.
    """
    try:
        for name, content in files.items():
            write_atomically(folder / name, content)
        tables.write(table, folder / TABLE)
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}") from None
