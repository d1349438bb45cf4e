"""CIFAR-10 from unregularised codes (2.8, 2.9): `python figures/bottleneck_cifar10.py [FOLDER] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting import picture_grids
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.study_pictures import picture_of, scale_told

WIDTHS = (128, 64)

parser = script_parser(__file__, __doc__, "folder", "bottleneck_width/images/cifar10", "images/cifar10 of the study")


def draw(options: Namespace) -> Figure:
    """The figure."""
    grids = {f"width {width}": picture_of(options.folder, "bn-ae", width=width) for width in WIDTHS}
    caption = [
        "Images decoded from N(0, I) by batch-normed autoencoders without an entropy term, by width of the code.",
        "The data are CIFAR-10.",
        scale_told(options.folder, ["bn-ae"]),
    ]
    return picture_grids(grids, caption)


if __name__ == "__main__":
    run_script(parser, draw)
