"""gausslab's own checkpoint files: dictionaries of primitives and tensors, which load without executing anything."""

import io
import pickle
import re
import sys
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gausslab.config import TrainConfig
from gausslab.errors import CheckpointError, ConfigError, first_line
from gausslab.files import write_atomically
from gausslab.models import Network, build
from gausslab.serialisation import from_dict

FORMAT = "gausslab-checkpoint"
VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """A trained network and what is known about it.

    Attributes:
        config: the run it comes from.
        image_shape: (channels, height, width) of its images.
        epoch: epochs it was trained for.
        validation_loss: its objective on the validation images.
        model: the network, in evaluation mode, on the CPU.
        data_digest: `ImageData.held_out_digest` of the images it was made with; empty in files that lack it.
    """

    config: TrainConfig
    image_shape: tuple[int, int, int]
    epoch: int
    validation_loss: float
    model: Network
    data_digest: str = ""


def save_checkpoint(
    path: Path,
    config: TrainConfig,
    image_shape: tuple[int, int, int],
    epoch: int,
    validation_loss: float,
    weights: Mapping[str, Tensor],
    data_digest: str = "",
) -> None:
    """Write a checkpoint whole or not at all; the same contents give the same bytes."""
    save(
        path,
        {
            "format": FORMAT,
            "version": VERSION,
            "config": asdict(config),
            "image_shape": list(image_shape),
            "epoch": epoch,
            "validation_loss": validation_loss,
            "weights": dict(weights),
            "data_digest": data_digest,
        },
    )


def load_checkpoint(path: Path) -> Checkpoint:
    """The network that `save_checkpoint` wrote.

    Raises:
        CheckpointError: the file is absent, damaged, of another kind, or of a later version.
    """
    values = load(path)
    if values.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not a gausslab checkpoint (its format is {values.get('format')!r})")
    if values.get("version") != VERSION:
        raise CheckpointError(f"{path} is of version {values.get('version')!r}; this gausslab reads version {VERSION}")
    try:
        return _restore(values)
    except KeyError as error:
        raise CheckpointError(f"{path} is damaged: it lacks {error}") from None
    except (TypeError, ValueError, RuntimeError, ConfigError) as error:
        raise CheckpointError(f"{path} is damaged: {first_line(error)}") from None


def _restore(values: Mapping[str, Any]) -> Checkpoint:
    config = from_dict(TrainConfig, values["config"])
    channels, height, width = values["image_shape"]
    model = build(config.model, (channels, height, width), config.seed)
    model.load_state_dict(values["weights"])
    return Checkpoint(
        config,
        (channels, height, width),
        values["epoch"],
        values["validation_loss"],
        model.eval(),
        str(values.get("data_digest", "")),
    )


def save(path: Path, values: Mapping[str, Any]) -> None:
    """A dictionary of primitives and tensors as a file of `torch.save`, atomically and reproducibly."""
    buffer = io.BytesIO()
    torch.save(_canonical(values), buffer)
    write_atomically(path, buffer.getvalue())


def load(path: Path) -> dict[str, Any]:
    """The dictionary that `save` wrote; nothing in the file is executed.

    Raises:
        CheckpointError: the file is absent, damaged, or holds something else.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the pickle's protocol, before it is refused
            values = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no file {path}") from None
    except Exception as error:  # torch.load raises whatever its readers raise on a damaged file
        raise CheckpointError(f"cannot read {path}: {_reason(error)}") from None
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} holds a {type(values).__name__}, not a checkpoint")
    return values


def _canonical(value: Any) -> Any:
    """Equal contents, equal bytes: pickle writes a string it has met before, as the same object, in another way."""
    if isinstance(value, Mapping):
        return {_canonical(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return sys.intern(value) if isinstance(value, str) else value


def _reason(error: Exception) -> str:
    """Why torch.load gave up; its own text is long and advises to load the file unsafely."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if named := re.search(r"GLOBAL ([\w.]+)", str(error)):
        return f"it is not safe, it asks for {named[1]}; nothing of it was run"
    if isinstance(error, pickle.UnpicklingError):
        return "it is not a file of weights that torch.save wrote"
    return f"it is truncated or damaged ({first_line(error).split('. ')[0]})"
