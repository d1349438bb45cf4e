"""Codes against the weight of their entropy: `python figures/entropy_weight.py [TABLE] [--data DATA] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab import tables
from gausslab.plotting import factor_trend
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.selection import of_data

parser = script_parser(__file__, __doc__, "table", "entropy_weight/results.csv", "results.csv of the study")
parser.add_argument("--data", help="one data set of the table instead of all")


def draw(options: Namespace) -> Figure:
    """The figure."""
    table = tables.read(options.table)
    table = table if options.data is None else of_data(table, options.data)
    return factor_trend(table, "weight", ("data",))


if __name__ == "__main__":
    run_script(parser, draw)
