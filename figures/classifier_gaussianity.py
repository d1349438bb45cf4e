"""Families of measures against width: `python figures/classifier_gaussianity.py [TABLE] [--data DATA] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.families import read_panels
from gausslab.plotting.panel_families import panel_families
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "table", "classifier_gaussianity/results.csv", "results.csv of the study")
parser.add_argument("--data", help="one data set of the table instead of all")


def draw(options: Namespace) -> Figure:
    """The figure."""
    return panel_families(read_panels(options.table), options.data)


if __name__ == "__main__":
    run_script(parser, draw)
