"""Of what the distance of a code from N(0, I) is made: `python figures/kl_waterfall.py [TABLE] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab import tables
from gausslab.plotting import kl_waterfall
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(
    __file__, __doc__, "table", "code_decomposition/results.csv", "tidy table with rows of kl_decomposition"
)


def draw(options: Namespace) -> Figure:
    """The figure."""
    return kl_waterfall(tables.read(options.table))


if __name__ == "__main__":
    run_script(parser, draw)
