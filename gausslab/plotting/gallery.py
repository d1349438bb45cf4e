"""The qualitative grid: what every row of the comparison makes of the same images, and what it samples."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.plotting.pictures import COLUMNS, GAP, read_grid, strip
from gausslab.plotting.pixels import Picture, pixel_figure, place, whole_scale, write
from gausslab.plotting.study_pictures import INTERPOLATIONS, RECONSTRUCTIONS, SAMPLES
from gausslab.plotting.theme import INK, themed
from gausslab.presets import DAI_WIPF, LAPLACE, ROWS, SECOND_STAGE

GROUND_TRUTH = "Test images"
_NAMES = 184  # pixels for the rows' titles
_LEFT = 20  # of them, where the caption begins too
_LONGEST = 11  # characters a line of a title
_BETWEEN = 16  # pixels between columns
_HEAD = 40  # pixels for the columns' titles


@dataclass(frozen=True)
class Column:
    """A column of the grid.

    Attributes:
        title: above it.
        files: names of pictures without ending; a row shows the first of them that it has.
        row: which row of images of that picture.
        images: how many of them; an interpolation is not cut, since both its ends belong to it.
    """

    title: str
    files: tuple[str, ...]
    row: int = 0
    images: int = 6


TRUTH = Column(GROUND_TRUTH, (RECONSTRUCTIONS,))
GRID = (
    Column("Reconstructions", (RECONSTRUCTIONS,), row=1),
    Column("Samples from N(0, I)", (SAMPLES, f"samples-{LAPLACE}")),
    Column("Samples from a mixture", (f"samples-{SECOND_STAGE}", f"samples-{DAI_WIPF}", "samples-gmm")),
    Column("Interpolation", (INTERPOLATIONS,), images=COLUMNS),
)
_SECOND = "samples of the second stage in place of a mixture's; reconstructions and interpolation are without it"
_INSTEAD = {
    f"samples-{LAPLACE}": "samples from Laplace's law in place of N(0, I)",
    f"samples-{SECOND_STAGE}": _SECOND,
    f"samples-{DAI_WIPF}": _SECOND,
}
_ALWAYS = (
    "The first images of each kind, none chosen; interpolation on the straight line between the codes of two test "
    "images."
)
Line = tuple[Picture | None, ...]


def gallery(folder: Path, caption: Sequence[str]) -> Figure:
    """A line a row of the comparison: reconstructions, samples from N(0, I) and from a fitted density, interpolation.

    Rows with a second stage show its samples in place of a fitted mixture's. What a row lacks stays blank, and rows
    that have nothing are left out. The thesis's Figures 2.4, 2.10 and 2.11.

    How it can mislead: six images say little about a law, and nothing about images that are never drawn.

    Args:
        folder: a data set's, `studies/NAME/images/DATA`, with a folder of pictures a row.
        caption: sentences that come first in it.

    Raises:
        GausslabError: there are no pictures of any row, one is not a grid, they are of different sizes, or not of the
            same test images.
    """
    files = _files(folder)
    if not files:
        raise GausslabError(f"no pictures of any row of the comparison in {folder}")
    lines: dict[str, Line] = {ROWS[row].title: _strips(found) for row, found in files.items()}
    truth = _truth(files)
    if truth is not None:
        lines = {GROUND_TRUTH: (truth, *[None] * (len(GRID) - 1)), **lines}
    with themed():
        return _drawn(lines, _side(lines), [*caption, _ALWAYS, *_notes(files)])


def _files(folder: Path) -> dict[str, dict[Column, Path]]:
    """Row -> column -> the file that is shown there; in the table's order."""
    found = {row: {column: path for column in GRID if (path := _file(folder / row, column))} for row in ROWS}
    return {row: files for row, files in found.items() if files}


def _file(folder: Path, column: Column) -> Path | None:
    paths = [folder / f"{name}.png" for name in column.files]
    return next((path for path in paths if path.is_file()), None)


def _strip(path: Path, column: Column) -> Picture:
    try:
        return strip(read_grid(path), column.row, column.images)
    except GausslabError as error:
        raise GausslabError(f"cannot show {path}: {error}") from None


def _strips(files: Mapping[Column, Path]) -> Line:
    return tuple(_strip(files[column], column) if column in files else None for column in GRID)


def _truth(files: Mapping[str, Mapping[Column, Path]]) -> Picture | None:
    """The images that all rows reconstruct."""
    paths = [found[GRID[0]] for found in files.values() if GRID[0] in found]
    truths = [_strip(path, TRUTH) for path in paths]
    for path, picture in zip(paths, truths, strict=True):
        if not np.array_equal(picture, truths[0]):
            raise GausslabError(f"expected the same test images in all rows, but those of {path} and {paths[0]} differ")
    return truths[0] if truths else None


def _side(lines: Mapping[str, Line]) -> int:
    """Pixels along an image, which must be the same in all strips."""
    sides = sorted({len(part) - 2 * GAP for line in lines.values() for part in line if part is not None})
    if len(sides) > 1:
        raise GausslabError(f"expected images of one size, got sides of {' and '.join(map(str, sides))} pixels")
    return sides[0]


def _drawn(lines: Mapping[str, Line], side: int, caption: Sequence[str]) -> Figure:
    """Every strip at the largest whole scale at which a line fits on a page."""
    widths = [column.images * (side + GAP) + GAP for column in GRID]
    room = _NAMES + (len(GRID) - 1) * _BETWEEN
    scale = whole_scale(sum(widths), beside=room)
    lefts = [_NAMES + i * _BETWEEN + scale * sum(widths[:i]) for i in range(len(GRID))]
    step = scale * (side + 2 * GAP)
    figure = pixel_figure(room + scale * sum(widths), _HEAD + step * len(lines), caption)
    for column, left in zip(GRID, lefts, strict=True):
        write(figure, column.title, left + GAP * scale, _HEAD - 10, fontsize=6.5, va="baseline", color=INK)
    for i, (title, line) in enumerate(lines.items()):
        top = _HEAD + step * i
        name = textwrap.fill(title, _LONGEST, break_on_hyphens=False)
        write(figure, name, _LEFT, top + step // 2, fontsize=5.8, va="center", color=INK)
        for left, part in zip(lefts, line, strict=True):
            if part is not None:
                place(figure, part, left, top, scale)
    return figure


def _notes(files: Mapping[str, Mapping[Column, Path]]) -> list[str]:
    """Which rows show something else than their column's title says."""
    shown: dict[str, list[str]] = {}
    for row, found in files.items():
        for path in found.values():
            if note := _INSTEAD.get(path.stem):
                shown.setdefault(note, []).append(ROWS[row].title)
    return [f"{', '.join(titles)}: {note}." for note, titles in shown.items()]
