"""What an axis shows of positive scores, some of which may lie far beyond the others."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.ticker import MaxNLocator, NullLocator

from gausslab.plotting.panels import write_out

_FOLD = 3.0  # ratio of the ends above which an axis is better logarithmic
_LONG = 5.0  # ratio of the ends from which on ticks at 1, 2, 5 times powers of 10 are enough
_FENCE = 3.0  # spreads between the quartiles, beyond the upper one: Tukey's outer fence
_LEAST = 1.2  # ratio to the upper quartile that is never far, however close the quartiles are
_BELOW, _ABOVE = 0.16, 0.08  # of the axis beside its ends; names find room below, where good scores are
_EDGE = 0.05  # of the axis above its greatest value, where those beyond it are drawn


@dataclass(frozen=True)
class Range:
    """An axis.

    Attributes:
        low: least value shown.
        high: greatest value shown at its place.
        logarithmic: whether equal ratios are equal distances.
    """

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def of(cls, values: pd.Series) -> "Range":
        """Logarithmic where the values span more than a factor of three.

        >>> Range.of(pd.Series([1.0, 2.5])), Range.of(pd.Series([1.0, 5.0])).logarithmic
        (Range(low=1.0, high=2.5, logarithmic=False), True)
        """
        low, high = float(values.min()), float(values.max())
        return cls(low, high, high > _FOLD * low > 0)

    @property
    def limits(self) -> tuple[float, float]:
        """Of the axis, which reaches a little beyond the values."""
        return self._beyond(-_BELOW), self._beyond(1 + _ABOVE)

    def brought_in(self, values: pd.Series) -> pd.Series:
        """Where the values are drawn: those above the range close to the axis' end."""
        return values.where(values <= self.high, self._beyond(1 + _EDGE))

    def write_ticks(self, axis: Axis) -> None:
        """In digits where the axis is logarithmic, evenly spaced numbers where it is also short."""
        if self.logarithmic:
            write_out(axis)
            if self.high < _LONG * self.low:
                axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
                axis.set_minor_locator(NullLocator())

    def _beyond(self, share: float) -> float:
        """The value at a share of the way from low to high."""
        low, high = np.log([self.low, self.high]) if self.logarithmic else (self.low, self.high)
        place = low + share * ((high - low) or 1.0)
        return float(np.exp(place) if self.logarithmic else place)


def near(values: pd.Series) -> pd.Series:
    """Which of some positive values do not lie far above the others.

    Far is a value whose ratio to the upper quartile is more than the quartiles' ratio to the third power.

    >>> near(pd.Series([1.0, 1.1, 1.2, 1.3, 9.0])).tolist()
    [True, True, True, True, False]
    """
    low, high = float(values.quantile(0.25)), float(values.quantile(0.75))
    limit: float = high * max((high / low) ** _FENCE, _LEAST)
    return values <= limit
