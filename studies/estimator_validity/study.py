"""Do the estimators keep their promises? Size, power, coverage and bias on laws of known divergence.

    python studies/estimator_validity/study.py

The same command goes on where an interrupted one stopped.
"""

import sys
import time
from pathlib import Path

from gausslab import provenance
from gausslab.cli import guarded
from gausslab.estimators import ESTIMATORS
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
    replicates=(200, 100, 20),
    null_replicates=(1000, 400, 100),
    block=20,
    estimators=tuple(ESTIMATORS),
)


def main() -> None:
    """Measure what is not measured yet, summarise, publish."""
    start = time.perf_counter()
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
