"""State dicts of models that others trained: found in what a file holds, cleaned, listed, loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from gausslab.errors import CheckpointError

_USUAL_KEYS = ("state_dict", "model_state_dict", "model", "net", "module")
_WRAPPERS = ("module.", "_orig_mod.")
_SHOWN = 3  # keys an error message lists at most


@dataclass(frozen=True, kw_only=True)
class BatchNormRow:
    """A batch-norm layer as its keys in a state dict show it.

    Attributes:
        name: module path.
        width: number of units.
        affine: whether it has a scale and shift.
        running: whether both running statistics are there.
        batches: batches the statistics were tracked over, None if the file does not say.
    """

    name: str
    width: int
    affine: bool
    running: bool
    batches: int | None


def find_state_dict(content: Any) -> dict[str, Tensor] | None:
    """The state dict that `content` is or holds under one of the usual keys, cleaned; None if there is none.

    The usual keys are `state_dict`, `model_state_dict`, `model`, `net` and `module`. The prefixes `module.` and
    `_orig_mod.`, which wrappers put before every key, are taken off.
    """
    if is_state_dict(content):
        return _without_wrappers({key: value for key, value in content.items() if isinstance(value, Tensor)})
    if not isinstance(content, Mapping):
        return None
    inner = [content[key] for key in _USUAL_KEYS if key in content]
    return next((found for value in inner if (found := find_state_dict(value)) is not None), None)


def is_state_dict(content: Any) -> bool:
    """Whether it is a non-empty mapping from names to tensors (`_extra_state` may be anything)."""
    return (
        isinstance(content, Mapping)
        and any(isinstance(value, Tensor) for value in content.values())
        and all(isinstance(key, str) for key in content)
        and all(isinstance(value, Tensor) or key.endswith("_extra_state") for key, value in content.items())
    )


def batchnorm_table(state_dict: Mapping[str, Tensor]) -> list[BatchNormRow]:
    """The batch-norm layers of a state dict, in its order.

    They are known by their running statistics: a batch norm without any cannot be told from a layer norm by its keys
    and is left out.
    """
    names = dict.fromkeys(
        key.rpartition(".")[0] for key in state_dict if key.rpartition(".")[2] in ("running_mean", "running_var")
    )
    return [_batchnorm_row(state_dict, name) for name in names]


def _batchnorm_row(state_dict: Mapping[str, Tensor], name: str) -> BatchNormRow:
    prefix = f"{name}." if name else ""
    mean, variance = state_dict.get(f"{prefix}running_mean"), state_dict.get(f"{prefix}running_var")
    known = mean if mean is not None else variance
    tracked = state_dict.get(f"{prefix}num_batches_tracked")
    return BatchNormRow(
        name=name,
        width=known.numel() if known is not None else 0,
        affine=f"{prefix}weight" in state_dict,
        running=mean is not None and variance is not None,
        batches=int(tracked) if tracked is not None and tracked.numel() == 1 else None,
    )


def load_into(model: nn.Module, state_dict: Mapping[str, Tensor], strict: bool = True) -> None:
    """Copy the weights into the model.

    Args:
        model: changed in place, or not at all if there is an error.
        state_dict: as `find_state_dict` gives it.
        strict: ask for exactly the model's keys; otherwise load those that both have, which must be at least one.

    Raises:
        CheckpointError: keys are missing or unexpected, or a shape differs; the first few are named, all are counted.
    """
    own = model.state_dict()
    missing = [key for key in own if key not in state_dict]
    unexpected = [key for key in state_dict if key not in own]
    shared = [key for key in own if key in state_dict]
    if (strict and (missing or unexpected)) or not shared:
        parts = [_few(missing, "missing"), _few(unexpected, "unexpected")]
        raise CheckpointError(
            f"weights do not fit {type(model).__name__}: {'; '.join(part for part in parts if part)}"
            + ("; strict=False loads the keys that agree" if strict and shared else "")
        )
    _check_shapes(type(model).__name__, own, state_dict, shared)
    model.load_state_dict(dict(state_dict), strict=False)


def _check_shapes(model: str, own: Mapping[str, Any], given: Mapping[str, Tensor], shared: list[str]) -> None:
    wrong = [key for key in shared if isinstance(own[key], Tensor) and own[key].shape != given[key].shape]
    if wrong:
        key, more = wrong[0], f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        expected, got = tuple(own[key].shape), tuple(given[key].shape)
        raise CheckpointError(f"weights do not fit {model}: {key!r} must have shape {expected}, got {got}{more}")


def _few(keys: list[str], what: str) -> str:
    shown = ", ".join(keys[:_SHOWN]) + (", ..." if len(keys) > _SHOWN else "")
    return f"{len(keys)} keys {what} ({shown})" if keys else ""


def _without_wrappers(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _WRAPPERS:
        if all(key.startswith(prefix) for key in state_dict):
            return _without_wrappers({key.removeprefix(prefix): value for key, value in state_dict.items()})
    return {key.replace("._orig_mod.", "."): value for key, value in state_dict.items()}
