"""`gausslab figures`."""

from pathlib import Path
from typing import Annotated

import typer


def figures(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders to look in, at any depth (runs, studies).", show_default=False)
    ] = None,
) -> None:
    """Redraw the figures of every sweep, probe and study from their saved tables; nothing is trained or measured."""
    from gausslab.plotting.redraw import redraw_all

    redraw_all(folders or [Path("runs"), Path("studies")], lambda picture: typer.echo(str(picture)))
