"""The typer application: one function a verb, each imported with what it needs and nothing more."""

import typer

from gausslab import __version__
from gausslab.cli import attack, compare, data, figures, imaging, measure, probe, sweep, train
from gausslab.cli.lists import ListCommand

app = typer.Typer(
    name="gausslab",
    help="How Gaussian are a network's activations, and if they are not, why not?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")
app.command("train", cls=ListCommand)(train.train)
app.command("sweep", cls=ListCommand)(sweep.sweep)
app.command("compare", cls=ListCommand)(compare.compare)
app.command("probe", cls=ListCommand)(probe.probe)
app.command("attack", cls=ListCommand)(attack.attack)
app.command("sample")(imaging.sample)
app.command("interpolate")(imaging.interpolate)
app.command("measure", cls=measure.MeasureCommand)(measure.measure)
app.command("figures")(figures.figures)


def _version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"gausslab {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", help="Print the version and exit.", callback=_version, is_eager=True
    ),
) -> None:
    """How Gaussian are a network's activations, and if they are not, why not?"""
