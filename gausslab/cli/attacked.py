"""What `gausslab attack` shows: the attacks there are, how far it is, and what became of the images."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from gausslab.adversarial.specs import AttackSpec, forms
from gausslab.cli.console import stderr, stdout

if TYPE_CHECKING:
    from gausslab.adversarial.making import Made

_HEAD = ("attack", "attempted", "success", "95% interval", "median l2", "median linf", "empty", "seconds")
_LEGEND = (
    "attempted: the network has the clean image right (all images, where their classes are not the network's). "
    "success: share of those whose prediction changed, of a targeted attack to its target, of one that keeps the norm "
    "with the norm kept, with exact (Clopper-Pearson) limits. Medians: of the successful ones. empty: blank results, "
    "which count as failures. seconds: of this call; - for sets that were there."
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        attack: as the command line writes it.
        attempted: images that the network has right.
        success: share of them.
        low: lower limit of the share.
        high: upper limit.
        d_l2: median Euclidean distance of the successful ones.
        d_linf: median largest change of a pixel.
        empty: blank results.
        seconds: of work; None if the set was there.
    """

    attack: str
    attempted: int
    success: float
    low: float
    high: float
    d_l2: float
    d_linf: float
    empty: int
    seconds: float | None


def row(made: "Made") -> Row:
    """What the table says of a set; the set itself need not be kept."""
    from gausslab.adversarial.sets import median

    batch, limits = made.set.batch, made.set.success_interval
    return Row(
        attack=made.set.spec,
        attempted=int(batch.attempted.sum()),
        success=batch.success_rate,
        low=float(limits.low),
        high=float(limits.high),
        d_l2=median(batch.d_l2, batch),
        d_linf=median(batch.d_linf, batch),
        empty=batch.empty_count,
        seconds=made.seconds,
    )


def print_attacks() -> None:
    """A row an attack: how it is written, its family, its number."""
    table = Table("attack", "family", "number", box=box.SIMPLE_HEAD)
    for form in forms():
        table.add_row(*form)
    stdout().print(table)


def print_sets(rows: Sequence[Row], title: str) -> None:
    """A row an attack: how often it succeeded, and how far its images are."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for name in _HEAD:
        table.add_column(name, justify="left" if name == "attack" else "right", no_wrap=True)
    for each in rows:
        table.add_row(*_cells(each))
    stdout().print(table)
    stdout().print(_LEGEND, style="dim", soft_wrap=True)


def _cells(row: Row) -> tuple[str, ...]:
    interval = "-" if math.isnan(row.low) else f"{row.low:.1%} to {row.high:.1%}"
    rate = "-" if math.isnan(row.success) else f"{row.success:.1%}"
    sizes = ("-" if math.isnan(size) else f"{size:.3g}" for size in (row.d_l2, row.d_linf))
    seconds = "-" if row.seconds is None else f"{row.seconds:.1f}"
    return row.attack, f"{row.attempted:,}", rate, interval, *sizes, str(row.empty), seconds


@contextmanager
def live(images: int) -> Iterator[Callable[[AttackSpec, int, int], None]]:
    """A reporter of batches: a bar an attack in a terminal, a line a batch elsewhere."""
    if not sys.stderr.isatty():
        yield lambda spec, done, total: stderr().print(f"{spec}  {done:,}/{total:,} images", soft_wrap=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeRemainingColumn(), console=stderr(), transient=True) as progress:
        tasks: dict[AttackSpec, TaskID] = {}

        def report(spec: AttackSpec, done: int, total: int) -> None:
            if spec not in tasks:
                tasks[spec] = progress.add_task(str(spec), total=images)
            progress.update(tasks[spec], completed=done, total=total)

        yield report
