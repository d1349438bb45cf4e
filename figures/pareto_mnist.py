"""Samples against reconstructions on MNIST: `python figures/pareto_mnist.py [TABLE] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab import tables
from gausslab.errors import GausslabError
from gausslab.plotting import save
from gausslab.plotting.pareto import pareto

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "studies" / "model_comparison" / "mnist" / "results.csv"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("table", nargs="?", type=Path, default=TABLE, help="results.csv of the study")
parser.add_argument("--out", type=Path, default=HERE / "pareto_mnist", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        print(*save(pareto(tables.read(options.table)), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
