"""How Gaussian the code is against the bottleneck width: `python figures/width_sweep.py [TABLE] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab import tables
from gausslab.errors import GausslabError
from gausslab.plotting import save, width_trend

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "studies" / "width_sweep" / "results.csv"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("table", nargs="?", type=Path, default=TABLE, help="tidy table of a sweep over widths")
parser.add_argument("--out", type=Path, default=HERE / "width_sweep", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        print(*save(width_trend(tables.read(options.table)), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
