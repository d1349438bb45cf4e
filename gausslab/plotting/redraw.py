"""Draw the figures of a directory anew, from its saved table and grids alone."""

from pathlib import Path

import pandas as pd

from gausslab import tables
from gausslab.errors import GausslabError
from gausslab.plotting.layers import layer_profile
from gausslab.plotting.selection import split_series
from gausslab.plotting.theme import save
from gausslab.plotting.width_sweep import width_samples, width_trend

SWEEP_TABLE = "measurements.csv"
PROBE_TABLE = "probe.csv"
GRID = "samples.png"


def redraw(directory: Path) -> list[Path]:
    """Write `width_trend` and `width_samples` of a sweep, and `layers` of a probe, beside their tables.

    A sweep that also varied the model, the channels or the depth gives a figure for each, named after them.

    Returns:
        The files written.

    Raises:
        GausslabError: the directory holds neither table, a table cannot be read, or a file cannot be written.
    """
    written: list[Path] = []
    if (directory / SWEEP_TABLE).is_file():
        written += _redraw_sweep(directory)
    if (directory / PROBE_TABLE).is_file():
        written += save(layer_profile(tables.read(directory / PROBE_TABLE)), directory / "layers")
    if not written:
        raise GausslabError(f"{directory} holds neither {SWEEP_TABLE} of a sweep nor {PROBE_TABLE} of a probe")
    return written


def sample_grids(frame: pd.DataFrame, directory: Path) -> dict[int, Path]:
    """For each width the grid of the lowest seed that has one."""
    runs = frame[frame["width"].notna()].drop_duplicates("run").sort_values(["width", "seed"], ascending=False)
    found = [(int(width), directory / run / GRID) for width, run in zip(runs["width"], runs["run"], strict=True)]
    return {width: path for width, path in found if path.is_file()}


def _redraw_sweep(directory: Path) -> list[Path]:
    written: list[Path] = []
    for name, frame in split_series(tables.read(directory / SWEEP_TABLE)).items():
        ending = f"-{name}" if name else ""
        written += save(width_trend(frame), directory / f"width_trend{ending}")
        if grids := sample_grids(frame, directory):
            written += save(width_samples(grids), directory / f"width_samples{ending}")
    return written
