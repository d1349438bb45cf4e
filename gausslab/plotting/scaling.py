"""Vertical axes of numbers that differ by orders of magnitude; linear ones stay as they are."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gausslab.plotting.panels import write_out

_MANY = 4.0  # ratio of largest to smallest beyond which positive numbers stand on a logarithmic axis
_SLACK = 1e-9  # for a band that is a power of ten but for rounding
_WIDE = 20.0  # ratio beyond which numbers that may be 0 do


def scale_by_null(axes: Axes, rows: pd.DataFrame) -> None:
    """Linear within two standard deviations of the null about 0, logarithmic beyond; bars may leave the panel.

    Plainly linear if the numbers lie within a factor of 20 of each other, or the table states no spread of the null.
    """
    band = 2 * float(rows["null_sd"].max())
    low, high = float(rows["value"].min()), float(rows["value"].max())
    if not band > 0 or high < _WIDE * max(low, band):
        return
    axes.set_yscale("symlog", linthresh=band, linscale=0.5)
    axes.set_ylim(min(-0.4 * band, 1.5 * low), 1.6 * high)
    powers = 10.0 ** np.arange(np.ceil(np.log10(band) - _SLACK), np.log10(1.6 * high))  # none within the linear part
    axes.set_yticks([0.0, *powers, *(-power for power in powers if -power > 1.5 * low)])


def scale_by_ratio(axes: Axes, rows: pd.DataFrame) -> None:
    """Logarithmic, with round numbers in digits, if values and null are positive and beyond a factor of 4."""
    low = float(np.nanmin([rows["value"].min(), rows["null_mean"].min()]))
    high = float(rows["value"].max())
    if low <= 0 or high < _MANY * low:
        return
    axes.set_yscale("log")
    axes.set_ylim(low / 1.3, high * 1.3)
    write_out(axes.yaxis)
