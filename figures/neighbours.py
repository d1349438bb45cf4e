"""Codes against the k of their entropy: `python figures/neighbours.py [TABLE] [--data DATA] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab import tables
from gausslab.errors import GausslabError
from gausslab.plotting import factor_trend, save
from gausslab.plotting.selection import of_data

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "studies" / "neighbours" / "results.csv"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("table", nargs="?", type=Path, default=TABLE, help="results.csv of the study")
parser.add_argument("--data", help="one data set of the table instead of all")
parser.add_argument("--out", type=Path, default=HERE / "neighbours", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        table = tables.read(options.table)
        table = table if options.data is None else of_data(table, options.data)
        print(*save(factor_trend(table, "neighbours", ("data", "weight")), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
