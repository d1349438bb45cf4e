"""Samples against reconstructions: `python figures/model_comparison.py [TABLE] [--data DATA] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab import tables
from gausslab.errors import GausslabError
from gausslab.plotting import save
from gausslab.plotting.pareto import pareto
from gausslab.plotting.selection import of_data

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "studies" / "model_comparison" / "results.csv"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("table", nargs="?", type=Path, default=TABLE, help="results.csv of the study")
parser.add_argument("--data", default="mnist", help="data set of the table")
parser.add_argument("--out", type=Path, default=HERE / "model_comparison", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        print(*save(pareto(of_data(tables.read(options.table), options.data)), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
