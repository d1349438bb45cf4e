"""Pictures of every row on MNIST (Figure 2.11): `python figures/gallery_mnist.py [FOLDER] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting import gallery
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.study_pictures import scale_told
from gausslab.presets import ROWS

parser = script_parser(__file__, __doc__, "folder", "model_comparison/mnist/images/mnist", "images/mnist of the study")


def draw(options: Namespace) -> Figure:
    """The figure."""
    return gallery(options.folder, ["MNIST.", scale_told(options.folder, ROWS)])


if __name__ == "__main__":
    run_script(parser, draw)
