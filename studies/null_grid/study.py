"""Draw the null laws that gausslab ships, and collect them into one file.

    python studies/null_grid/study.py draw              # every cell, cheap ones first; run it twice for two cores
    python studies/null_grid/study.py draw 500x8 500x32 # these cells only
    python studies/null_grid/study.py collect           # write gausslab/estimators/nulls.npz from the cells there are

The laws lie in runs/null_grid, or in $GAUSSLAB_CACHE. The same command goes on where an interrupted one stopped.
"""

import os
import sys
from pathlib import Path

import torch

from gausslab.cli import guarded
from gausslab.errors import ConfigError
from gausslab.estimators import null_study
from gausslab.estimators.null_grid import FILE

HERE = Path(__file__).parent
USAGE = "study.py draw [SAMPLESxUNITS ...] | study.py collect"


def main() -> None:
    """Draw or collect."""
    os.environ.setdefault("GAUSSLAB_CACHE", str(HERE.parents[1] / "runs" / "null_grid"))
    torch.set_num_threads(1)
    match sys.argv[1:]:
        case ["draw", *names]:
            null_study.draw(_cells(names), lambda line: print(line, file=sys.stderr, flush=True))
        case ["collect"]:
            print(f"{null_study.collect()} laws, {FILE.stat().st_size / 1e6:.2f} MB: {FILE}")
        case _:
            raise ConfigError(f"expected: {USAGE}")


def _cells(names: list[str]) -> list[null_study.Cell]:
    """The cells named as 500x8, or all."""
    known = {f"{cell.samples}x{cell.units}": cell for cell in null_study.cells()}
    if unknown := [name for name in names if name not in known]:
        raise ConfigError(f"cell {unknown[0]!r} is not of the grid; choices: {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())


if __name__ == "__main__":
    sys.exit(guarded(main))
