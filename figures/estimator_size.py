"""How often each test rejects a true Gaussian: `python figures/estimator_size.py [TABLE] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.validity import size_chart
from gausslab.validity.rows import read

parser = script_parser(__file__, __doc__, "table", "estimator_validity/rejections.csv", "rejections.csv of the study")


def draw(options: Namespace) -> Figure:
    """The figure."""
    return size_chart(read(options.table))


if __name__ == "__main__":
    run_script(parser, draw)
