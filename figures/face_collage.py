"""Faces decoded from N(0, I) (Figure 2.2): `python figures/face_collage.py [FOLDER] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab.errors import GausslabError
from gausslab.plotting import picture_grids, save
from gausslab.plotting.study_pictures import picture_of, scale_told, title_of

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "studies" / "bottleneck_width" / "images" / "faces-synthetic"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="images/faces-synthetic of the study")
parser.add_argument("--out", type=Path, default=HERE / "face_collage", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        grid = picture_of(options.folder, "eae")
        caption = [
            "Faces decoded from N(0, I) by an entropic autoencoder of synthetic faces, which stand in for CelebA's.",
            scale_told(options.folder, ["eae"]),
        ]
        print(*save(picture_grids({title_of(grid): grid}, caption), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
