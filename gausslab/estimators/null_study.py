"""How the shipped grid of null laws is made: cell by cell into a cache, then collected into one file.

What has to be drawn is found by running every default estimator on a Gaussian sample of the cell's n and d within
`calibrating`; nothing is listed twice. Laws in the cache are not drawn again, so an interrupted grid goes on, a new
estimator adds its own laws only, and the file may be collected from whatever cells there are.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from filelock import FileLock, Timeout

from gausslab import provenance
from gausslab.errors import EstimatorError, RunError
from gausslab.estimators import null_cache, null_grid
from gausslab.estimators.calibration import calibrating
from gausslab.estimators.null_grid import SAMPLES, UNITS, Place
from gausslab.estimators.null_law import NullLaw
from gausslab.estimators.registry import DEFAULT_ESTIMATORS, ESTIMATORS
from gausslab.files import write_atomically
from gausslab.seeding import torch_generator

REPLICATES = 199
FINE = 1999
FEWEST = 119
TIMES = 5
WORK = 1.6e12


class Cell(NamedTuple):
    """A number of samples and a number of units."""

    samples: int
    units: int

    @property
    def name(self) -> str:
        """File name without suffix."""
        return f"n{self.samples}-d{self.units}"

    @property
    def replicates(self) -> int:
        """B of laws of the whole code: more where the study of validity counts rejections of a thousand codes.

        The level of a test at a Monte Carlo law of B replicates is itself random, with a standard deviation of
        sqrt(.05 .95 / (B + 2)) about 5 %: 1.5 points for 199, half a point for 1999.
        """
        return FINE if self.samples in (500, 2000) and self.units in (8, 32, 128) else REPLICATES


Reporter = Callable[[str], None]


def cells() -> list[Cell]:
    """The cells of the grid, cheap ones first."""
    every = [Cell(samples, units) for samples in SAMPLES for units in UNITS if units < samples]
    return sorted(every, key=lambda cell: cell.samples**2 * (cell.units + 48))


def draw(chosen: Iterable[Cell], report: Reporter, names: Iterable[str] = DEFAULT_ESTIMATORS) -> None:
    """Draw what the cache lacks of the cells; those that another process is at work on are left to it."""
    started = time.time()
    for cell in chosen:
        with _claimed(cell, started) as mine:
            if mine:
                _draw_cell(cell, tuple(names), report)


def collect(file: Path = null_grid.FILE) -> int:
    """Write the grid file, and where it came from beside it, from the cells there are.

    Returns:
        How many laws it holds.

    Raises:
        RunError: no cell has been drawn, or the file cannot be written.
    """
    notes = [json.loads(path.read_text()) for path in sorted(_notes_folder().glob("*.json"))]
    places = {key: Place.of(key) for note in notes for key in note["keys"]}
    read = {place: null_cache.read(key, 1) for key, place in places.items() if place.samples is not None}
    laws = {place: found for place, found in read.items() if found is not None}
    if not laws:
        raise RunError(f"no null laws to collect in {null_cache.cache_folder().parent}; draw some first")
    count = sum(map(len, laws.values()))
    record = {"laws": count, "collected": provenance.record(torch.get_num_threads()), **_summary(laws), "cells": notes}
    try:
        write_atomically(file, null_grid.to_bytes(laws))
        write_atomically(file.with_suffix(".json"), provenance.to_bytes(record))
    except OSError as error:
        raise RunError(f"cannot write {file}: {error.strerror or error}") from None
    return count


def _draw_cell(cell: Cell, names: tuple[str, ...], report: Reporter) -> None:
    """All laws of a cell, and a note of which they are."""
    x = torch.randn(*cell, generator=torch_generator(0, f"null grid/{cell.name}"), dtype=torch.float64)
    keys, refusals, start = dict[str, None](), list[str](), time.perf_counter()
    for name in names:
        before = time.perf_counter()
        with calibrating(cell.replicates, fewest=FEWEST, times=TIMES, work=WORK) as asked:
            try:
                ESTIMATORS[name]()(x)
            except EstimatorError as error:
                refusals.append(str(error))
        keys |= dict.fromkeys(asked)
        report(f"{cell.name} {name} {time.perf_counter() - before:.1f} s")
    note = {"cell": cell.name, "commit": provenance.commit(), "seconds": round(time.perf_counter() - start, 1)}
    note_all = note | {"refusals": refusals, "keys": list(keys)}
    write_atomically(_notes_folder() / f"{cell.name}.json", provenance.to_bytes(note_all))


@contextmanager
def _claimed(cell: Cell, started: float) -> Iterator[bool]:
    """Whether the cell is this process's to draw: no other is at it, or has finished it since this one started."""
    folder = _notes_folder()
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f"{cell.name}.json"
    try:
        with FileLock(folder / f"{cell.name}.lock", timeout=0):
            yield not (note.exists() and note.stat().st_mtime > started)
    except Timeout:
        yield False


def _notes_folder() -> Path:
    return null_cache.cache_folder().parent / "cells"


def _summary(laws: dict[Place, dict[str, NullLaw]]) -> dict[str, object]:
    """How many replicates each family has, fewest and most."""
    sizes: dict[str, list[int]] = {}
    for place, found in laws.items():
        sizes.setdefault(place.family, []).extend(law.size for law in found.values())
    return {"replicates": {family: [min(each), max(each)] for family, each in sorted(sizes.items())}}
