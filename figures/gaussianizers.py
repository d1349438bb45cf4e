"""What a Gaussian code costs: `python figures/gaussianizers.py [TABLE] [--data DATA] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab import tables
from gausslab.plotting import frontier
from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.selection import of_data

parser = script_parser(__file__, __doc__, "table", "gaussianizers/results.csv", "results.csv of the study")
parser.add_argument("--data", default="mnist", help="data set of the table")


def draw(options: Namespace) -> Figure:
    """The figure."""
    return frontier(of_data(tables.read(options.table), options.data))


if __name__ == "__main__":
    run_script(parser, draw)
