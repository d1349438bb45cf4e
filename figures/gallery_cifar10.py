"""Pictures of every row on CIFAR-10 (Figure 2.10): `python figures/gallery_cifar10.py [FOLDER] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting import gallery
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.study_pictures import scale_told
from gausslab.presets import ROWS

parser = script_parser(
    __file__, __doc__, "folder", "model_comparison/cifar10/images/cifar10", "images/cifar10 of the study"
)


def draw(options: Namespace) -> Figure:
    """The figure."""
    return gallery(options.folder, ["CIFAR-10.", scale_told(options.folder, ROWS)])


if __name__ == "__main__":
    run_script(parser, draw)
