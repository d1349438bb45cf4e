"""`gausslab measure`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gausslab.cli.console import counted
from gausslab.cli.lists import ListCommand, fill_values
from gausslab.errors import ConfigError, EstimatorError, RunError

if TYPE_CHECKING:
    import pandas as pd

    from gausslab.codes import Code
    from gausslab.estimators.measure import Measured

REPLICATES = 199
_WHAT, _HOW, _RUN = "Samples", "Estimators", "Running"


class MeasureCommand(ListCommand):
    """A command whose `--calibrate` may stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give `--calibrate` its value where it has none, then let the rest be parsed."""
        return super().parse_args(ctx, fill_values(args, "--calibrate", str(REPLICATES)))


def measure(
    file: Annotated[
        Path | None,
        typer.Argument(help="Samples x units: .npy, .npz, .pt, .safetensors, .csv, .tsv, .txt.", show_default=False),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Which array, if the file holds several.", rich_help_panel=_WHAT)
    ] = None,
    duplicates: Annotated[
        str | None,
        typer.Option(
            "--duplicates",
            help="Samples that repeat, of which nearest neighbours say nothing: error, drop or jitter (error).",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    estimators: Annotated[
        list[str],
        typer.Option("--estimators", help="Names of --list (all).", show_default=False, rich_help_panel=_HOW),
    ] = [],
    reference: Annotated[
        str,
        typer.Option(
            "--reference",
            help="The law to measure against: normal, or laplace: independent units of mean 0 and mean absolute "
            "value 1, mapped one by one to N(0, 1) before all else.",
            rich_help_panel=_HOW,
        ),
    ] = "normal",
    list_: Annotated[
        bool, typer.Option("--list", help="List the estimators and measure nothing.", rich_help_panel=_HOW)
    ] = False,
    k: Annotated[
        int | None,
        typer.Option(
            "--k",
            help="Which nearest neighbour (5); null laws of others are not shipped and are drawn.",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    calibrate: Annotated[
        int | None,
        typer.Option(
            "--calibrate",
            metavar="[B]",
            help=f"Draw the null laws for exactly this n and d, B replicates each ({REPLICATES}), and keep them.",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the whole table, a number a row, as CSV.", rich_help_panel=_RUN),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="CPU threads (all).", show_default=False, rich_help_panel=_RUN),
    ] = None,
) -> None:
    """Say how Gaussian a code is, from its samples: by every estimator, with a verdict.

    FILE comes before options that take a list: gausslab measure codes.npy --estimators energy radial_ks.

    Beside every number: what exact Gaussian samples of the same size give, and how rare the number is among them.

    These null laws are shipped for 250 to 10,000 samples of 1, 2, 4, 8, 16, 32, 64 or 128 units; others are drawn once.
    """
    if list_:
        _list()
        return
    if file is None:
        raise ConfigError(f"which FILE? {_instead(estimators)}")
    options = {name: value for name, value in {"k": k, "duplicates": duplicates}.items() if value is not None}
    if out is not None:
        _check_out(out)
    _measure(file, key, estimators, options, reference, calibrate, out, threads)


def _instead(names: list[str]) -> str:
    """What is said where FILE is missing: most often a list took it for one of its values."""
    for name in names:
        if Path(name).suffix or Path(name).exists():
            return f"{name} was taken as the name of an estimator: put FILE before --estimators"
    return "gausslab measure codes.npy, or gausslab measure --list for the estimators"


def _list() -> None:
    from gausslab.cli.battery import print_estimators

    print_estimators()


def _measure(
    file: Path,
    key: str | None,
    estimators: list[str],
    options: dict[str, Any],
    reference: str,
    calibrate: int | None,
    out: Path | None,
    threads: int | None,
) -> None:
    from gausslab.cli import battery
    from gausslab.codes import read_code
    from gausslab.estimators.measure import build_estimators
    from gausslab.estimators.reference_laws import reference_map
    from gausslab.estimators.registry import DEFAULT_ESTIMATORS

    names = tuple(estimators) or DEFAULT_ESTIMATORS
    build_estimators(names, options)  # mistakes are told before anything is read
    reference_map(reference)
    code = read_code(file, key, _say)
    with _calibrated(calibrate), _threads(threads):
        found = _measured(file, code, names, options, reference, calibrate is not None)
    if out is not None:
        _write(found.table, out)
    battery.print_table(found.table, _title(file, reference), code.units)
    battery.print_refused(found.refused)
    if out is not None:
        typer.echo(f"table: {out}")


def _measured(
    file: Path, code: "Code", names: tuple[str, ...], options: dict[str, Any], reference: str, exact: bool
) -> "Measured":
    """Every estimator's rows, with progress.

    Raises:
        EstimatorError: none could be measured; the first one's reason.
    """
    from gausslab.estimators.measure import measure_allowed

    samples, units = code.samples.shape
    _say(f"{file}: {counted(samples, 'sample')} of {counted(units, 'unit')}")
    if not exact and (hint := _not_exact(samples, units)):
        _say(hint)
    with _progress(len(names)) as report:
        found = measure_allowed(code.samples, names, options, report, reference)
    if found.table.empty:
        reason, refused = next(iter(found.refused.items()))
        raise EstimatorError(f"{', '.join(refused)}: {reason}")
    return found


def _title(file: Path, reference: str) -> str:
    from gausslab.parts import NORMAL, REFERENCES

    against = REFERENCES[reference]
    return file.name if against is NORMAL else f"{file.name} against {against.law}"


def _not_exact(samples: int, units: int) -> str:
    """What is said of null laws that are not shipped for just this n and d."""
    from gausslab.estimators.null_grid import SAMPLES, UNITS

    if units not in UNITS or not SAMPLES[0] <= samples <= SAMPLES[-1]:
        return f"null laws are not shipped for n={samples}, d={units}: those not yet in the cache are drawn, once"
    if samples in SAMPLES:
        return ""
    return f"null laws are interpolated to n={samples} from those of other n; --calibrate draws them for this one"


def _calibrated(replicates: int | None) -> Any:
    if replicates is None:
        return nullcontext()
    from gausslab.estimators.calibration import calibrating

    return calibrating(replicates)


def _threads(number: int | None) -> Any:
    if number is None:
        return nullcontext()
    from gausslab.training import threads

    return threads(number)


@contextmanager
def _progress(count: int) -> Iterator[Any]:
    """A reporter of estimators' names: one line that changes in a terminal, a line each elsewhere."""
    from gausslab.cli.console import stderr

    console, done = stderr(), iter(range(1, count + 1))
    if not console.is_terminal:
        yield lambda name: _say(f"{next(done)}/{count} {name}")
        return
    with console.status("") as status:
        yield lambda name: status.update(f"{next(done)}/{count} {name}")


def _say(message: str) -> None:
    from gausslab.cli.console import stderr

    stderr().print(message, soft_wrap=True, markup=False)


def _check_out(out: Path) -> None:
    """Find out before minutes of measuring whether the table can be written after them."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror or error}") from None
    if out.is_dir():
        raise RunError(f"cannot write {out}: it is a folder")
    if not os.access(out.parent, os.W_OK):
        raise RunError(f"cannot write {out}: Permission denied")


def _write(table: "pd.DataFrame", out: Path) -> None:
    from gausslab import tables

    try:
        tables.write(table, out)
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror or error}") from None
