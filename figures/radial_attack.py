"""Success without labels: `python figures/radial_attack.py [TABLE] [--data DATA] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting.adversarial import radial_success
from gausslab.plotting.adversarial.rows import chosen, read
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "table", "radial_attack/attacks.csv", "attacks.csv of the study")
parser.add_argument("--data", help="one data set of the table (default: all)")


def draw(options: Namespace) -> Figure:
    """The figure."""
    return radial_success(chosen(read(options.table), options.data))


if __name__ == "__main__":
    run_script(parser, draw)
