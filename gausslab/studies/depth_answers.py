"""What the table of `batch_norm_layers` says about depth, position in the block, and the side of the ReLU. No torch.

The layers of one network are the sample: of other networks nothing follows, and neighbours along the depth are alike,
so that the p-values, of permutations of layers, are rather too small than too large.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float64, Shaped
from scipy.stats import rankdata

from gausslab.families import BY_NAME
from gausslab.p_values import LEVEL, holm_adjusted
from gausslab.seeding import numpy_generator
from gausslab.trends import RankTrend, kendall_tau, rank_trend

STATISTICS = ("anderson_darling", "negentropy", "correlation", "knn_kl", "radial_spread_whitened")
"""What is judged: of single units the one that has a meaning for laws with atoms too, and then one a family."""
POINTWISE = ("participation_ratio", "radial_spread", "radial_ks")
"""What scale and shift of single units can change; all else is the same before and after them."""
SIDES = "anderson_darling"
"""The statistic by which the two sides of a ReLU are compared: finite and without a pole at atoms."""
THIRDS = ("early", "middle", "late")
DRAWS = 1999

IN_GENERAL, WITHOUT_NULLS = "cifar10", "imagenet-crops"
"""Kinds of images: independent ones, which the answer rests on, and dependent ones, of which only ranks count."""

Values = Float64[np.ndarray, " layers"]
Groups = Shaped[np.ndarray, " layers"]
Draws = Float64[np.ndarray, " draws"]


@dataclass(frozen=True, kw_only=True)
class DepthTrend:
    """How far the batch-normed layers of one network are from a Gaussian, over their order.

    Attributes:
        statistic: by which number.
        trend: of its size.
        adjusted: p-value among the statistics of the network, by Holm.
    """

    statistic: str
    trend: RankTrend
    adjusted: float

    @property
    def verdict(self) -> str:
        """Which way, at 5 %."""
        if not self.adjusted < LEVEL:
            return "no trend shown"
        return "farther from a Gaussian with depth" if self.trend.tau > 0 else "nearer to a Gaussian with depth"

    @property
    def line(self) -> str:
        """In words."""
        return (
            f"{BY_NAME[self.statistic].label}: {self.verdict}, tau {self.trend.tau:+.2f} (p {self.trend.p_value:.2g}, "
            f"by Holm {self.adjusted:.2g}; {self.trend.n_runs} layers)"
        )


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Which of two groupings of the same values explains more of their variance.

    Attributes:
        names: of the groupings.
        shares: of the variance of the ranks, corrected for the number of groups.
        interval: 95 % of the first less the second, over resampled layers.
        layers: how many.
    """

    names: tuple[str, str]
    shares: tuple[float, float]
    interval: tuple[float, float]
    layers: int

    @property
    def verdict(self) -> str:
        """The grouping that explains more, if the interval says so."""
        low, high = self.interval
        if low > 0:
            return self.names[0]
        return self.names[1] if high < 0 else "undecided"

    @property
    def line(self) -> str:
        """In words."""
        (first, second), (one, two), (low, high) = self.names, self.shares, self.interval
        return (
            f"{self.verdict}; {first} {one:.2f}, {second} {two:.2f} of the variance of the ranks, difference "
            f"{one - two:+.2f} ({low:+.2f} to {high:+.2f} over resampled layers; {self.layers} layers)"
        )


def answer(table: pd.DataFrame) -> str:
    """What every network says about depth, position and the side of the ReLU, a paragraph a network."""
    return "\n\n".join(_paragraph(table, net) for net in table["net"].unique())


def _paragraph(table: pd.DataFrame, net: str) -> str:
    own = table[(table["net"] == net) & (table["images"] == IN_GENERAL)]
    crops = table[(table["net"] == net) & (table["images"] == WITHOUT_NULLS)]
    normed = own[own["point"] == "normalized"]
    lines = [f"{net}: {normed['layer'].nunique()} batch-norm layers, {own['seed'].nunique()} seeds"]
    lines += [f"  depth: {each.line}" for each in depth_trends(own)]
    lines += [f"  by position, {name}: {medians(normed, name, 'position')}" for name in STATISTICS]
    lines += [f"  position or depth, {name}: {contest.line}" for name, contest in _contests(own)]
    sides = side_or_position(own)
    lines += [f"  side of the ReLU or position, {SIDES}: {sides.line}"] if sides else []
    lines += [f"  by point, {name}: {medians(own, name, 'point')}" for name in (SIDES, *POINTWISE)]
    lines += [f"  {_left_out(own)}"]
    return "\n".join([*lines, *_agreements(own, crops)])


def _contests(own: pd.DataFrame) -> Iterator[tuple[str, Contest]]:
    for name in STATISTICS:
        contest = position_or_depth(own, name)
        if contest is not None:
            yield name, contest


def _left_out(own: pd.DataFrame) -> str:
    """How many units are constant, and how many numbers could not be measured."""
    layers = own.drop_duplicates(["seed", "layer", "point"])
    counts = layers.groupby("point", sort=False)[["constant_units", "units"]].sum()
    shares = ", ".join(f"{point} {row.constant_units / row.units:.2%}" for point, row in counts.iterrows())
    missing = own[own["value"].isna()].groupby(["point", "statistic"], sort=False).size().reset_index(name="number")
    refused = ", ".join(f"{row.statistic} at {row.point} {row.number}" for row in missing.itertuples())
    return f"constant units: {shares}; numbers that could not be measured: {refused or 'none'}"


def _agreements(own: pd.DataFrame, crops: pd.DataFrame) -> list[str]:
    if crops.empty:
        return []
    taus = ", ".join(f"{name} {agreement_of(own, crops, name):+.2f}" for name in STATISTICS)
    return [f"  layers ordered alike by CIFAR-10's images and by crops of photographs, tau: {taus}"]


def layer_sizes(table: pd.DataFrame, statistic: str) -> pd.DataFrame:
    """The size of a statistic's excess where it was measured, the mean over seeds, a row a layer and point.

    Returns:
        Columns `layer, order, depth_fraction, position, point, size`, in the order of the layers.
    """
    rows = table[(table["statistic"] == statistic) & table["excess"].notna()]
    keys = ["layer", "order", "depth_fraction", "position", "point"]
    sizes = rows.assign(size=rows["excess"].abs()).groupby(keys, sort=False)["size"].mean().reset_index()
    return sizes.sort_values(["order", "point"]).reset_index(drop=True)


def normed_sizes(own: pd.DataFrame, statistic: str) -> pd.DataFrame:
    """The same at the batch-normed point alone."""
    sizes = layer_sizes(own, statistic)
    return sizes[sizes["point"] == "normalized"]


def depth_trends(own: pd.DataFrame) -> list[DepthTrend]:
    """The trend of every statistic that at least four layers of the network allow, Holm over them."""
    found = {name: normed_sizes(own, name) for name in STATISTICS}
    trends = {
        name: rank_trend(frame["order"].to_numpy(float), frame["size"].to_numpy(float))
        for name, frame in found.items()
        if len(frame) >= 4
    }
    adjusted = holm_adjusted(np.array([trend.p_value for trend in trends.values()], dtype=np.float64))
    return [
        DepthTrend(statistic=name, trend=trend, adjusted=float(p))
        for (name, trend), p in zip(trends.items(), adjusted, strict=True)
    ]


def position_or_depth(own: pd.DataFrame, statistic: str) -> Contest | None:
    """Position in the block against thirds of the depth, at the batch-normed point; None with fewer than 12 layers."""
    sizes = normed_sizes(own, statistic)
    if len(sizes) < 12:
        return None
    thirds = np.minimum((sizes["depth_fraction"].to_numpy() * len(THIRDS)).astype(int), len(THIRDS) - 1)
    groups = (sizes["position"].to_numpy(str), thirds)
    rows = np.arange(len(sizes))[:, None]
    return _contest(("position", "depth"), sizes["size"].to_numpy(float), groups, rows)


def side_or_position(own: pd.DataFrame) -> Contest | None:
    """The side of the ReLU against the position in the block, where a layer has both sides; None with fewer than 6."""
    sizes = layer_sizes(own, SIDES)
    both = sizes[sizes["point"].isin(sides_of(sizes))]
    both = both[both["layer"].duplicated(keep=False)].sort_values(["order", "point"])
    if len(both) < 12:
        return None
    rows = np.arange(len(both)).reshape(-1, 2)  # both sides of a layer stand together
    groups = (both["point"].to_numpy(str), both["position"].to_numpy(str))
    return _contest(("side of the ReLU", "position"), both["size"].to_numpy(float), groups, rows)


def sides_of(frame: pd.DataFrame) -> tuple[str, str]:
    """The points before and after the ReLU that is nearest to the batch norm: in front of it in some networks."""
    return ("convolution", "normalized") if "convolution" in set(frame["point"]) else ("normalized", "relu")


def shares_explained(values: Float64[np.ndarray, "draws values"], groups: Shaped[np.ndarray, "draws values"]) -> Draws:
    r"""Share of the variance of the ranks between groups, corrected; a draw a row.

    \(1 - (1 - \eta^2)(N - 1) / (N - k)\) of N values in k groups.
    0 on average where groups do not matter (Ezekiel's correction, as of R squared), so that many groups have no
    advantage; it can be negative. 0 for a single group, for groups of one and for constant values.
    """
    ranks = rankdata(values, axis=1)
    total = ((ranks - ranks.mean(1, keepdims=True)) ** 2).sum(1)
    inside = np.stack([groups == label for label in np.unique(groups)])  # groups, draws, values
    counts, sums = inside.sum(2), (inside * ranks).sum(2)
    within = (ranks**2).sum(1) - (sums**2 / np.maximum(counts, 1)).sum(0)
    size, present = values.shape[1], (counts > 0).sum(0)
    defined = (present > 1) & (present < size) & (total > 0)
    left = within / np.where(defined, total, 1) * (size - 1) / np.where(defined, size - present, 1)
    return np.where(defined, 1 - left, 0.0)


def _contest(names: tuple[str, str], values: Values, groups: tuple[Groups, Groups], rows: np.ndarray) -> Contest:
    """The shares, and their difference over layers drawn with replacement; `rows` has a line a layer."""
    drawn = numpy_generator(0, "depth answers").integers(len(rows), size=(DRAWS, len(rows)))
    resampled = rows[drawn].reshape(DRAWS, -1)
    one, two = (shares_explained(values[resampled], group[resampled]) for group in groups)
    low, high = np.quantile(one - two, [0.025, 0.975])
    first, second = (float(shares_explained(values[None], group[None])[0]) for group in groups)
    return Contest(names=names, shares=(first, second), interval=(float(low), float(high)), layers=len(rows))


def medians(own: pd.DataFrame, statistic: str, by: str) -> str:
    """Median value of a statistic in every group, in words, with the median null mean."""
    rows = own[own["statistic"] == statistic].dropna(subset=["value"])
    if rows.empty:
        return "not measured"
    listed = ", ".join(
        f"{group} {value:.3g}" for group, value in rows.groupby(by, sort=False)["value"].median().items()
    )
    return f"{listed}; a Gaussian has {rows['null_mean'].median():.3g}"


def agreement_of(own: pd.DataFrame, other: pd.DataFrame, statistic: str) -> float:
    """Kendall's tau between two kinds of images, over the layers of a network at the batch-normed point."""
    one, two = (normed_sizes(each, statistic).set_index("layer")["size"] for each in (own, other))
    shared = one.index.intersection(two.index)
    return kendall_tau(one[shared].to_numpy(float), two[shared].to_numpy(float))
