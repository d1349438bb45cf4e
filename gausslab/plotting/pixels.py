"""Figures of pictures, laid out in whole pixels of the PNG, so that every pixel of a picture is a square of as many."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from gausslab.plotting.panels import write_caption
from gausslab.plotting.theme import PAGE, THEME, new_figure

Picture = Float[np.ndarray, "_height _width 3"]

DPI = int(THEME["savefig.dpi"])
PAGE_PIXELS = int(PAGE * DPI)
_CAPTION_LINE = 33  # 6.5 points and the space between lines
_CAPTION_SPACE = 40  # above and below
_CAPTION_WIDTH = 0.95  # of the figure's: lines of wide letters are longer than the average
_ROUNDING = 1e-6  # of a pixel: inches times dots an inch must not fall below the whole number


def whole_scale(width: int, beside: int = 0) -> int:
    """How many pixels of the page may stand for one of pictures of this width; 1 if they do not fit at all.

    Args:
        width: of all pictures on a line together.
        beside: pixels of the page that are taken.
    """
    return max(1, (PAGE_PIXELS - beside) // width)


def pixel_figure(width: int, height: int, caption: Sequence[str]) -> Figure:
    """An empty figure of so many pixels, under which the caption stands."""
    figure = new_figure(_CAPTION_WIDTH * width / DPI, height / DPI)
    figure.set_layout_engine("none")
    write_caption(figure, [sentence for sentence in caption if sentence])
    lines = figure.get_supxlabel().count("\n") + 1
    below = _CAPTION_LINE * lines + _CAPTION_SPACE
    figure.set_size_inches((width + _ROUNDING) / DPI, (height + below + _ROUNDING) / DPI)
    return figure


def place(figure: Figure, picture: Picture, left: int, top: int, scale: int) -> None:
    """Draw a picture, its corner so many pixels from the figure's; the PDF holds it as it is, not enlarged."""
    width, height = figure.get_size_inches() * DPI
    down, across = picture.shape[0] * scale, picture.shape[1] * scale
    axes = figure.add_axes((left / width, 1 - (top + down) / height, across / width, down / height))
    axes.set_axis_off()
    axes.imshow(picture, vmin=0, vmax=1, interpolation="none", aspect="auto")


def write(figure: Figure, text: str, left: int, top: int, **style: Any) -> None:
    """Write a text, its place so many pixels from the figure's corner."""
    width, height = figure.get_size_inches() * DPI
    figure.text(left / width, 1 - top / height, text, **style)
