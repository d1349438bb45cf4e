"""CIFAR-10 from unregularised codes (2.8, 2.9): `python figures/bottleneck_cifar10.py [FOLDER] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab.errors import GausslabError
from gausslab.plotting import picture_grids, save
from gausslab.plotting.study_pictures import picture_of, scale_told

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "studies" / "bottleneck_width" / "images" / "cifar10"
WIDTHS = (128, 64)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="images/cifar10 of the study")
parser.add_argument("--out", type=Path, default=HERE / "bottleneck_cifar10", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        grids = {f"width {width}": picture_of(options.folder, "bn-ae", width=width) for width in WIDTHS}
        caption = [
            "Images decoded from N(0, I) by batch-normed autoencoders without an entropy term, by width of the code.",
            "The data are CIFAR-10.",
            scale_told(options.folder, ["bn-ae"]),
        ]
        print(*save(picture_grids(grids, caption), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
