"""Short texts beside points: where there is room, and nowhere else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.textpath import TextPath

_SIZE = 6.0  # points
_AWAY = 4.0  # points between a mark's centre and its text
_SLANTED = 0.75  # the same in either direction for texts at the mark's corners, as a share
_MARK = 2.2  # half a mark, in points
_FAINT = 0.8  # half a faint mark, in points
_NONE = np.empty((0, 2))
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""


@dataclass(frozen=True)
class Note:
    """A text about a point.

    Attributes:
        x: of the point, in data.
        y: of the point, in data.
        text: what is said.
        color: of the text.
    """

    x: float
    y: float
    text: str
    color: str


def write_beside(axes: Axes, notes: Sequence[Note], lines: Iterable[np.ndarray], faint: np.ndarray = _NONE) -> None:
    """Write each note on the best free side of its point, in their order; notes without one are left out.

    The figure must be laid out. What counts as taken: the notes' points, the lines, and the notes written before. Of
    several free sides the best covers the fewest faint points.

    Args:
        axes: where.
        notes: what.
        lines: courses that no text may cover, each of points (x, y) in data.
        faint: points (x, y) in data that a text may cover if it must.
    """
    inside = _panel(axes)
    taken = [_around(place, _MARK) for place in _places(axes, np.array([(n.x, n.y) for n in notes]).reshape(-1, 2))]
    taken += [_around(place, 0.3) for line in lines for place in _along(_places(axes, line))]
    covered = [_around(place, _FAINT) for place in _places(axes, faint)] if len(faint) else []
    for note in notes:
        place, half = _places(axes, np.array([(note.x, note.y)]))[0], _half(note.text)
        boxes = {side: _box(place, half, side) for side in _SIDES}
        free = [side for side, box in boxes.items() if _within(box, inside) and not _hits(box, taken)]
        if free:
            best = min(free, key=lambda side: _hits(boxes[side], covered))
            _write(axes, note, best)
            taken.append(boxes[best])


def _hits(box: Box, others: Iterable[Box]) -> int:
    return sum(_overlap(box, other) for other in others)


def _panel(axes: Axes) -> Box:
    (left, bottom), (right, top) = _in_points(axes, axes.transAxes.transform(np.array([(0.0, 0.0), (1.0, 1.0)])))
    return float(left), float(bottom), float(right), float(top)


def _places(axes: Axes, points: np.ndarray) -> np.ndarray:
    """From data to points of the page."""
    return _in_points(axes, axes.transData.transform(points))


def _in_points(axes: Axes, pixels: np.ndarray) -> np.ndarray:
    return np.asarray(pixels) * 72 / axes.figure.dpi


def _along(places: np.ndarray) -> np.ndarray:
    """Places on the straight ways between those given, about two points apart."""
    steps = [np.linspace(a, b, max(int(np.hypot(*(b - a)) / 2), 1)) for a, b in pairwise(places)]
    return np.concatenate([*steps, places[-1:]])


def _around(place: np.ndarray, half: float) -> Box:
    return float(place[0] - half), float(place[1] - half), float(place[0] + half), float(place[1] + half)


def _half(text: str) -> np.ndarray:
    """Half of a text's width and height as it is drawn, in points, and a little room."""
    extents = TextPath((0, 0), text, size=_SIZE).get_extents()
    return np.array([extents.x1 + 0.1 * _SIZE, extents.height + 0.07 * _SIZE]) / 2


def _box(place: np.ndarray, half: np.ndarray, side: tuple[int, int]) -> Box:
    """Where a text of that size would stand."""
    left, bottom = place + np.array(side) * (_AWAY * np.where(all(side), _SLANTED, 1.0) + half) - half
    return float(left), float(bottom), float(left + 2 * half[0]), float(bottom + 2 * half[1])


def _within(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _write(axes: Axes, note: Note, side: tuple[int, int]) -> None:
    """As `_box` supposes."""
    away = _AWAY * (_SLANTED if all(side) else 1.0)
    axes.annotate(
        note.text,
        (note.x, note.y),
        (side[0] * away, side[1] * away),
        textcoords="offset points",
        ha={1: "left", 0: "center", -1: "right"}[side[0]],
        va={1: "bottom", 0: "center_baseline", -1: "top"}[side[1]],
        fontsize=_SIZE,
        color=note.color,
        gid="note",
    )
