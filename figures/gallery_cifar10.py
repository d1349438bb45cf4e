"""Pictures of every row on CIFAR-10 (Figure 2.10): `python figures/gallery_cifar10.py [FOLDER] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab.errors import GausslabError
from gausslab.plotting import gallery, save
from gausslab.plotting.study_pictures import scale_told
from gausslab.presets import ROWS

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "studies" / "model_comparison" / "cifar10" / "images" / "cifar10"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="images/cifar10 of the study")
parser.add_argument("--out", type=Path, default=HERE / "gallery_cifar10", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        caption = ["CIFAR-10.", scale_told(options.folder, ROWS)]
        print(*save(gallery(options.folder, caption), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
