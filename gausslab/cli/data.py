"""`gausslab data list | info | fetch`."""

import sys
from typing import Annotated

import typer

app = typer.Typer(help="The image data sets: what there is, where it comes from, how to get it.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A data set of `gausslab data list`.", show_default=False)]


@app.command("list")
def list_() -> None:
    """List the data sets."""
    from rich import box
    from rich.table import Table

    from gausslab.cli.console import stdout
    from gausslab.data import DATASETS

    table = Table("name", "content", "how to get it", box=box.SIMPLE)
    for entry in DATASETS.values():
        how = f"gausslab data fetch {entry.name} ({entry.download:g} MB)" if entry.is_fetchable else entry.source
        table.add_row(entry.name, entry.content, how)
    stdout().print(table)


@app.command("info")
def info(name: Name) -> None:
    """Tell what a data set is, where it comes from and which files of your own it can be read from."""
    from gausslab.data import describe

    entry = describe(name)
    lines = {"name": entry.name, "content": entry.content, "source": entry.source, "origin": entry.origin}
    lines |= {"your own files": entry.files} if entry.files else {}
    lines |= {"fetch": f"gausslab data fetch {name} ({entry.download:g} MB)"} if entry.is_fetchable else {}
    lines |= {"cache": _cached(name)} if entry.is_fetchable else {}
    for label, text in lines.items():
        typer.echo(f"{label + ':':<16}{text}")


def _cached(name: str) -> str:
    from gausslab.data import cache

    return f"it is in {cache.folder(name)}" if cache.is_cached(name) else f"it is not in {cache.folder(name)}"


@app.command("fetch")
def fetch(name: Name) -> None:
    """Download a data set once, check it and keep it in the cache ($GAUSSLAB_DATA or the platform's)."""
    from gausslab.data.fetching import fetch as fetch_data

    folder = fetch_data(name, progress=lambda message: print(message, file=sys.stderr))  # noqa: T201
    typer.echo(f"{name} is in {folder}")
