"""How a command that ran a grid ends: where table and figures lie, what failed, the exit code."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gausslab.workers import Outcome


def end_grid(table: Path, failures: "Sequence[Outcome]") -> None:
    """Draw the figures beside the table, name all files on stdout, tell on stderr what failed.

    Raises:
        typer.Exit: with code 1, if a run failed.
    """
    from gausslab.cli.console import stderr
    from gausslab.plotting.redraw import redraw

    pictures = redraw(table.parent)
    typer.echo(f"table: {table}")
    for picture in pictures:
        typer.echo(f"figure: {picture}")
    for failure in failures:
        stderr().print(failure.details or f"gausslab: {failure.error}", soft_wrap=True, markup=False)
    if failures:
        raise typer.Exit(1)
