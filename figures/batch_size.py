"""Codes against the batch size: `python figures/batch_size.py [TABLE] [--data DATA] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab import tables
from gausslab.plotting import factor_trend
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.selection import of_data

parser = script_parser(__file__, __doc__, "table", "batch_size/results.csv", "results.csv of the study")
parser.add_argument("--data", help="one data set of the table instead of all")


def draw(options: Namespace) -> Figure:
    """The figure."""
    table = tables.read(options.table)
    table = table if options.data is None else of_data(table, options.data)
    return factor_trend(table, "batch", ("data", "base", "epochs"))


if __name__ == "__main__":
    run_script(parser, draw)
