"""MNIST at two entropy weights (Figure 2.1): `python figures/mnist_weights.py [FOLDER] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab.errors import GausslabError
from gausslab.plotting import picture_grids, save
from gausslab.plotting.study_pictures import RECONSTRUCTIONS, picture_of, scale_told

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "studies" / "entropy_weight" / "images" / "mnist"
WEIGHTS = (0.05, 1.0)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="images/mnist of the study")
parser.add_argument("--out", type=Path, default=HERE / "mnist_weights", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        grids = {f"Samples, weight {w:g}": picture_of(options.folder, "eae", weight=w) for w in WEIGHTS} | {
            f"Test images over their reconstructions, weight {w:g}": picture_of(
                options.folder, "eae", RECONSTRUCTIONS, weight=w
            )
            for w in WEIGHTS
        }
        caption = [
            "Entropic autoencoders on MNIST: images decoded from N(0, I), and test images with their reconstructions.",
            scale_told(options.folder, ["eae"]),
        ]
        print(*save(picture_grids(grids, caption, across=2), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
