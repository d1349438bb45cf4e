"""Saved grids of images: read, cut, and set side by side. They have 8 columns, and white gaps of 2 pixels."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imread

from gausslab.errors import GausslabError
from gausslab.plotting.panels import write_caption
from gausslab.plotting.pixels import PAGE_PIXELS, Picture, pixel_figure, place, whole_scale, write
from gausslab.plotting.theme import INK, PAGE, new_figure, themed

COLUMNS = 8  # as gausslab.sampling lays grids out, which is not imported, since torch comes with it
GAP = 2
_MOST_A_ROW = 5
_BETWEEN = 24  # pixels between grids
_TITLE = 44  # pixels above each grid
_MARGIN = 12  # pixels on all sides: with the gap of the grid, the images begin where the caption does


def read_picture(path: Path) -> np.ndarray:
    """A PNG file, values in [0, 1].

    Raises:
        GausslabError: it is absent or no PNG.
    """
    try:
        return imread(path, format="png")
    except (OSError, SyntaxError, ValueError) as error:
        raise GausslabError(f"cannot read the grid of images {path}: {error}") from None


def read_grid(path: Path) -> Picture:
    """A PNG file of a grid of square images, grey ones in three equal colours.

    Raises:
        GausslabError: it is absent, no PNG, or no grid.
    """
    picture = read_picture(path)
    grid = np.stack([picture] * 3, axis=-1) if picture.ndim == 2 else picture[..., :3]
    height, width, colours = grid.shape
    step = side(grid) + GAP
    if colours != 3 or width != COLUMNS * step + GAP or height <= step or height % step != GAP or step <= GAP:
        raise GausslabError(
            f"{path}: expected {COLUMNS} square images a row, {GAP} pixels apart, got {width} x {height}"
        )
    return grid


def side(grid: Picture) -> int:
    """Pixels along an image of a grid."""
    return (len(grid[0]) - GAP) // COLUMNS - GAP


def first_rows(grid: Picture, rows: int) -> Picture:
    """The first rows of images, with the gaps around them; all if there are fewer."""
    return grid[: rows * (side(grid) + GAP) + GAP]


def strip(grid: Picture, row: int, images: int) -> Picture:
    """The first images of one row, with the gaps around them.

    Raises:
        GausslabError: the grid has no such row.
    """
    step = side(grid) + GAP
    rows = grid.shape[0] // step
    if row >= rows:
        raise GausslabError(f"expected a grid of at least {row + 1} rows of images, got {rows}")
    return grid[row * step : (row + 1) * step + GAP, : images * step + GAP]


def picture_grids(
    grids: Mapping[str, Path], caption: Sequence[str], across: int | None = None, rows: int = COLUMNS
) -> Figure:
    """Grids side by side under their titles, as large as a page allows in whole pixels.

    Args:
        grids: title -> PNG file.
        caption: sentences.
        across: grids a line, fewer if they were smaller than they are on a screen; None is all.
        rows: rows of images that are shown of each.

    Raises:
        GausslabError: no grids, or a file is not a grid.
    """
    if not grids:
        raise GausslabError("expected at least one grid of images, got none")
    pictures = {title: first_rows(read_grid(path), rows) for title, path in grids.items()}
    widest = max(picture.shape[1] for picture in pictures.values())
    across = max(1, min(across or len(pictures), len(pictures), _fitting(widest)))
    scale = whole_scale(across * widest, beside=2 * _MARGIN + (across - 1) * _BETWEEN)
    return _lines(pictures, caption, across, scale)


def _fitting(width: int) -> int:
    """How many pictures fit side by side on a page, not made smaller."""
    return (PAGE_PIXELS - 2 * _MARGIN + _BETWEEN) // (width + _BETWEEN)


def _lines(pictures: Mapping[str, Picture], caption: Sequence[str], across: int, scale: int) -> Figure:
    items = list(pictures.items())
    lines = [items[start : start + across] for start in range(0, len(items), across)]
    heights = [scale * max(picture.shape[0] for _, picture in line) + _TITLE for line in lines]
    step = scale * max(picture.shape[1] for picture in pictures.values()) + _BETWEEN
    with themed():
        figure = pixel_figure(across * step - _BETWEEN + 2 * _MARGIN, sum(heights) + _MARGIN, caption)
        for i, line in enumerate(lines):
            for j, (title, picture) in enumerate(line):
                _titled(figure, title, picture, _MARGIN + j * step, _MARGIN + sum(heights[:i]), scale)
    return figure


def _titled(figure: Figure, title: str, picture: Picture, left: int, top: int, scale: int) -> None:
    write(figure, title, left + GAP * scale, top + _TITLE - 8, fontsize=7.5, va="baseline", color=INK)
    place(figure, picture, left, top + _TITLE, scale)


def width_samples(grids: Mapping[int, Path]) -> Figure:
    """Grids of images decoded from N(0, I), side by side by width: the thesis's Figure 2.5.

    Args:
        grids: width -> PNG file.

    Raises:
        GausslabError: no grids, or a file is not a PNG.
    """
    if not grids:
        raise GausslabError("expected at least one grid of samples, got none")
    images = {width: read_picture(grids[width]) for width in sorted(grids)}
    columns = min(len(images), _MOST_A_ROW)
    lines = -(-len(images) // columns)
    side = PAGE / max(columns, 3)
    with themed():
        figure = new_figure(side * columns, (side + 0.2) * lines + 0.3)
        panels = list(figure.subplots(lines, columns, squeeze=False).flat)
        for axes in panels:
            axes.set_axis_off()
        for axes, (width, image) in zip(panels, images.items(), strict=False):
            axes.imshow(image, cmap="gray", vmin=0, vmax=1)
            axes.set_title(f"width {width}", loc="center")
        write_caption(figure, ["Images decoded from N(0, I) at each bottleneck width."])
    return figure
