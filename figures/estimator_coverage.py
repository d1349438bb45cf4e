"""How often intervals hold what they should: `python figures/estimator_coverage.py [TABLE] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab.errors import GausslabError
from gausslab.plotting import save
from gausslab.plotting.validity import coverage_chart
from gausslab.validity.rows import read

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "studies" / "estimator_validity" / "coverage.csv"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("table", nargs="?", type=Path, default=TABLE, help="coverage.csv of the study")
parser.add_argument("--out", type=Path, default=HERE / "estimator_coverage", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        print(*save(coverage_chart(read(options.table)), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
