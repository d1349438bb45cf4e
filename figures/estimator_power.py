"""Which test finds which law: `python figures/estimator_power.py [TABLE] [--samples N] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.validity import power_chart
from gausslab.validity.rows import read

parser = script_parser(__file__, __doc__, "table", "estimator_validity/rejections.csv", "rejections.csv of the study")
parser.add_argument("--samples", type=int, default=500, help="number of samples a code")


def draw(options: Namespace) -> Figure:
    """The figure."""
    return power_chart(read(options.table), options.samples)


if __name__ == "__main__":
    run_script(parser, draw)
