"""MNIST at two entropy weights (Figure 2.1): `python figures/mnist_weights.py [FOLDER] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting import picture_grids
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.study_pictures import RECONSTRUCTIONS, picture_of, scale_told

WEIGHTS = (0.05, 1.0)

parser = script_parser(__file__, __doc__, "folder", "entropy_weight/images/mnist", "images/mnist of the study")


def draw(options: Namespace) -> Figure:
    """The figure."""
    grids = {f"Samples, weight {w:g}": picture_of(options.folder, "eae", weight=w) for w in WEIGHTS} | {
        f"Test images over their reconstructions, weight {w:g}": picture_of(
            options.folder, "eae", RECONSTRUCTIONS, weight=w
        )
        for w in WEIGHTS
    }
    caption = [
        "Entropic autoencoders on MNIST: images decoded from N(0, I), and test images with their reconstructions.",
        scale_told(options.folder, ["eae"]),
    ]
    return picture_grids(grids, caption, across=2)


if __name__ == "__main__":
    run_script(parser, draw)
