"""Detection against budget: `python figures/adversarial_budget.py [TABLE] [--data DATA] [--weight W] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting.adversarial import detection_by_budget
from gausslab.plotting.adversarial.options import chosen_table, network_options
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "table", "adversarial_norm/detection.csv", "detection.csv of the study")
network_options(parser)


def draw(options: Namespace) -> Figure:
    """The figure."""
    return detection_by_budget(chosen_table(options))


if __name__ == "__main__":
    run_script(parser, draw)
