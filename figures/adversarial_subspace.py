"""Where radii change: `python figures/adversarial_subspace.py [TABLE] [--attacks A ...] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting.adversarial import subspace_changes
from gausslab.plotting.adversarial.options import attack_option, chosen_table, network_options
from gausslab.plotting.adversarial.rows import of_least_weight
from gausslab.plotting.adversarial.subspace import SHOWN
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "table", "adversarial_norm/changes.csv", "changes.csv of the study")
network_options(parser, weights="the least")
attack_option(parser, SHOWN)


def draw(options: Namespace) -> Figure:
    """The figure."""
    table = chosen_table(options)
    return subspace_changes(table if options.weight is not None else of_least_weight(table), options.attacks)


if __name__ == "__main__":
    run_script(parser, draw)
