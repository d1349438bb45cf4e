"""The tables in the terminal: a row a width or a layer, its Gaussian null beneath it."""

import math
from collections.abc import Callable, Iterable, Iterator

import pandas as pd
from rich import box
from rich.table import Table

from gausslab.cli.console import stdout
from gausslab.errors import GausslabError
from gausslab.summary import KL_PER_UNIT, QUANTITIES, Interval, Quantity, answer, over_seeds, select, trend

_GRID = ("data", "model", "channels", "depth")


def print_sweep(table: pd.DataFrame) -> None:
    """For each data set, objective, channels and depth: the widths, and the answer to the question of the sweep."""
    for key, part in table.groupby(list(_GRID), dropna=False, sort=False):
        seeds, samples = part.seed.nunique(), int(part.n_samples.max())
        title = ", ".join(f"{name} {value}" for name, value in zip(_GRID, key, strict=True))
        rows = ((str(width), _over_seeds(of_width)) for width, of_width in part.groupby("width"))
        caption = (
            f"{samples:,} held-out images; mean ± half of a 95% t interval over {seeds} seeds; null: exact Gaussian "
            "samples. KL, its parts, entropy gap and kNN-KL (of the whitened code) in nats; 'beyond' (second order) "
            "and kNN-KL are test statistics, not measures, above 16 units. Rejected: share of units, Shapiro-Wilk with "
            "Holm at 5%. MSE: per element."
        )
        _print(title, "width", rows, caption)
        stdout().print(_answer(part), soft_wrap=True)


def print_layers(table: pd.DataFrame) -> None:
    """One network: a row a layer, with standard errors."""
    measured = table[table.layer != ""]
    rows = [(_layer_label(layer, part), _single(part)) for layer, part in measured.groupby("layer", sort=False)]
    samples = int(measured.n_samples.max())
    caption = f"up to {samples:,} samples; value ± standard error; KL, its parts, entropy gap and kNN-KL in nats"
    _print(
        f"{table.run.iloc[0]} on {table.data.iloc[0]}" if table.data.iloc[0] else table.run.iloc[0],
        "layer",
        rows,
        caption,
    )
    if len(rows) > 1:
        stdout().print(_extremes(measured), soft_wrap=True)


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
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    table.add_column(first, justify="right", no_wrap=True)
    for quantity in shown:
        table.add_column(quantity.label, justify="right", no_wrap=True)
    for label, cells in rows:
        table.add_row(label, *_cells(cells, shown, _value))
        table.add_row("null", *_cells(cells, shown, _null), style="dim")
    stdout().print(table)


def _cells(cells: dict[Quantity, Interval], shown: list[Quantity], text: Callable[[Interval], str]) -> Iterator[str]:
    return (text(cells[quantity]) if quantity in cells else "-" for quantity in shown)


def _value(interval: Interval) -> str:
    spread = "" if math.isnan(interval.half_width) else f" ±{interval.half_width:.2g}"
    return f"{interval.mean:.3g}{spread}"


def _null(interval: Interval) -> str:
    return "" if math.isnan(interval.null) else f"{interval.null:.3g}"


def _answer(part: pd.DataFrame) -> str:
    try:
        return answer(trend(part))
    except GausslabError as error:
        return f"No answer to whether narrower codes come closer to a Gaussian: {error}."


def _layer_label(layer: object, part: pd.DataFrame) -> str:
    return f"{layer} ({part.n_units.max()})"


def _extremes(measured: pd.DataFrame) -> str:
    rows = select(measured, KL_PER_UNIT)
    if rows.empty:
        return "No layer has enough samples for a KL divergence: it needs more samples than units."
    ordered = rows.sort_values("value")
    near, far = ordered.iloc[0], ordered.iloc[-1]
    return (
        f"Nearest to N(0,I) per unit: {near['layer']} ({float(near['value']):.3g} nats a unit); "
        f"farthest: {far['layer']} ({float(far['value']):.3g})."
    )
