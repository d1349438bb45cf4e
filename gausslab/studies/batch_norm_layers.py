"""How Gaussian every batch-norm layer of a network is, before and behind its parts: a row a layer, point and statistic.

    convolution --> pre --[standardise]--> normalized --[scale, shift]--> post --[ReLU, if one follows]--> relu

Only the layers' inputs are captured, at one random position of an image; the other points are computed from them.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gausslab.activations import Activations
from gausslab.errors import ConfigError
from gausslab.hooks import capture
from gausslab.panel import family_panel
from gausslab.seeding import torch_generator

INVARIANT = ("pre", "post")
"""Points that an affine map of every unit leads to from `normalized`."""
MOVED = ("participation_ratio", "radial_spread", "radial_ks")
"""What such a map can change; every other statistic of the panel is the same at `pre`, `normalized` and `post`."""
COLUMNS = (
    "net", "images", "seed", "layer", "order", "depth_fraction", "position", "point", "units", "units_measured",
    "constant_units", "n", "family", "statistic", "value", "null_mean", "null_sd", "excess",
    "p_value", "note",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class NetPlan:
    """A network with batch norms and what is known of their places.

    Attributes:
        name: in the table.
        build: makes it.
        side: of the images it takes.
        positions: glob on a layer's path -> its position in the block; the first that fits counts.
        ceilings: position -> upper end of the ReLU right behind the batch norm; positions without one are left out.
        convolution: path of a batch norm -> path of the convolution whose rectified output it takes in; None where no
            ReLU stands between them.
    """

    name: str
    build: Callable[[], nn.Module]
    side: int
    positions: Mapping[str, str]
    ceilings: Mapping[str, float] = field(default_factory=dict)
    convolution: Callable[[str], str] | None = None

    def position(self, layer: str) -> str:
        """Of a layer in its block.

        Raises:
            ConfigError: no glob fits.
        """
        for glob, position in self.positions.items():
            if fnmatchcase(layer, glob):
                return position
        raise ConfigError(f"{self.name}: no position is known of layer {layer!r}")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How every layer is measured.

    Attributes:
        images: name of the images in the table.
        units: units measured together, a random choice in layers that have more.
        seed: of units and positions.
    """

    images: str
    units: int
    seed: int


Points = Mapping[str, Float[Tensor, "samples units"]]


@torch.no_grad()
def measure_layers(plan: NetPlan, batches: Iterable[Tensor], setting: Setting) -> pd.DataFrame:
    """The panel of every batch norm at every point, in the order in which the layers run.

    Units that are constant at any point of their layer, dead ones behind the ReLU above all, are not among those that
    are chosen; they are counted at every point. At all points the same units are measured.

    How it can mislead: the chosen units are few of many, so `isotropy` and `joint` see the dependence within a random
    choice, not that of the layer.

    Args:
        plan: the network.
        batches: its inputs.
        setting: how to measure.

    Returns:
        A table with the columns `COLUMNS`. At `pre` and `post` only the statistics `MOVED` are listed: the others are
        those of `normalized`.

    Raises:
        EstimatorError: a layer has fewer than two units that vary.
    """
    model = plan.build()
    norms = {name: module for name, module in model.named_modules() if isinstance(module, _BatchNorm)}
    inputs, convolutions = captured(model, batches, plan, setting.seed)
    frames = []
    for order, (layer, activations) in enumerate(inputs.items()):
        points = points_of(norms[layer], activations.samples, plan.ceilings.get(plan.position(layer)))
        if plan.convolution is not None:
            points = {"convolution": convolutions[plan.convolution(layer)].samples.double(), **points}
        place = {"layer": layer, "order": order, "depth_fraction": order / max(len(inputs) - 1, 1)}
        frames += list(_measured(points, setting, {**place, "position": plan.position(layer)}))
    table = pd.concat(frames, ignore_index=True)
    return table.assign(net=plan.name, images=setting.images, seed=setting.seed)[list(COLUMNS)]


def captured(model: nn.Module, batches: Iterable[Tensor], plan: NetPlan, seed: int) -> tuple[Activations, Activations]:
    """What goes into the batch norms and, if the plan asks for it, what comes out of the convolutions."""
    with contextlib.ExitStack() as captures:
        inputs = captures.enter_context(capture(model, point="pre", seed=seed))
        outputs = Activations({})
        if plan.convolution is not None:
            outputs = captures.enter_context(capture(model, kinds=(nn.Conv2d,), point="post", seed=seed))
        for batch in batches:
            model(batch)
    return inputs, outputs


def points_of(norm: _BatchNorm, inputs: Float[Tensor, "samples units"], ceiling: float | None) -> Points:
    """The layer's points, float64, from its inputs and its running statistics.

    Args:
        norm: the batch norm.
        inputs: what goes into it.
        ceiling: upper end of the ReLU behind it; None without one.
    """
    assert norm.running_mean is not None and norm.running_var is not None  # others' networks have been trained
    before = inputs.double()
    normalized = (before - norm.running_mean.double()) * (norm.running_var.double() + norm.eps).rsqrt()
    after = normalized * norm.weight.double() + norm.bias.double()
    points = {"pre": before, "normalized": normalized, "post": after}
    return points if ceiling is None else {**points, "relu": after.clamp(0, ceiling)}


def constant(samples: Float[Tensor, "samples units"]) -> Tensor:
    """Which units have one value only."""
    return samples.amax(0) == samples.amin(0)


def chosen_units(points: Points, setting: Setting, layer: str) -> Int[Tensor, " chosen"]:
    """At most `setting.units` of the units that vary at every point, a random choice, ascending."""
    dead = torch.stack([constant(samples) for samples in points.values()]).any(0)
    alive = torch.nonzero(~dead).flatten()
    generator = torch_generator(setting.seed, f"units/{layer}")
    order = torch.randperm(len(alive), generator=generator)[: setting.units]
    return alive[order].sort()[0]


def _measured(points: Points, setting: Setting, place: Mapping[str, Any]) -> Iterator[pd.DataFrame]:
    chosen = chosen_units(points, setting, place["layer"])
    for point, samples in points.items():
        panel = family_panel(samples[:, chosen], setting.seed)
        rows = panel[panel["statistic"].isin(MOVED)] if point in INVARIANT else panel
        counts = {"units": samples.shape[1], "units_measured": len(chosen)}
        yield rows.assign(**place, **counts, point=point, constant_units=int(constant(samples).sum()))
