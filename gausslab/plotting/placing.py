"""Where the values of a varied setting stand on its axis, also the 0 of a logarithmic one."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from gausslab.errors import GausslabError
from gausslab.plotting.theme import INK

LOGARITHMIC = ("batch", "channels", "epochs", "images", "lr", "weight", "width")
"""Settings of which factors are compared; of the others differences are."""

_LABELS = {
    "batch": "batch size",
    "channels": "channels of the first layer",
    "depth": "depth (hidden convolutions)",
    "neighbours": "neighbours k",
    "weight": "weight of the regulariser",
    "width": "bottleneck width",
}
_APART = 0.22  # between 0 and the least positive value, as a share of the others' range
_MARGIN = 0.09  # of the axis beside its outermost values
_LETTER = 0.027  # of the axis, width of a digit of its labels


@dataclass(frozen=True)
class Placing:
    """From values to places on a plain axis.

    Attributes:
        values: all that occur, ascending.
        logarithmic: whether a factor of two is one step; 0, which has no logarithm, then stands left of the rest.
    """

    values: tuple[float, ...]
    logarithmic: bool

    def __post_init__(self) -> None:
        if self.logarithmic and min(self.values) < 0:
            raise GausslabError(f"expected no values below 0 on a logarithmic axis, got {min(self.values):g}")

    @classmethod
    def of(cls, factor: str, values: Iterable[float]) -> "Placing":
        """The axis of a setting."""
        return cls(tuple(sorted(set(map(float, values)))), factor in LOGARITHMIC)

    @property
    def broken(self) -> bool:
        """Whether 0 stands on a logarithmic axis."""
        return self.logarithmic and self.values[0] == 0 and len(self.values) > 1

    def __call__(self, values: Iterable[float]) -> np.ndarray:
        """Places of some of the values.

        >>> Placing.of("weight", [0.0, 0.5, 1.0, 8.0])([0.0, 0.5, 1.0, 8.0]).tolist()
        [-2.0, -1.0, 0.0, 3.0]
        >>> Placing.of("depth", [2.0, 3.0])([2.0, 3.0]).tolist()
        [2.0, 3.0]
        """
        given = np.array(list(values), dtype=float)
        if not self.logarithmic:
            return given
        positive = np.log2([value for value in self.values if value > 0] or [1.0])
        zero = positive[0] - max(1.0, _APART * (positive[-1] - positive[0]))
        return np.array([np.log2(value) if value > 0 else zero for value in given])

    @property
    def span(self) -> float:
        """From the first place to the last; 1 if there is only one."""
        places = self(self.values)
        return float(places[-1] - places[0]) or 1.0


def closest(places: Iterable[float]) -> float:
    """Smallest distance between neighbours; infinite for a single place."""
    return float(np.diff(np.sort(np.array(list(places)))).min(initial=np.inf))


def draw_factor_axis(axes: Axes, placing: Placing, factor: str) -> None:
    """Ticks at the values, as many labels as there is room for, a break behind 0."""
    places, margin = placing(placing.values), _MARGIN * placing.span
    axes.set_xlim(places[0] - margin, places[-1] + margin)
    axes.set_xticks(places, thinned(places / (placing.span + 2 * margin), [f"{value:g}" for value in placing.values]))
    axes.set_xlabel(_LABELS.get(factor, factor))
    if placing.broken:
        _break(axes, float(places[:2].mean()), margin)


def thinned(shares: np.ndarray, labels: list[str]) -> list[str]:
    """The labels, those empty that would touch the last one kept; places as shares of the axis.

    >>> thinned(np.array([0.0, 0.01, 0.5]), ["0.05", "0.07", "1"])
    ['0.05', '', '1']
    """
    kept, end = [], -np.inf
    for share, label in zip(shares, labels, strict=True):
        half = _LETTER * len(label) / 2
        fits = share - half > end
        kept.append(label if fits else "")
        end = share + half + _LETTER / 2 if fits else end
    return kept


def _break(axes: Axes, place: float, margin: float) -> None:
    """Two strokes through the axis line, and a gap between them."""
    ends = [place - margin / 5, place + margin / 5]
    on_axis = axes.get_xaxis_transform()
    axes.plot(ends, [0, 0], transform=on_axis, color="white", lw=1.6, clip_on=False, zorder=3, label="_gap")
    axes.plot(
        ends,
        [0, 0],
        transform=on_axis,
        ls="",
        marker=[(-0.5, -1), (0.5, 1)],
        ms=5,
        mew=0.6,
        color=INK,
        clip_on=False,
        zorder=4,
        label="_break",
    )
