"""How often each test rejects a true Gaussian: `python figures/estimator_size.py [TABLE] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab.errors import GausslabError
from gausslab.plotting import save
from gausslab.plotting.validity import size_chart
from gausslab.validity.rows import read

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "studies" / "estimator_validity" / "rejections.csv"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("table", nargs="?", type=Path, default=TABLE, help="rejections.csv of the study")
parser.add_argument("--out", type=Path, default=HERE / "estimator_size", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        print(*save(size_chart(read(options.table)), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
