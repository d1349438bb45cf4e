"""Of what the distance of a code from N(0, I) is made: `python figures/kl_waterfall.py [TABLE] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab import tables
from gausslab.errors import GausslabError
from gausslab.plotting import kl_waterfall, save

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "studies" / "code_decomposition" / "results.csv"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("table", nargs="?", type=Path, default=TABLE, help="tidy table with rows of kl_decomposition")
parser.add_argument("--out", type=Path, default=HERE / "kl_waterfall", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        print(*save(kl_waterfall(tables.read(options.table)), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
