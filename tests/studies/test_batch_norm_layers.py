"""Layers at their points, against what `capture` itself says of them and against the definition of a batch norm."""

import math

import pandas as pd
import pytest
import torch
from torch import nn

from gausslab.errors import ConfigError
from gausslab.hooks import capture
from gausslab.models.cifar_vgg import CifarVGG
from gausslab.models.mobilenet import mobilenet_v2
from gausslab.models.resnet import ResNet50
from gausslab.panel import family_panel
from gausslab.studies import batch_norm_layers
from gausslab.studies.batch_norm_layers import COLUMNS, MOVED, NetPlan, Setting, chosen_units, measure_layers, points_of
from gausslab.studies.pretrained_nets import NETS

IMAGES = torch.rand(300, 3, 6, 6, generator=torch.Generator().manual_seed(0))
SETTING = Setting(images="made", units=2, seed=1)


def trained(*layers):
    """A network whose batch norms have statistics, scales and shifts, a shift so low that one unit dies in the ReLU."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(*(make() for make in layers))
        for norm in (layer for layer in network if isinstance(layer, nn.BatchNorm2d)):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
            norm.weight.data.uniform_(0.5, 2)
            norm.bias.data[0] = -100
    return network.eval()


def before_relu():
    return trained(
        lambda: nn.Conv2d(3, 4, 3),
        lambda: nn.BatchNorm2d(4, eps=0.1),
        lambda: nn.ReLU6(inplace=True),
        lambda: nn.Conv2d(4, 5, 1),
        lambda: nn.BatchNorm2d(5),
    )


PLAN = NetPlan(
    name="net", build=before_relu, side=6, positions={"1": "expand", "*": "project"}, ceilings={"expand": 6.0}
)


@pytest.fixture(scope="module")
def table():
    return measure_layers(PLAN, IMAGES.split(100), SETTING)


def test_a_row_a_layer_point_and_statistic(table):
    assert list(table.columns) == list(COLUMNS)
    assert not table.duplicated(["layer", "point", "statistic"]).any()
    layers = table.drop_duplicates("layer")
    assert list(layers["layer"]) == ["1", "4"] and list(layers["depth_fraction"]) == [0, 1]
    assert list(layers["position"]) == ["expand", "project"] and list(layers["units"]) == [4, 5]
    assert set(table.loc[table["layer"] == "1", "point"]) == {"pre", "normalized", "post", "relu"}
    assert set(table.loc[table["layer"] == "4", "point"]) == {"pre", "normalized", "post"}
    assert set(table.loc[table["point"].isin(["pre", "post"]), "statistic"]) == set(MOVED)
    assert set(table["units_measured"]) == {2} and set(table["n"]) == {300} and set(table["seed"]) == {1}


def test_the_unit_that_the_relu_kills_is_counted_and_nowhere_measured(table):
    constant = table[table["layer"] == "1"].groupby("point")["constant_units"].first()
    assert dict(constant) == {"pre": 0, "normalized": 0, "post": 0, "relu": 1}


@pytest.mark.parametrize("point", ["pre", "normalized", "post"])
def test_points_are_those_of_capture(point):
    model = before_relu()
    with torch.no_grad(), capture(model, point="pre", seed=1) as inputs:
        model(IMAGES)
    with torch.no_grad(), capture(model, point=point, seed=1) as expected:
        model(IMAGES)
    for name in ("1", "4"):
        found = points_of(model.get_submodule(name), inputs[name].samples, None)[point]
        torch.testing.assert_close(found.float(), expected[name].samples, rtol=1e-4, atol=1e-5)  # float32


def test_the_relu_is_cut_at_its_ceiling():
    norm = nn.BatchNorm2d(1, eps=0.0)
    inputs = torch.tensor([[-1.0], [3.0], [9.0]])
    assert points_of(norm, inputs, 6.0)["relu"].flatten().tolist() == [0, 3, 6]
    assert points_of(norm, inputs, math.inf)["relu"].flatten().tolist() == [0, 3, 9]
    assert "relu" not in points_of(norm, inputs, None)


def test_what_is_not_listed_before_and_behind_the_scale_cannot_differ():
    samples = torch.randn(300, 4, generator=torch.Generator().manual_seed(0)).exp()
    moved = samples * torch.tensor([0.1, 3.0, 20.0, 1.0]) + torch.tensor([5.0, -2.0, 0.0, 0.5])
    one, two = (family_panel(each.double()).set_index("statistic") for each in (samples, moved))
    same = [name for name in one.index if name not in MOVED]
    pd.testing.assert_series_equal(one.loc[same, "value"], two.loc[same, "value"], rtol=1e-5)  # the map was in float32
    assert (one.loc[list(MOVED), "value"] - two.loc[list(MOVED), "value"]).abs().min() > 0.01


def test_units_are_drawn_among_those_that_vary_everywhere():
    first = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    second = first.clone()
    first[:, 1], second[:, 4] = 0.0, 1.0
    points = {"a": first, "b": second}
    every = Setting(images="made", units=9, seed=0)
    assert chosen_units(points, every, "layer").tolist() == [0, 2, 3, 5]
    few = [chosen_units(points, Setting(images="made", units=2, seed=seed), "layer").tolist() for seed in range(20)]
    assert {len(each) for each in few} == {2} and {unit for each in few for unit in each} == {0, 2, 3, 5}
    assert few == [chosen_units(points, Setting(images="made", units=2, seed=s), "layer").tolist() for s in range(20)]


def test_a_relu_in_front_is_measured_by_its_convolution(monkeypatch):
    def build():
        return trained(lambda: nn.Conv2d(3, 4, 3), lambda: nn.ReLU(), lambda: nn.BatchNorm2d(4))

    seen = []
    monkeypatch.setattr(
        batch_norm_layers, "family_panel", lambda codes, seed: seen.append(codes) or family_panel(codes, seed)
    )
    plan = NetPlan(name="net", build=build, side=6, positions={"*": "first"}, convolution=lambda layer: "0")
    table = measure_layers(plan, IMAGES.split(100), SETTING)
    assert list(table["point"].unique()) == ["convolution", "pre", "normalized", "post"]
    torch.testing.assert_close(seen[0].clamp(min=0), seen[1])  # the same positions of the same images
    assert (seen[0] < 0).any()


NORMS = {
    "mobilenet_v2": (mobilenet_v2, {"stem": 1, "expand": 16, "depthwise": 17, "project": 17, "head": 1}),
    "resnet50": (ResNet50, {"stem": 1, "first": 16, "middle": 16, "last": 16, "downsample": 4}),
    "cifar_vgg": (CifarVGG, {"first": 3, "last": 3}),
}


def names_of(model):
    return [name for name, layer in model.named_modules() if isinstance(layer, nn.BatchNorm2d)]


@pytest.mark.parametrize("name", NORMS)
def test_every_layer_of_the_networks_has_a_position(name):
    build, expected = NORMS[name]
    with torch.device("meta"):
        layers = names_of(build())
    found = pd.Series([NETS[name].position(layer) for layer in layers]).value_counts()
    assert found.to_dict() == expected


def test_so_has_every_layer_of_efficientnet():
    layers = pytest.importorskip("efficientnet_lite_pytorch")
    names = [f"network.{name}" for name in names_of(layers.EfficientNet.from_name("efficientnet-lite0"))]
    found = pd.Series([NETS["efficientnet_lite0"].position(name) for name in names]).value_counts()
    assert found.to_dict() == {"stem": 1, "expand": 15, "depthwise": 16, "project": 16, "head": 1}


def test_the_convolution_of_a_vgg_layer_stands_two_before_it():
    model = CifarVGG()
    for layer in names_of(model):
        convolution = model.get_submodule(NETS["cifar_vgg"].convolution(layer))
        assert isinstance(convolution, nn.Conv2d)
        assert convolution.out_channels == model.get_submodule(layer).num_features


def test_an_unknown_layer_is_told():
    with pytest.raises(ConfigError, match="resnet50: no position is known of layer 'conv1'"):
        NETS["resnet50"].position("conv1")
