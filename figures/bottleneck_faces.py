"""Faces from unregularised codes (2.6, 2.7): `python figures/bottleneck_faces.py [FOLDER] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting import picture_grids
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.study_pictures import picture_of, scale_told

WIDTHS = (48, 128)

parser = script_parser(
    __file__, __doc__, "folder", "bottleneck_width/images/faces-synthetic", "images/faces-synthetic of the study"
)


def draw(options: Namespace) -> Figure:
    """The figure."""
    grids = {f"width {width}": picture_of(options.folder, "bn-ae", width=width) for width in WIDTHS}
    caption = [
        "Faces decoded from N(0, I) by batch-normed autoencoders without an entropy term, by width of the code.",
        "Synthetic faces stand in for CelebA's.",
        scale_told(options.folder, ["bn-ae"]),
    ]
    return picture_grids(grids, caption, across=1, rows=4)


if __name__ == "__main__":
    run_script(parser, draw)
