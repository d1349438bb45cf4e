"""Success without labels: `python figures/radial_attack.py [TABLE] [--data DATA] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting.adversarial import radial_success
from gausslab.plotting.adversarial.rows import chosen, read
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "table", "radial_attack/attacks.csv", "attacks.csv of the study")
parser.add_argument("--data", help="one data set of the table (default: all that classifiers trained here are shown)")


def draw(options: Namespace) -> Figure:
    """The figure; networks without a bottleneck are those that others trained, on images of their own."""
    rows = chosen(read(options.table), options.data)
    return radial_success(rows if options.data else rows[rows["bottleneck"].notna()])


if __name__ == "__main__":
    run_script(parser, draw)
