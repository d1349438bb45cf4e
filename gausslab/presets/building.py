"""From a row's name to the configuration of a run."""

from dataclasses import fields
from typing import Any

from gausslab.config import TERMS, DataConfig, ModelConfig, ObjectiveConfig, Resampling, TrainConfig, TrainingConfig
from gausslab.errors import ConfigError, choices, entry
from gausslab.presets.families import SCALES, SIDES, WIDTHS, Family, Values, family
from gausslab.presets.rows import RELEASED, ROWS, Row

SMALL: Values = {"lr": 1e-3, "schedule": "exponential", "decay": 0.98}
"""Optimisation of all rows below paper scale."""

CHANGES = (
    *("batch", "bottleneck", "channels", "depth", "device", "epochs", "images", "lr", "neighbours", "threads"),
    *("weight", "width"),
)
"""What a caller may set in place of the scale and the row; `weight` is that of the objective's first term."""


def preset(
    row: str,
    data: str,
    *,
    scale: str = "laptop",
    seed: int = 0,
    path: str | None = None,
    size: int | None = None,
    crop: int | None = None,
    resampling: Resampling = "bilinear",
    as_released: bool = False,
    **changes: Any,
) -> TrainConfig:
    """The configuration of a row on a data set.

    Args:
        row: a name in `ROWS`.
        data: a data set of `FAMILIES`, or `folder`.
        scale: `smoke`, `laptop` or `paper`.
        seed: root seed.
        path: folder of the user's own files.
        size: side of the images; None is that of the thesis's data set.
        crop: side of a centre crop taken before resizing, of image folders and celeba.
        resampling: filter of that resize.
        as_released: keep what the published code does by mistake, for audits: validation images that are training
            images too, and a gradient penalty of weight 0 on CIFAR-10.
        **changes: of `CHANGES`, in place of what the scale and the row set; None is no change.

    Raises:
        ConfigError: there is no such row, data set or scale, or a change makes no sense.
    """
    chosen, of = row_named(row), family(data, size)
    settings = _settings(chosen, of, scale, changes)
    objective = dict(chosen.objective) | dict(chosen.weights.get(of, {}))
    if as_released:
        objective |= dict(RELEASED.get((row, of), {}))
    objective |= _objective(row, objective["name"], settings)
    model = (
        {"width": WIDTHS[of]} | dict(chosen.model) | dict(chosen.network.get(of, {})) | _picked(settings, ModelConfig)
    )
    return TrainConfig(
        data=DataConfig(
            name=data,
            path=path,
            images=settings["images"],
            size=SIDES[of] if size is None else size,
            crop=crop,
            resampling=resampling,
            split="as-released" if as_released else "disjoint",
        ),
        model=ModelConfig(**model),
        objective=ObjectiveConfig(**objective),
        training=TrainingConfig(**_picked(settings, TrainingConfig)),
        seed=seed,
    )


def row_named(name: str) -> Row:
    """The row of a name.

    Raises:
        ConfigError: there is none; the choices are listed.
    """
    return entry(name, ROWS, "model", ConfigError)


def _settings(row: Row, of: Family, scale: str, changes: Values) -> dict[str, Any]:
    """The scale's and the row's, in whose place come the changes that are given."""
    if scale not in SCALES:
        raise ConfigError(f"scale {scale!r} is unknown; {choices(scale, list(SCALES))}")
    own = {"init": "keras", **row.training, **row.course.get(of, {})} if scale == "paper" else dict(SMALL)
    given = {name: value for name, value in changes.items() if value is not None}
    if unknown := sorted(given.keys() - set(CHANGES)):
        raise ConfigError(f"preset has no setting {unknown[0]!r}; {choices(unknown[0], CHANGES)}")
    return own | dict(SCALES[scale]) | given


def _objective(row: str, name: str, settings: Values) -> dict[str, Any]:
    """What a caller sets of the objective."""
    given = {"neighbours": settings["neighbours"]} if "neighbours" in settings else {}
    if "weight" not in settings:
        return given
    if not TERMS[name]:
        raise ConfigError(f"model {row!r} has no term beside the error, got weight {settings['weight']!r}")
    return given | {f"{TERMS[name][0]}_weight": settings["weight"]}


def _picked(settings: Values, kind: type[ModelConfig | TrainingConfig]) -> dict[str, Any]:
    """Those that are fields of a part of the configuration."""
    return {name: value for name, value in settings.items() if name in {f.name for f in fields(kind)}}
