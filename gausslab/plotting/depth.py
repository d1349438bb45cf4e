"""How Gaussian the batch-normed layers of several networks are along their depth, coloured by position in the block."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gausslab.errors import GausslabError
from gausslab.plotting.panels import (
    draw_null_band,
    legend_above,
    say_not_measured,
    title_panels,
    write_caption,
    write_out,
)
from gausslab.plotting.scaling import scale_by_null
from gausslab.plotting.theme import BLUE, GREEN, INK, ORANGE, PAGE, PURPLE, VERMILION, new_figure, themed

NORMED, RECTIFIED, CONVOLUTION = "normalized", "relu", "convolution"


@dataclass(frozen=True)
class Kind:
    """Positions in the block that are drawn alike.

    Attributes:
        label: in the legend.
        color: of the marks.
        marker: of the marks, so that colours are never needed.
    """

    label: str
    color: str
    marker: str


_FIRST = Kind("expand, or a block's first", BLUE, "o")
_MIDDLE = Kind("depthwise, or middle", VERMILION, "s")
_LAST = Kind("project, or last", GREEN, "^")
KINDS: Mapping[str, Kind] = {
    "expand": _FIRST,
    "first": _FIRST,
    "depthwise": _MIDDLE,
    "middle": _MIDDLE,
    "project": _LAST,
    "last": _LAST,
    "downsample": Kind("downsample", PURPLE, "D"),
    "stem": Kind("stem", INK, "v"),
    "head": Kind("head", ORANGE, "P"),
}
ROWS: Mapping[str, str] = {
    "anderson_darling": "single units:\nAnderson-Darling / n",
    "correlation": "isotropy: KL of the\ncorrelation, nats a unit",
    "henze_zirkler": "joint, whitened:\nHenze-Zirkler / n",
    "radial_spread_whitened": "whitened radii:\nSD over that of chi(d)",
}
"""Statistic -> label of its axis."""
NETS: Mapping[str, str] = {
    "mobilenet_v2": "MobileNetV2",
    "efficientnet_lite0": "EfficientNet-Lite0",
    "resnet50": "ResNet-50",
    "cifar_vgg": "VGG of CIFAR-10",
}
NEEDED = (
    "net", "images", "seed", "layer", "order", "depth_fraction", "position", "point", "units_measured", "n",
    "statistic", "value", "null_mean", "null_sd",
)  # fmt: skip


def pretrained_depth(table: pd.DataFrame, images: str = "cifar10") -> Figure:
    """A column of panels a network, a row a family; full marks batch-normed, open ones the other side of the ReLU.

    Args:
        table: of the study of pretrained nets.
        images: the kind of images that the numbers are of.

    Raises:
        GausslabError: columns are missing, or there are no rows of these images.
    """
    rows = _checked(table, images)
    nets = list(rows["net"].unique())
    with themed():
        figure = new_figure(PAGE, 1.1 + 1.3 * len(ROWS))
        panels = figure.subplots(len(ROWS), len(nets), sharex=True, sharey="row", squeeze=False)
        title_panels(list(panels[0]), [NETS.get(net, net) for net in nets])
        for own, statistic in zip(panels, ROWS, strict=True):
            for axes, net in zip(own, nets, strict=True):
                _draw(axes, rows[(rows["net"] == net) & (rows["statistic"] == statistic)])
            own[0].set_ylabel(ROWS[statistic])
            _scale(own[0], rows[rows["statistic"] == statistic], statistic)
        for axes in panels[-1]:
            axes.set_xlabel("depth")
        legend_above(figure, _handles(rows))
        write_caption(figure, _caption(rows))
    return figure


def _checked(table: pd.DataFrame, images: str) -> pd.DataFrame:
    if missing := [name for name in NEEDED if name not in table]:
        raise GausslabError(f"expected the table of the study of pretrained nets, got one without {', '.join(missing)}")
    drawn = table["statistic"].isin(ROWS) & table["point"].isin([NORMED, RECTIFIED, CONVOLUTION])
    rows = table[drawn & (table["images"] == images) & table["value"].notna()]
    if rows.empty:
        kinds = ", ".join(map(str, table["images"].unique()))
        raise GausslabError(f"the table has no numbers to draw of the images {images!r}, only of {kinds or 'none'}")
    return rows


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    if rows.empty:
        say_not_measured(axes)
        return
    null = pd.DataFrame({"mean": [rows["null_mean"].mean()], "sd": [rows["null_sd"].mean()]})
    draw_null_band(axes, [-0.06, 0.5, 1.06], null)
    axes.set_xlim(-0.06, 1.06)
    for (point, position), part in rows.groupby(["point", "position"], sort=False):
        _draw_marks(axes, part, KINDS[str(position)], full=point == NORMED)


def _draw_marks(axes: Axes, rows: pd.DataFrame, kind: Kind, *, full: bool) -> None:
    """Means over seeds, with a line from the least to the greatest."""
    seeds = rows.groupby("depth_fraction")["value"].agg(["mean", "min", "max"])
    alpha, face = (1.0, kind.color) if full else (0.55, "none")
    axes.vlines(seeds.index, seeds["min"], seeds["max"], color=kind.color, lw=0.6, alpha=alpha)
    axes.plot(
        seeds.index, seeds["mean"], ls="", marker=kind.marker, ms=2.6, mew=0.6, color=kind.color, mfc=face, alpha=alpha,
        gid=NORMED if full else "other side",
    )  # fmt: skip


def _scale(axes: Axes, rows: pd.DataFrame, statistic: str) -> None:
    """Where a Gaussian gives about 0 linear around it, else logarithmic; one scale for all networks."""
    if statistic == "correlation":
        scale_by_null(axes, rows)
    else:
        axes.set_yscale("log")
        axes.set_ylim(0.8 * min(rows["value"].min(), rows["null_mean"].min()), 1.25 * rows["value"].max())
        write_out(axes.yaxis)


def _handles(rows: pd.DataFrame) -> list[Line2D]:
    positions = set(rows["position"])
    kinds = dict.fromkeys(kind for position, kind in KINDS.items() if position in positions)
    marks = [Line2D([], [], ls="", marker=kind.marker, color=kind.color, label=kind.label) for kind in kinds]
    other = Line2D([], [], ls="", marker="o", color=INK, mfc="none", label="other side of the ReLU")
    return [*marks, other]


def _caption(rows: pd.DataFrame) -> list[str]:
    seeds, n = rows["seed"].nunique(), int(rows["n"].max())
    low, high = int(rows["units_measured"].min()), int(rows["units_measured"].max())
    units = f"{high} units" if low == high else f"{low} to {high} units"
    return [
        f"n = {n:,} images, one position of each, {units} of every layer; marks: means of {seeds} seeds, lines: range.",
        "Full: batch-normed. Open: the other side of the ReLU, behind the batch norm, in the VGG in front of it.",
        "Dashes, grey: Gaussian samples of the same n and d, mean ± 2 SD. CIFAR-10's test images, for the ImageNet "
        "nets enlarged to 224 pixels, which is not what these were trained on.",
    ]
