"""Reconstruction against sample quality: a point a row, sampler and seed, and the front that nothing beats."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.labels import frechet_label
from gausslab.plotting.theme import BLUE, GREEN, INK, ORANGE, PAGE, PURPLE, QUIET, SKY, VERMILION, new_figure, themed
from gausslab.presets import ROWS
from gausslab.scoreboard.layout import FRECHET, RECONSTRUCTIONS, SAMPLES, check, rows, samplers

_COLORS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
_MARKERS = ("o", "s", "^", "D", "v", "P")


def pareto(table: pd.DataFrame) -> Figure:
    """Rows named at the mean over seeds, seeds as small points, samplers by colour and marker.

    Below and to the left is better; the dashed lines are what real images score at the same number.

    Raises:
        GausslabError: the table is no comparison's, or has no scores.
    """
    points = _points(check(table))
    if points.empty:
        raise GausslabError("the table has no row with both samples and reconstructions scored")
    with themed():
        figure = new_figure(PAGE, 3.4)
        axes = figure.subplots()
        for index, name in enumerate(samplers(table)):
            _sampler(axes, points[points["sampler"] == name], name, _COLORS[index % 6], _MARKERS[index % 6])
        _front(axes, points)
        _floor(axes, table)
        axes.set(xscale="log", yscale="log", **_labels(table))
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    return figure


def _points(table: pd.DataFrame) -> pd.DataFrame:
    """One a row, sampler and seed, with both scores; reconstructions through the row's own second stage."""
    scores = table[table["estimator"] == FRECHET]
    drawn = scores[scores["statistic"] == SAMPLES]
    made = (
        scores[scores["statistic"] == RECONSTRUCTIONS]
        .sort_values("sampler")
        .drop_duplicates(["row", "seed"], keep="last")
    )
    both = drawn.merge(made[["row", "seed", "value"]], on=["row", "seed"], suffixes=("", "_reconstruction"))
    return both.assign(row=pd.Categorical(both["row"], rows(table)))


def _sampler(axes: Axes, points: pd.DataFrame, name: str, color: str, marker: str) -> None:
    axes.plot(points["value_reconstruction"], points["value"], marker, color=color, markersize=1.8, alpha=0.5)
    means = _means(points)
    axes.plot(means["value_reconstruction"], means["value"], marker, color=color, markersize=4, label=name)
    for row, mean in means.iterrows():
        place = (mean["value_reconstruction"], mean["value"])
        axes.annotate(_title(str(row)), place, (3, 2), textcoords="offset points", fontsize=5, color=color)


def _means(points: pd.DataFrame) -> pd.DataFrame:
    return points.groupby("row", observed=True)[["value_reconstruction", "value"]].mean()


def _front(axes: Axes, points: pd.DataFrame) -> None:
    """The rows and samplers that no other beats in both scores."""
    means = pd.concat([_means(part) for _, part in points.groupby("sampler")]).sort_values("value_reconstruction")
    front = means[means["value"] == means["value"].cummin()].drop_duplicates("value")
    axes.step(front["value_reconstruction"], front["value"], where="post", color=INK, linewidth=0.6, label="best")


def _floor(axes: Axes, table: pd.DataFrame) -> None:
    real = table.loc[table["estimator"] == FRECHET, "null_mean"].iloc[0]
    style: Mapping[str, object] = {"color": QUIET, "linewidth": 0.6, "linestyle": "--"}
    axes.axhline(real, label="real images", **style)  # type: ignore[arg-type]
    axes.axvline(real, **style)  # type: ignore[arg-type]


def _labels(table: pd.DataFrame) -> dict[str, str]:
    scores = table[table["estimator"] == FRECHET]
    label, images = frechet_label(next(name for name in scores["extractor"] if name)), int(scores["n_samples"].max())
    return {"xlabel": f"{label} of reconstructions, {images:,} images", "ylabel": f"{label} of samples"}


def _title(row: str) -> str:
    return ROWS[row].title if row in ROWS else row
