"""Faces from unregularised codes (2.6, 2.7): `python figures/bottleneck_faces.py [FOLDER] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab.errors import GausslabError
from gausslab.plotting import picture_grids, save
from gausslab.plotting.study_pictures import picture_of, scale_told

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "studies" / "bottleneck_width" / "images" / "faces-synthetic"
WIDTHS = (48, 128)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="images/faces-synthetic of the study")
parser.add_argument("--out", type=Path, default=HERE / "bottleneck_faces", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        grids = {f"width {width}": picture_of(options.folder, "bn-ae", width=width) for width in WIDTHS}
        caption = [
            "Faces decoded from N(0, I) by batch-normed autoencoders without an entropy term, by width of the code.",
            "Synthetic faces stand in for CelebA's.",
            scale_told(options.folder, ["bn-ae"]),
        ]
        print(*save(picture_grids(grids, caption, across=1, rows=4), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
