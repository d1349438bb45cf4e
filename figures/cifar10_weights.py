"""CIFAR-10 at four entropy weights (Figure 2.3): `python figures/cifar10_weights.py [FOLDER] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab.errors import GausslabError
from gausslab.plotting import picture_grids, save
from gausslab.plotting.study_pictures import picture_of, scale_told

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "studies" / "entropy_weight" / "images" / "cifar10"
WEIGHTS = (0.5, 0.7, 0.05, 0.07)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="images/cifar10 of the study")
parser.add_argument("--out", type=Path, default=HERE / "cifar10_weights", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        grids = {f"weight {weight:g}": picture_of(options.folder, "eae", weight=weight) for weight in WEIGHTS}
        caption = [
            "Images decoded from N(0, I) by entropic autoencoders of CIFAR-10, by weight of the entropy.",
            scale_told(options.folder, ["eae"]),
        ]
        print(*save(picture_grids(grids, caption, across=2), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
