"""Radius against lead: `python figures/adversarial_margin.py [TABLE] [--attacks A ...] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.plotting.adversarial import radius_against_lead
from gausslab.plotting.adversarial.examples import SHOWN
from gausslab.plotting.adversarial.options import attack_option, chosen_table, network_options
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "table", "adversarial_norm/examples.csv.gz", "examples.csv.gz of the study")
network_options(parser)
attack_option(parser, SHOWN)


def draw(options: Namespace) -> Figure:
    """The figure."""
    return radius_against_lead(chosen_table(options), options.attacks or SHOWN)


if __name__ == "__main__":
    run_script(parser, draw)
