"""Short texts beside points: where there is room, and nowhere else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

_SIZE = 6.0  # points
_LETTER = 0.64  # width of a digit over its height
_AWAY = 4.0  # points between a mark's centre and its text
_MARK = 2.2  # half a mark, in points
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


def write_beside(axes: Axes, notes: Sequence[Note], lines: Iterable[np.ndarray]) -> None:
    """Write each note on the first free side of its point, in their order; notes without one are left out.

    The figure must be laid out. What counts as taken: the notes' points, the lines, and the notes written before.

    Args:
        axes: where.
        notes: what.
        lines: courses that no text may cover, each of points (x, y) in data.
    """
    inside = _panel(axes)
    taken = [_around(place, _MARK) for place in _places(axes, np.array([(n.x, n.y) for n in notes]).reshape(-1, 2))]
    taken += [_around(place, 0.3) for line in lines for place in _along(_places(axes, line))]
    for note in notes:
        for side in _SIDES:
            box = _box(_places(axes, np.array([(note.x, note.y)]))[0], note.text, side)
            if _within(box, inside) and not any(_overlap(box, other) for other in taken):
                _write(axes, note, side)
                taken.append(box)
                break


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


def _box(place: np.ndarray, text: str, side: tuple[int, int]) -> Box:
    """Where the text would stand."""
    half = np.array([len(text) * _LETTER * _SIZE / 2, 0.4 * _SIZE])
    left, bottom = place + np.array(side) * (_AWAY * np.where(all(side), 0.6, 1.0) + half) - half
    return float(left), float(bottom), float(left + 2 * half[0]), float(bottom + 2 * half[1])


def _within(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _write(axes: Axes, note: Note, side: tuple[int, int]) -> None:
    """As `_box` supposes."""
    away = _AWAY * (0.6 if all(side) else 1.0)
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
