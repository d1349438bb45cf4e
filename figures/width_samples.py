"""Images decoded from N(0, I) at each width (Figure 2.5): `python figures/width_samples.py [FOLDER] [--out STEM]`."""

from argparse import Namespace

from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.plotting import width_samples
from gausslab.plotting.redraw import numbered_grids
from gausslab.plotting.script import run_script, script_parser

parser = script_parser(__file__, __doc__, "folder", "width_sweep/samples", "folder of width-8.png, width-16.png, ...")


def draw(options: Namespace) -> Figure:
    """The figure."""
    grids = numbered_grids(options.folder)
    if not grids:
        raise GausslabError(f"no grids of samples (width-8.png, ...) in {options.folder}")
    return width_samples(grids)


if __name__ == "__main__":
    run_script(parser, draw)
