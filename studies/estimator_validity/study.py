"""Do the estimators keep their promises? Size, power, coverage and bias on laws of known divergence.

    python studies/estimator_validity/study.py

The same command goes on where an interrupted one stopped.
"""

import os
import sys
import time
from pathlib import Path

from gausslab import provenance
from gausslab.cli import guarded
from gausslab.errors import RunError
from gausslab.estimators import ESTIMATORS, null_grid
from gausslab.files import write_atomically
from gausslab.laws import LAWS
from gausslab.validity import Grid, coverage, rejection_rates, run, worst_sizes

HERE = Path(__file__).parent
RUNS = Path("runs/estimator_validity")
JOBS = 2
STUDY = Grid(
    laws=tuple(LAWS),
    samples=(500, 2000, 10_000),
    units=(8, 32, 128),
    replicates=(40, 20, 10),
    null_replicates=(1000, 400, 60),
    block=5,
    estimators=tuple(ESTIMATORS),
    dear=("kl_lower_bound",),
    dear_replicates=(100, 60, 20),
)


def main() -> None:
    """Measure what is not measured yet, summarise, publish."""
    start = time.perf_counter()
    if not null_grid.FILE.exists():
        raise RunError(
            f"the shipped null laws are to be judged, but there is no {null_grid.FILE}; run studies/null_grid"
        )
    os.environ["GAUSSLAB_CACHE"] = str(RUNS.absolute() / "cache")  # laws that the user drew before are not
    raw = run(STUDY, RUNS, JOBS, lambda line: print(line, file=sys.stderr))
    rates = rejection_rates(raw)
    tables = {"rejections.csv": rates, "coverage.csv": coverage(raw)}
    for name, table in tables.items():
        write_atomically(HERE / name, table.to_csv(index=False, lineterminator="\n").encode())
    record = provenance.record(JOBS, time.perf_counter() - start)
    write_atomically(HERE / "provenance.json", provenance.to_bytes(record))
    print(worst_sizes(rates).to_string(index=False))


if __name__ == "__main__":
    sys.exit(guarded(main))
