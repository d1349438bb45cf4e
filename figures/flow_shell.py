"""Where flows put their mass on thin shells: `python figures/flow_shell.py [TABLE] [--radii TABLE] [--out STEM]`."""

from argparse import Namespace
from pathlib import Path

from matplotlib.figure import Figure

from gausslab.flows.answers import MASS, RADII, read
from gausslab.plotting.flow_shell import flow_shell
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "table", "flow_shell/results.csv", "results.csv of the study")
parser.add_argument("--radii", type=Path, help="radii.csv of the study; without it, the one beside the table")


def draw(options: Namespace) -> Figure:
    """The figure."""
    beside = options.table.with_name("radii.csv") if options.radii is None else options.radii
    return flow_shell(read(options.table, MASS), read(beside, RADII))


if __name__ == "__main__":
    run_script(parser, draw)
