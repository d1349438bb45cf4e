"""The tables in the terminal: a row a width or a layer, its Gaussian null beneath it."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import pandas as pd
from rich import box
from rich.table import Table

from gausslab.cli.console import stderr, stdout
from gausslab.errors import GausslabError
from gausslab.summary import QUANTITIES, Interval, Quantity, over_entropised, over_seeds, select
from gausslab.trends import answer, trends

_LEGEND = (
    "KL, its parts, entropy gap and kNN-KL (of the whitened code) in nats. Beyond (second order), and with it KL, "
    "entropy gap and kNN-KL, rest on nearest neighbours: above about 4 units their bias depends on the law and the "
    "width, so that they test but do not measure, and do not compare widths. Rejected: share of units, Shapiro-Wilk "
    "with Holm at 5%."
)
_GRID = ("data", "model", "channels", "depth")


def print_sweep(table: pd.DataFrame) -> None:
    """For each data set, objective, channels and depth: the widths, and the answer to the question of the sweep."""
    for key, part in table.groupby(list(_GRID), dropna=False, sort=False):
        seeds, samples = part.seed.nunique(), int(part.n_samples.max())
        title = ", ".join(f"{name} {value}" for name, value in zip(_GRID, key, strict=True))
        rows = ((str(width), _over_seeds(of_width)) for width, of_width in part.groupby("width"))
        caption = (
            f"{samples:,} held-out images; mean ± half of a 95% t interval over {seeds} seeds; null: exact Gaussian "
            f"samples. {_LEGEND} MSE: per element."
        )
        _print(title, "width", rows, caption)
        for width, of_width in part.groupby("width"):
            print_warning(f"width {width}", of_width)
        stdout().print(_answer(part), soft_wrap=True)


def print_layers(table: pd.DataFrame) -> None:
    """One network: a row a layer, with standard errors."""
    measured = table[table.layer != ""]
    rows = [(_layer_label(layer, part), _single(part)) for layer, part in measured.groupby("layer", sort=False)]
    samples = int(measured.n_samples.max())
    caption = f"up to {samples:,} samples; value ± standard error; null: exact Gaussian samples. {_LEGEND}"
    _print(
        f"{table.run.iloc[0]} on {table.data.iloc[0]}" if table.data.iloc[0] else table.run.iloc[0],
        "layer",
        rows,
        caption,
    )
    for layer, part in measured.groupby("layer", sort=False):
        print_warning(str(layer), part)


def print_warning(name: str, rows: pd.DataFrame) -> None:
    """A line if the codes hold more entropy than Gaussian ones: of a row, a width, a layer."""
    if warning := over_entropised(rows):
        stdout().print(f"warning: {name}: {warning}", soft_wrap=True)


def _over_seeds(part: pd.DataFrame) -> dict[Quantity, Interval]:
    found = {quantity: select(part, quantity) for quantity in QUANTITIES}
    return {quantity: over_seeds(rows) for quantity, rows in found.items() if len(rows)}


def _single(part: pd.DataFrame) -> dict[Quantity, Interval]:
    """The only row of each quantity; its standard error takes the place of the interval."""
    cells: dict[Quantity, Interval] = {}
    for quantity in QUANTITIES:
        rows = select(part, quantity)
        if len(rows):
            row = rows.iloc[0]
            scale = row["n_units"] if quantity.per_unit else 1
            value, error, null = (float(row[name]) for name in ("value", "standard_error", "null_mean"))
            cells[quantity] = Interval(value, error / scale, null, 1)
    return cells


def _print(title: str, first: str, rows: Iterable[tuple[str, dict[Quantity, Interval]]], caption: str) -> None:
    rows = list(rows)
    shown = [quantity for quantity in QUANTITIES if any(quantity in cells for _, cells in rows)]
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column(first, justify="right", no_wrap=True)
    for quantity in shown:
        table.add_column(quantity.label, justify="right", no_wrap=True)
    for label, cells in rows:
        table.add_row(label, *_cells(cells, shown, interval_text))
        table.add_row("null", *_cells(cells, shown, _null), style="dim")
    stdout().print(table)
    stdout().print(caption, style="dim", soft_wrap=True)


def _cells(cells: dict[Quantity, Interval], shown: list[Quantity], text: Callable[[Interval], str]) -> Iterator[str]:
    return (text(cells[quantity]) if quantity in cells else "-" for quantity in shown)


def interval_text(interval: Interval) -> str:
    """The mean to the second significant digit of its spread.

    >>> interval_text(Interval(-0.00683, 0.022, 0.0, 3)), interval_text(Interval(112.34, 7.2, 0.0, 3))
    ('-0.007 ±0.022', '112.3 ±7.2')
    """
    if not interval.half_width > 0:
        return f"{interval.mean:.3g}"
    decimals = max(1 - math.floor(math.log10(interval.half_width)), 0)
    return f"{interval.mean:.{decimals}f} ±{interval.half_width:.{decimals}f}"


def _null(interval: Interval) -> str:
    return "" if math.isnan(interval.null) else f"{interval.null:.3g}"


def _answer(part: pd.DataFrame) -> str:
    try:
        return answer(trends(part))
    except GausslabError as error:
        return f"No answer to whether narrower codes come closer to a Gaussian: {error}."


def _layer_label(layer: object, part: pd.DataFrame) -> str:
    return f"{layer} ({part.n_units.max()})"


def print_reconstruction(table: pd.DataFrame) -> None:
    """The reconstruction errors of one autoencoder, each by its own name."""
    rows = table[table.estimator == "reconstruction"]
    errors = (f"{row.statistic} {row.value:.4g} ±{row.standard_error:.2g}" for row in rows.itertuples())
    stdout().print(
        f"reconstruction of {int(rows.n_samples.max()):,} held-out images: {', '.join(errors)}", soft_wrap=True
    )


def print_accuracy(table: pd.DataFrame) -> None:
    """The share of images that one classifier gets right."""
    row = table[(table.estimator == "classification") & (table.statistic == "accuracy")].iloc[0]
    stdout().print(
        f"classification of {row.n_samples:,} held-out images: accuracy {row.value:.4f} ±{row.standard_error:.2g}",
        soft_wrap=True,
    )


def print_refusals(refusals: Iterable[str]) -> None:
    """What could not be measured, and why, on stderr."""
    for refusal in refusals:
        stderr().print(f"not measured: {refusal}", soft_wrap=True, markup=False)


def print_pairs(table: pd.DataFrame) -> None:
    """How adversarial activations' radii differ from the clean ones', if the table has such rows."""
    pairs = table[table.estimator == "paired_radius"]
    for layer, part in pairs.groupby("layer", sort=False):
        row = {str(statistic): rows.iloc[0] for statistic, rows in part.groupby("statistic")}
        mean, effect, share = row["mean_difference"], row["standardised_effect"], row["share_lower"]
        stdout().print(
            f"{layer}: adversarial minus clean radius {mean['value']:+.4g} ±{mean['standard_error']:.2g} (null 0, "
            f"{_p(float(mean['p_value']))}), standardised {effect['value']:+.3g}; lower in {share['value']:.1%} of "
            f"{mean['n_samples']:,} pairs (null 50%); AUROC of -r {row['auroc']['value']:.3f}",
            soft_wrap=True,
        )


def _p(value: float) -> str:
    return f"p = {value:.2g}" if value >= 1e-4 else "p < 1e-4"


def print_layer_list(rows: Sequence[object]) -> None:
    """Layers of a network or of a state dict, a row each, a column a field."""
    if not rows:
        stdout().print("no batch-norm layer found")
        return
    names = list(vars(rows[0]))
    table = Table(*names, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(_plain(getattr(row, name)) for name in names))
    stdout().print(table)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return "-" if value is None else str(value)
