"""Pictures of every row on faces (Figure 2.4): `python figures/gallery_faces.py [FOLDER] [--out STEM]`."""

import argparse
import sys
from pathlib import Path

from gausslab.errors import GausslabError
from gausslab.plotting import gallery, save
from gausslab.plotting.study_pictures import scale_told
from gausslab.presets import ROWS

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "studies" / "model_comparison" / "faces-synthetic" / "images" / "faces-synthetic"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="images/faces-synthetic of the study")
parser.add_argument("--out", type=Path, default=HERE / "gallery_faces", help="output path without .pdf and .png")

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        caption = ["Synthetic faces, which stand in for CelebA's.", scale_told(options.folder, ROWS)]
        print(*save(gallery(options.folder, caption), options.out), sep="\n")
    except GausslabError as error:
        sys.exit(f"error: {error}")
