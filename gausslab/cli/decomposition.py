"""The KL decomposition in the terminal: a row a part, each bar beginning where the one before ended."""

import math
from itertools import accumulate, pairwise

import pandas as pd
from rich import box
from rich.table import Table

from gausslab.cli.console import counted, stdout
from gausslab.parts import Decomposition, Part, bound_in_words, decomposition, fixed, lower_bound

_BAR = 30
_WORST = 5
_LEGEND = (
    "Nats; intervals are value ± 1.96 standard errors; null sd: of exact {name} samples of the same n and d, whose "
    "mean is 0; p: two-sided. Bars add up from left to right, light ones take away."
)


def print_decomposition(table: pd.DataFrame) -> None:
    """The total of one code, the parts whose sum it is, and the units that are the least Gaussian.

    Args:
        table: of `gausslab.measure`, or the rows of one layer of one run of a tidy table.

    Raises:
        GausslabError: the table holds no decomposition, or is about several codes.
    """
    found = decomposition(table)
    shown = Table(title=f"KL from {found.reference.law}: {found.sentence}", box=box.SIMPLE_HEAD, title_justify="left")
    shown.add_column("part", no_wrap=True)
    for name in ("nats", "95% interval", "null sd", "p", "share"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for part, bar in zip(found.parts, bars(found), strict=True):
        shown.add_row(*_cells(part, found), bar)
    shown.add_section()
    shown.add_row(*_cells(found.total, found), _bar(0.0, found.total.value, _reach(found)), style="bold")
    stdout().print(shown)
    legend = _LEGEND.format(name=found.reference.name)
    stdout().print(" ".join([*_remarks(table, found), legend]), style="dim", soft_wrap=True)


def bars(found: Decomposition) -> list[str]:
    """A bar a part: from the sum of the parts before to the same with it."""
    ends = [0.0, *accumulate(part.value for part in found.parts)]
    return [_bar(start, end, _reach(found)) for start, end in pairwise(ends)]


def _reach(found: Decomposition) -> tuple[float, float]:
    ends = [0.0, *accumulate(part.value for part in found.parts)]
    return min(ends), max(ends)


def _bar(start: float, end: float, reach: tuple[float, float]) -> str:
    """Blocks from start to end on a line that shows `reach`; at least a hair's breadth.

    >>> _bar(0.0, 1.0, (0.0, 2.0)), _bar(2.0, 1.5, (0.0, 2.0)), _bar(1.0, 1.0, (0.0, 2.0))
    ('███████████████', '                       ▒▒▒▒▒▒▒', '               ▏')
    """
    low, high = reach
    scale = _BAR / (high - low) if high > low else 0.0
    first, last = (math.floor((each - low) * scale + 0.5) for each in (min(start, end), max(start, end)))
    return " " * min(first, _BAR - 1) + ("▏" if last == first else ("█" if end > start else "▒") * (last - first))


def _cells(part: Part, found: Decomposition) -> tuple[str, ...]:
    digits = found.digits + 1
    low, high = (fixed(end, digits) for end in part.interval)
    return (
        part.label,
        fixed(part.value, digits),
        "" if math.isnan(part.standard_error) else f"{low} to {high}",
        "" if math.isnan(part.null_sd) else f"{part.null_sd:.2g}",
        "" if math.isnan(part.p_value) else f"{part.p_value:.2g}",
        f"{fixed(100 * part.value / found.total.value, 0)}%" if found.total.interval[0] > 0 else "",
    )


def _remarks(table: pd.DataFrame, found: Decomposition) -> list[str]:
    """What the numbers must not be read without."""
    remarks = [f"{counted(found.samples, 'sample')} of {counted(found.units, 'unit')}."]
    cautions = [caution for caution in (found.reference.caution, found.caution) if caution]
    remarks += [f"{caution[0].upper()}{caution[1:]}." for caution in cautions]
    bound = lower_bound(table)
    if bound is not None:
        remarks.append(f"Held-out lower bound: {bound_in_words(bound, found.digits, found.reference)}.")
    worst = _worst(table, found.digits + 1)
    return [*remarks, f"Least Gaussian units{found.reference.after}: {worst}."] if worst else remarks


def _worst(table: pd.DataFrame, digits: int) -> str:
    """The units with the most negentropy, in nats."""
    single = table[(table["estimator"] == "negentropy") & (table["unit"] != "all")]
    worst = single.sort_values("value", ascending=False, kind="stable").head(_WORST)
    return ", ".join(f"{row['unit']} ({fixed(row['value'], digits)})" for row in worst.to_dict("records"))
