"""Do the estimators keep their promises? Size, power, coverage and bias on laws of known divergence.

    python studies/estimator_validity/study.py              # measure what is not measured yet, then summarise
    python studies/estimator_validity/study.py summarise    # the cells there are; those that are missing are told
    python studies/estimator_validity/study.py summarise --runs FOLDER --out FOLDER

The same command goes on where an interrupted one stopped.
"""

import argparse
import os
import sys
from pathlib import Path

from gausslab.cli import guarded
from gausslab.errors import RunError
from gausslab.estimators import ESTIMATORS, null_grid
from gausslab.laws import LAWS
from gausslab.validity import Grid, publish, run

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

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("verb", nargs="?", choices=("measure", "summarise"), default="measure")
parser.add_argument("--runs", type=Path, default=RUNS, help="where the cells and the null laws drawn for them are kept")
parser.add_argument("--out", type=Path, default=HERE, help="where the tables go")


def main() -> None:
    """Measure, unless only a summary is asked for; summarise, publish."""
    options = parser.parse_args()
    if not null_grid.FILE.exists():
        raise RunError(
            f"the shipped null laws are to be judged, but there is no {null_grid.FILE}; run studies/null_grid"
        )
    os.environ["GAUSSLAB_CACHE"] = str(options.runs.absolute() / "cache")  # laws that the user drew before are not
    if options.verb == "measure":
        run(STUDY, options.runs, JOBS, lambda line: print(line, file=sys.stderr))
    print(publish(STUDY, options.runs, options.out, JOBS))


if __name__ == "__main__":
    sys.exit(guarded(main))
