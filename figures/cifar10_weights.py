"""CIFAR-10 at four entropy weights (Figure 2.3): `python figures/cifar10_weights.py [FOLDER] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting import picture_grids
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.study_pictures import picture_of, scale_told

WEIGHTS = (0.5, 0.7, 0.05, 0.07)

parser = script_parser(__file__, __doc__, "folder", "entropy_weight/images/cifar10", "images/cifar10 of the study")


def draw(options: Namespace) -> Figure:
    """The figure."""
    grids = {f"weight {weight:g}": picture_of(options.folder, "eae", weight=weight) for weight in WEIGHTS}
    caption = [
        "Images decoded from N(0, I) by entropic autoencoders of CIFAR-10, by weight of the entropy.",
        scale_told(options.folder, ["eae"]),
    ]
    return picture_grids(grids, caption, across=2)


if __name__ == "__main__":
    run_script(parser, draw)
