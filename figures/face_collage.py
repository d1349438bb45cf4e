"""Faces decoded from N(0, I) (Figure 2.2): `python figures/face_collage.py [FOLDER] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting import picture_grids
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.study_pictures import picture_of, scale_told, title_of

parser = script_parser(
    __file__, __doc__, "folder", "bottleneck_width/images/faces-synthetic", "images/faces-synthetic of the study"
)


def draw(options: Namespace) -> Figure:
    """The figure."""
    grid = picture_of(options.folder, "eae")
    caption = [
        "Faces decoded from N(0, I) by an entropic autoencoder of synthetic faces, which stand in for CelebA's.",
        scale_told(options.folder, ["eae"]),
    ]
    return picture_grids({title_of(grid): grid}, caption)


if __name__ == "__main__":
    run_script(parser, draw)
