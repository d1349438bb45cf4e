"""Charts: from the tidy table, and from saved image grids, to figures. Nothing here trains, or imports torch."""

from gausslab.plotting.factors import factor_trend
from gausslab.plotting.frontier import frontier
from gausslab.plotting.gallery import gallery
from gausslab.plotting.layers import layer_profile
from gausslab.plotting.pictures import picture_grids, width_samples
from gausslab.plotting.pursuit import projection_histograms
from gausslab.plotting.redraw import redraw, redraw_all
from gausslab.plotting.theme import save
from gausslab.plotting.waterfall import kl_waterfall
from gausslab.plotting.width_sweep import width_trend

__all__ = [
    "factor_trend",
    "frontier",
    "gallery",
    "kl_waterfall",
    "layer_profile",
    "picture_grids",
    "projection_histograms",
    "redraw",
    "redraw_all",
    "save",
    "width_samples",
    "width_trend",
]
