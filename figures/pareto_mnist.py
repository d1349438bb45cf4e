"""Samples against reconstructions on MNIST: `python figures/pareto_mnist.py [TABLE] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab import tables
from gausslab.plotting.pareto import pareto
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "table", "model_comparison/mnist/results.csv", "results.csv of the study")


def draw(options: Namespace) -> Figure:
    """The figure."""
    return pareto(tables.read(options.table))


if __name__ == "__main__":
    run_script(parser, draw)
