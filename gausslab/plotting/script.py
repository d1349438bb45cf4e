"""What the scripts of `figures/` share: a file or folder to draw, where to write, and mistakes told in one line."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.plotting.theme import save

STUDIES = "studies"


def script_parser(script: str, about: str | None, kind: str, source: str, what: str) -> ArgumentParser:
    """The arguments of a script: its source, and `--out`.

    Args:
        script: its `__file__`; without another `--out` the figure has its name, beside it.
        about: its `__doc__`.
        kind: `table` or `folder`, the attribute with the source's path.
        source: the default, a path below `studies/`.
        what: the source in words.
    """
    file = Path(script).resolve()
    parser = ArgumentParser(description=about)
    parser.add_argument(kind, nargs="?", type=Path, default=file.parents[1] / STUDIES / source, help=what)
    parser.add_argument("--out", type=Path, default=file.with_suffix(""), help="output path without .pdf and .png")
    return parser


def run_script(parser: ArgumentParser, draw: Callable[[Namespace], Figure]) -> None:
    """Draw, write, print the paths; a mistake is one line on stderr and exit code 1."""
    options = parser.parse_args()
    try:
        print(*save(draw(options), options.out), sep="\n")  # noqa: T201
    except GausslabError as error:
        sys.exit(f"error: {error}")
