"""The four networks that others trained, where their batch norms stand, what they are shown, and the study of them.

ROOT/NET-IMAGES-N-UNITS-SEED.csv    the rows of `batch_norm_layers`, a file a network, kind of images and seed
ROOT/NET-IMAGES-N-UNITS-SEED.json   where they came from
"""

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from gausslab import data, provenance
from gausslab.config import DataConfig
from gausslab.csv_files import to_bytes
from gausslab.data import to_float
from gausslab.data.filling import Progress
from gausslab.files import write_atomically
from gausslab.models import pretrained
from gausslab.seeding import numpy_generator
from gausslab.studies.batch_norm_layers import COLUMNS, NetPlan, Setting, measure_layers
from gausslab.studies.photographs import crops
from gausslab.training import threads

CIFAR, CROPS = "cifar10", "imagenet-crops"
BATCH = 50
_RELU6 = MappingProxyType(dict.fromkeys(("stem", "expand", "depthwise", "head"), 6.0))
_RELU = MappingProxyType(dict.fromkeys(("stem", "first", "middle"), math.inf))

NETS: Mapping[str, NetPlan] = MappingProxyType(
    {
        "mobilenet_v2": NetPlan(
            name="mobilenet_v2",
            build=pretrained.mobilenet_v2,
            side=224,
            positions={
                "features.0.1": "stem",
                "features.18.1": "head",
                "features.1.conv.0.1": "depthwise",  # the first block does not expand
                "features.1.conv.2": "project",
                "features.*.conv.0.1": "expand",
                "features.*.conv.1.1": "depthwise",
                "features.*.conv.3": "project",
            },
            ceilings=_RELU6,
        ),
        "efficientnet_lite0": NetPlan(
            name="efficientnet_lite0",
            build=pretrained.efficientnet_lite0,
            side=224,
            positions={
                "network._bn0": "stem",
                "network._bn1": "head",
                "*._bn0": "expand",
                "*._bn1": "depthwise",
                "*._bn2": "project",
            },
            ceilings=_RELU6,
        ),
        "resnet50": NetPlan(
            name="resnet50",
            build=pretrained.resnet50,
            side=224,
            positions={
                "bn1": "stem",
                "*.bn1": "first",
                "*.bn2": "middle",
                "*.bn3": "last",
                "*.downsample.1": "downsample",
            },
            ceilings=_RELU,
        ),
        "cifar_vgg": NetPlan(
            name="cifar_vgg",
            build=pretrained.cifar_vgg,
            side=32,
            positions={"features.2": "first", "features.9": "first", "features.16": "first", "features.*": "last"},
            convolution=lambda layer: f"features.{int(layer.rpartition('.')[2]) - 2}",
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much is measured.

    Attributes:
        nets: names in `NETS`.
        images: CIFAR-10 test images shown to every network, and samples of every layer.
        crops: crops of each of the twenty photographs; 0 leaves them out.
        units: measured together.
        seeds: each draws images, positions and units anew; the first one also draws the crops.
    """

    nets: tuple[str, ...]
    images: int
    crops: int
    units: int
    seeds: tuple[int, ...]


def study_table(scale: Scale, root: Path, report: Progress) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows of every network, kind of images and seed, and where each came from; what is there is not made again.

    Raises:
        GausslabError: weights or images are not here and cannot be had.
    """
    frames, records = [], {}
    for name, kind, seed in _parts(scale):
        stem = root / f"{name}-{kind}-{_samples(scale, kind)}-{scale.units}-{seed}"
        if not stem.with_suffix(".csv").exists():
            report(f"measuring {stem.name}")
            _save(stem, NETS[name], scale, kind, seed)
        frames.append(pd.read_csv(stem.with_suffix(".csv")))
        records[stem.name] = json.loads(stem.with_suffix(".json").read_text())
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)], records


def _parts(scale: Scale) -> Iterator[tuple[str, str, int]]:
    for name in scale.nets:
        yield from ((name, CIFAR, seed) for seed in scale.seeds)
        if scale.crops and NETS[name].side != 32:
            yield name, CROPS, scale.seeds[0]


def _samples(scale: Scale, kind: str) -> int:
    return scale.images if kind == CIFAR else 20 * scale.crops


def _save(stem: Path, plan: NetPlan, scale: Scale, kind: str, seed: int) -> None:
    begun = time.monotonic()
    with threads(1):
        batches = shown(plan.side, kind, scale, seed)
        table = measure_layers(plan, batches, Setting(images=kind, units=scale.units, seed=seed))
    made = provenance.record(1, time.monotonic() - begun)
    kept = {name: made[name] for name in ("commit", "date", "seconds")}
    write_atomically(stem.with_suffix(".json"), provenance.to_bytes(kept))
    write_atomically(stem.with_suffix(".csv"), to_bytes(table))


def shown(side: int, kind: str, scale: Scale, seed: int) -> Iterator[Float[Tensor, "images 3 side side"]]:
    """The images in [0, 1], batch by batch, at the network's size.

    CIFAR-10's are enlarged between pixel centres from 32 x 32: they have no detail finer than 7 pixels at 224.
    """
    images = crops(side, scale.crops, seed) if kind == CROPS else _some_of_cifar(scale.images, seed)
    for start in range(0, len(images), BATCH):
        batch = to_float(images[start : start + BATCH])
        resized = batch if batch.shape[2] == side else functional.interpolate(batch, (side, side), mode="bilinear")
        yield resized


def _some_of_cifar(count: int, seed: int) -> UInt8[Tensor, "images 3 32 32"]:
    """A random choice of the test images, the same for every network."""
    images = data.load(DataConfig(name="cifar10")).test.images
    chosen = numpy_generator(seed, "pretrained nets/images").choice(len(images), count, replace=False)
    return images[sorted(chosen)]
