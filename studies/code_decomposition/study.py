"""Of what is the distance of a bottleneck code from N(0, I) made? Default autoencoders of three widths, three seeds.

    python studies/code_decomposition/study.py

The same command goes on where an interrupted one stopped.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from gausslab import data, provenance, tables
from gausslab.checkpoints import load_checkpoint
from gausslab.cli import guarded
from gausslab.cli.console import stdout
from gausslab.cli.decomposition import print_decomposition
from gausslab.cli.progress import live
from gausslab.config import SweepConfig
from gausslab.files import write_atomically
from gausslab.grids import default_jobs
from gausslab.probing import float_batches, identify, probe
from gausslab.runs import Run
from gausslab.sweeping import sweep
from gausslab.verdicts import verdict

HERE = Path(__file__).parent
RUNS = Path("runs/code_decomposition")
STUDY = SweepConfig(widths=(8, 16, 32), seeds=(0, 1, 2))
ESTIMATORS = ("kl_decomposition", "negentropy", "kl_lower_bound", "shapiro_wilk", "radial_spread")


def main() -> None:
    """Train what is not trained yet, measure every code, publish."""
    begun = time.monotonic()
    with live(STUDY.configs()) as display:
        sweep(STUDY, RUNS, default_jobs(STUDY), display.report, display.ended)
    table = tables.concat(measured())
    tables.write(table, HERE / "results.csv")
    write_atomically(HERE / "provenance.json", provenance.to_bytes(_provenance(time.monotonic() - begun)))
    lines = [f"{name}: {verdict(code)}" for name, code in table.groupby("run", sort=False)]
    write_atomically(HERE / "answer.txt", "".join(f"{line}\n" for line in lines).encode())
    for _, code in table[table["seed"] == 0].groupby("run", sort=False):
        print_decomposition(code)
    stdout().print("\n".join(lines), soft_wrap=True)


def measured() -> Iterator[pd.DataFrame]:
    """The table of every run: codes of the test images, which the network never saw."""
    for config in STUDY.configs():
        checkpoint = load_checkpoint(Run(RUNS / config.run_name, config).checkpoint_file)
        batches = float_batches(data.load(config.data).test.images)
        options = {"layers": "bottleneck", "kinds": "all", "point": "normalized"}
        yield probe(checkpoint.model, batches, identify(config), estimators=ESTIMATORS, **options).table


def _provenance(seconds: float) -> dict[str, Any]:
    """The configuration, this session, and where each run came from: it may be an earlier session."""
    files = {config.run_name: Run(RUNS / config.run_name, config).provenance_file for config in STUDY.configs()}
    records = {name: json.loads(file.read_text()) for name, file in files.items()}
    runs = {name: {key: record[key] for key in ("commit", "date", "seconds")} for name, record in records.items()}
    return {"study": asdict(STUDY), "published": provenance.record(STUDY.base.training.threads, seconds), "runs": runs}


if __name__ == "__main__":
    sys.exit(guarded(main))
