"""Images decoded from N(0, I) at each width (Figure 2.5): `python figures/width_samples.py [FOLDER] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab.errors import GausslabError
from gausslab.plotting import save, width_samples
from gausslab.plotting.redraw import numbered_grids

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "studies" / "width_sweep" / "samples"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="folder of width-8.png, width-16.png, ...")
parser.add_argument("--out", type=Path, default=HERE / "width_samples", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        grids = numbered_grids(options.folder)
        if not grids:
            raise GausslabError(f"no grids of samples (width-8.png, ...) in {options.folder}")
        print(*save(width_samples(grids), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
