"""Draw figures anew, from saved tables and image grids alone."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

from gausslab import tables
from gausslab.errors import GausslabError
from gausslab.plotting.layers import layer_profile
from gausslab.plotting.pareto import pareto
from gausslab.plotting.pictures import width_samples
from gausslab.plotting.selection import split_series
from gausslab.plotting.theme import save
from gausslab.plotting.width_sweep import width_trend

SWEEP_TABLE = "measurements.csv"
STUDY_TABLE = "results.csv"
PROBE_TABLE = "probe.csv"
GRID = "samples.png"
COMPARISON_TABLE = "comparison.csv"
RUN_MARK = "config.json"  # a run's folder holds this beside its own part of the sweep's table


def redraw(directory: Path) -> list[Path]:
    """Draw `width_trend` and `width_samples` of a sweep, `layers` of a probe, `pareto` of a comparison.

    They lie beside the table.

    A sweep that also varied the data, the model, the channels or the depth gives a figure for each, named after them.
    A study is drawn as a sweep if it keeps grids `samples/width-8.png`, `samples/width-16.png`, ...

    Returns:
        The files written.

    Raises:
        GausslabError: the directory holds nothing to draw, a table cannot be read, or a file cannot be written.
    """
    written = [path for table in _tables(directory) for path in _draw(table)]
    if not written:
        known = f"{SWEEP_TABLE} of a sweep, {PROBE_TABLE} of a probe, {COMPARISON_TABLE} of a comparison"
        raise GausslabError(f"{directory} holds none of {known}")
    return written


def redraw_all(folders: Iterable[Path], report: Callable[[Path], None] = lambda path: None) -> list[Path]:
    """The same for every sweep, probe and study in the folders, at any depth; single runs of a sweep are passed over.

    Args:
        folders: where to look.
        report: is told every file as soon as it is written.

    Raises:
        GausslabError: nothing to draw in any of them, or some tables could not be drawn: the others are, then one
            error names each failure.
    """
    folders = list(folders)
    places = {path.parent for folder in folders for name in _DRAWERS for path in folder.rglob(name)}
    written: list[Path] = []
    failures: list[str] = []
    for table in [table for place in sorted(places) if not (place / RUN_MARK).exists() for table in _tables(place)]:
        try:
            drawn = _draw(table)
        except GausslabError as error:
            failures.append(str(error))
            continue
        for path in drawn:
            report(path)
        written += drawn
    if failures:
        raise GausslabError("; ".join(failures))
    if not written:
        raise GausslabError(f"no table of a sweep, probe or study in {', '.join(map(str, folders))}")
    return written


def sample_grids(frame: pd.DataFrame, directory: Path) -> dict[int, Path]:
    """For each width the grid `<run>/samples.png` of the lowest seed that has one."""
    runs = frame[frame["width"].notna()].drop_duplicates("run").sort_values(["width", "seed"], ascending=False)
    found = [(int(width), directory / run / GRID) for width, run in zip(runs["width"], runs["run"], strict=True)]
    return {width: path for width, path in found if path.is_file()}


def numbered_grids(folder: Path) -> dict[int, Path]:
    """The grids `width-8.png`, `width-16.png`, ... of a folder, by width."""
    named = {path.stem.removeprefix("width-"): path for path in folder.glob("width-*.png")}
    return {int(width): path for width, path in named.items() if width.isdecimal()}


def _tables(directory: Path) -> list[Path]:
    return [directory / name for name in _DRAWERS if (directory / name).is_file()]


def _draw(table: Path) -> list[Path]:
    try:
        return _DRAWERS[table.name](table.parent)
    except GausslabError as error:
        raise GausslabError(f"cannot draw {table.parent}: {error}") from None


def _draw_sweep(directory: Path) -> list[Path]:
    written: list[Path] = []
    for name, frame in split_series(tables.read(directory / SWEEP_TABLE)).items():
        ending = f"-{name}" if name else ""
        written += save(width_trend(frame), directory / f"width_trend{ending}")
        if grids := sample_grids(frame, directory):
            written += save(width_samples(grids), directory / f"width_samples{ending}")
    return written


def _draw_study(directory: Path) -> list[Path]:
    grids = numbered_grids(directory / "samples")
    if not grids:
        return []
    trend = width_trend(tables.read(directory / STUDY_TABLE))
    return [*save(trend, directory / "width_trend"), *save(width_samples(grids), directory / "width_samples")]


def _draw_probe(directory: Path) -> list[Path]:
    return list(save(layer_profile(tables.read(directory / PROBE_TABLE)), directory / "layers"))


def _draw_comparison(directory: Path) -> list[Path]:
    return list(save(pareto(tables.read(directory / COMPARISON_TABLE)), directory / "pareto"))


_DRAWERS: Mapping[str, Callable[[Path], list[Path]]] = {
    SWEEP_TABLE: _draw_sweep,
    STUDY_TABLE: _draw_study,
    PROBE_TABLE: _draw_probe,
    COMPARISON_TABLE: _draw_comparison,
}
