"""Gaussianity of four pretrained nets along depth: `python figures/pretrained_depth.py [TABLE] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.families import read_panels
from gausslab.plotting.depth import pretrained_depth
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "table", "pretrained_nets/results.csv", "results.csv of the study")


def draw(options: Namespace) -> Figure:
    """The figure."""
    return pretrained_depth(read_panels(options.table))


if __name__ == "__main__":
    run_script(parser, draw)
