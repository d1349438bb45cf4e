"""Where text goes: results to stdout, progress to stderr."""

import sys

from rich.console import Console

_PIPE_WIDTH = 200


def stdout() -> Console:
    """For results; a table that goes to a file or a pipe is not cut to a terminal's width."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False, markup=False)


def stderr() -> Console:
    """For progress and remarks."""
    return Console(file=sys.stderr, highlight=False, markup=False)


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "unit"), counted(1024, "unit")
    ('1 unit', '1,024 units')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
