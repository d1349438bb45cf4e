"""Pictures of every row on faces (Figure 2.4): `python figures/gallery_faces.py [FOLDER] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting import gallery
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.study_pictures import scale_told
from gausslab.presets import ROWS

parser = script_parser(
    __file__,
    __doc__,
    "folder",
    "model_comparison/faces-synthetic/images/faces-synthetic",
    "images/faces-synthetic of the study",
)


def draw(options: Namespace) -> Figure:
    """The figure."""
    return gallery(options.folder, ["Synthetic faces, which stand in for CelebA's.", scale_told(options.folder, ROWS)])


if __name__ == "__main__":
    run_script(parser, draw)
