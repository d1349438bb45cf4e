"""How Gaussian the code is against the bottleneck width: `python figures/width_sweep.py [TABLE] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab import tables
from gausslab.plotting import width_trend
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "table", "width_sweep/results.csv", "tidy table of a sweep over widths")


def draw(options: Namespace) -> Figure:
    """The figure."""
    return width_trend(tables.read(options.table))


if __name__ == "__main__":
    run_script(parser, draw)
