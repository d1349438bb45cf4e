"""How often intervals hold what they should: `python figures/estimator_coverage.py [TABLE] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting.script import run_script, script_parser
from gausslab.plotting.validity import coverage_chart
from gausslab.validity.rows import read

parser = script_parser(__file__, __doc__, "table", "estimator_validity/coverage.csv", "coverage.csv of the study")


def draw(options: Namespace) -> Figure:
    """The figure."""
    return coverage_chart(read(options.table))


if __name__ == "__main__":
    run_script(parser, draw)
