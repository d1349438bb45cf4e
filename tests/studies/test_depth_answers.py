"""Trends, shares and contests on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gausslab.studies.depth_answers import (
    STATISTICS,
    agreement_of,
    answer,
    depth_trends,
    layer_sizes,
    position_or_depth,
    shares_explained,
    side_or_position,
)

POSITIONS = ("expand", "depthwise", "project")


def table(size, layers=30, seeds=(0, 1), points=("normalized", "relu"), net="net", images="cifar10"):
    """`size(order, position, point, noise)` is the excess; every statistic has it."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "net": net, "images": images, "seed": seed, "layer": f"layer{order}", "order": order,
            "depth_fraction": order / (layers - 1), "position": POSITIONS[order % 3], "point": point,
            "statistic": statistic, "excess": size(order, POSITIONS[order % 3], point, rng.normal()),
        }
        for seed in seeds for order in range(layers) for point in points for statistic in STATISTICS
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(
        units=64, constant_units=1, null_mean=0.1, value=lambda frame: frame["excess"] + frame["null_mean"]
    )


def test_sizes_are_means_over_seeds_in_the_order_of_the_layers():
    frame = table(lambda order, position, point, noise: -order, layers=3)
    frame.loc[frame["seed"] == 1, "excess"] *= 3
    frame.loc[(frame["seed"] == 1) & (frame["order"] == 2), "excess"] = np.nan
    sizes = layer_sizes(frame, "correlation")
    assert list(sizes.loc[sizes["point"] == "relu", "size"]) == [0, 2, 2]


def test_a_trend_is_kendalls_and_told_in_words():
    frame = table(lambda order, position, point, noise: np.exp(-order / 5 + noise / 2))
    sizes = layer_sizes(frame, "knn_kl")
    sizes = sizes[sizes["point"] == "normalized"]
    found = {each.statistic: each for each in depth_trends(frame)}
    assert list(found) == list(STATISTICS)
    expected = stats.kendalltau(sizes["order"], sizes["size"]).statistic
    assert found["knn_kl"].trend.tau == pytest.approx(expected)
    assert found["knn_kl"].verdict == "nearer to a Gaussian with depth"
    assert all(each.adjusted >= each.trend.p_value for each in found.values())
    flat = depth_trends(table(lambda order, position, point, noise: np.exp(noise)))
    assert {each.verdict for each in flat} == {"no trend shown"}


def test_statistics_that_few_layers_allow_are_left_out():
    frame = table(lambda order, position, point, noise: np.exp(noise))
    frame.loc[(frame["statistic"] == "negentropy") & (frame["order"] > 2), "excess"] = np.nan
    assert [each.statistic for each in depth_trends(frame)] == [name for name in STATISTICS if name != "negentropy"]


def share(values, groups):
    (found,) = shares_explained(values[None], groups[None])
    return found


def test_a_share_is_ezekiels_of_the_ranks():
    rng = np.random.default_rng(1)
    values, groups = rng.normal(size=40), np.arange(40) % 4
    ranks = stats.rankdata(values)
    design = (groups[:, None] == np.arange(4)).astype(float)
    left = ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0]
    r_squared = 1 - left @ left / ((ranks - ranks.mean()) ** 2).sum()
    assert share(values, groups) == pytest.approx(1 - (1 - r_squared) * 39 / 36)


def test_a_share_is_zero_on_average_without_any_and_one_of_all():
    rng = np.random.default_rng(2)
    shares = [share(rng.normal(size=24), np.arange(24) % 6) for _ in range(400)]
    assert abs(np.mean(shares)) < 4 * np.std(shares) / np.sqrt(400)
    assert share(np.repeat([1.0, 2.0], 10), np.repeat(["a", "b"], 10)) == 1
    assert share(np.ones(10), np.arange(10) % 2) == share(np.arange(10.0), np.zeros(10)) == 0


def test_contests_are_won_by_what_decides():
    by_position = table(lambda order, position, point, noise: 1 + POSITIONS.index(position) + abs(noise) / 10)
    by_depth = table(lambda order, position, point, noise: 1 + order // 10 + abs(noise) / 10)
    by_nothing = table(lambda order, position, point, noise: np.exp(noise))
    assert position_or_depth(by_position, "correlation").verdict == "position"
    assert position_or_depth(by_depth, "correlation").verdict == "depth"
    assert position_or_depth(by_nothing, "correlation").verdict == "undecided"
    assert position_or_depth(table(lambda *_: 1.0, layers=6), "correlation") is None


def test_the_sides_of_the_relu_are_those_around_it():
    size = {"normalized": 1, "relu": 10, "convolution": 0.1, "pre": 5}
    behind = table(lambda order, position, point, noise: size[point] + abs(noise))
    assert side_or_position(behind).verdict == "side of the ReLU"
    in_front = table(
        lambda order, position, point, noise: size[point] + abs(noise) / 10,
        layers=6,
        points=("convolution", "pre", "normalized"),
    )
    found = side_or_position(in_front)
    assert (found.verdict, found.layers) == ("side of the ReLU", 6)
    assert side_or_position(table(lambda *_: 1.0, points=("normalized",))) is None


def test_layers_with_one_side_do_not_take_part():
    frame = table(lambda order, position, point, noise: np.exp(noise))
    frame = frame[(frame["point"] == "normalized") | (frame["position"] != "project")]
    assert side_or_position(frame).layers == 20


def test_agreement_between_kinds_of_images_is_kendalls():
    one = table(lambda order, position, point, noise: np.exp(order / 10 + noise))
    two = table(lambda order, position, point, noise: np.exp(order / 10 - noise))
    first, second = (layer_sizes(each, "correlation").query("point == 'normalized'")["size"] for each in (one, two))
    assert agreement_of(one, two, "correlation") == pytest.approx(stats.kendalltau(first, second).statistic)


def test_the_answer_has_a_paragraph_a_network():
    frames = [table(lambda order, position, point, noise: np.exp(noise), net=net) for net in ("one", "two")]
    crops = table(lambda order, position, point, noise: np.exp(noise), net="one", images="imagenet-crops")
    frames[0].loc[frames[0]["statistic"] == "negentropy", ["value", "excess"]] = np.nan
    text = answer(pd.concat([*frames, crops]))
    one, two = text.split("\n\n")
    assert one.startswith("one: 30 batch-norm layers, 2 seeds\n  depth: ")
    assert "numbers that could not be measured: negentropy at normalized 60, negentropy at relu 60" in one
    assert "crops of photographs, tau: anderson_darling " in one and "crops" not in two
    assert "constant units: normalized 1.56%" in two and "could not be measured: none" in two
