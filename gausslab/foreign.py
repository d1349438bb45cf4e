"""Any file given to `gausslab probe`: which kind it is, told by its content, and what it holds, read safely."""

import warnings
import zipfile
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from gausslab.checkpoints import FORMAT
from gausslab.errors import CheckpointError, first_line
from gausslab.factories import build_model, current_folder_importable, names_factory
from gausslab.pickles import unsafe_globals
from gausslab.training import STATE_FORMAT
from gausslab.weights import BatchNormRow, batchnorm_table, find_state_dict, load_into

__all__ = [
    "BatchNormRow",
    "FileKind",
    "batchnorm_table",
    "build_model",
    "load_into",
    "read_activations",
    "read_pickle",
    "read_state_dict",
    "recognise",
    "refuse",
]

_SHOWN = 6  # names an error message lists at most


class FileKind(Enum):
    """What a file is; the value is what the user reads."""

    CHECKPOINT = "gausslab checkpoint"
    STATE_DICT = "state_dict"
    ACTIVATIONS = "activations"
    PICKLE = "pickled Python object"
    SAFETENSORS = "safetensors state_dict"
    TORCHSCRIPT = "TorchScript archive"
    EXPORTED = "torch.export archive"
    FACTORY = "factory of a network"

    def __str__(self) -> str:
        return self.value


def recognise(path: Path) -> FileKind:
    """The kind of a file, by its first bytes, its zip members and its content, never by its name; nothing in it is run.

    What is no file and reads `pkg.mod:factory` is a factory.

    Raises:
        CheckpointError: the file is absent, a folder, empty, damaged, or none of the kinds.
    """
    if names_factory(path):
        return FileKind.FACTORY
    head = _head(path)
    if head.startswith(b"PK"):
        return _kind_of_archive(path)
    if head.startswith(b"\x93NUMPY"):
        return FileKind.ACTIVATIONS
    if _is_safetensors(head):
        return FileKind.SAFETENSORS
    if head.startswith(b"\x80"):
        return _kind_of_content(path)
    raise CheckpointError(f"{path} is not a checkpoint: {_EXPECTED}")


_EXPECTED = (
    "expected a gausslab checkpoint, a state_dict, a safetensors file, or activations (.npz, .npy or a tensor .pt)"
)


def refuse(path: Path, kind: FileKind) -> CheckpointError:
    """Why a file of a kind that is not opened is not opened, and what to do instead; to be raised."""
    if kind is FileKind.TORCHSCRIPT:
        return CheckpointError(
            f"{path} is a TorchScript archive, on whose layers hooks do not fire; "
            "save the original module's state_dict and pass it with --model pkg.mod:factory"
        )
    if kind is FileKind.EXPORTED:
        return CheckpointError(
            f"{path} is a torch.export archive, on whose layers hooks do not fire; "
            "save the original module's state_dict and pass it with --model pkg.mod:factory"
        )
    if kind is FileKind.PICKLE:
        return _refused_pickle(path)
    return CheckpointError(f"{path} is a {kind}, which cannot be used here; {_EXPECTED}")


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The cleaned state dict of a torch file (bare, or under a usual key) or of a safetensors file, on the CPU.

    Raises:
        CheckpointError: the file is of another kind, damaged or not safe to read.
    """
    kind = recognise(path)
    if kind is FileKind.SAFETENSORS:
        return _found(path, _read_safetensors(path))
    if kind is FileKind.STATE_DICT:
        return _found(path, _load_safely(path))
    raise refuse(path, kind)


def read_activations(path: Path) -> dict[str, Tensor]:
    """Name -> tensor (samples, units) of an `.npz` (every two-axis array of numbers in it), `.npy` or tensor file.

    Arrays of another number of axes in an `.npz` (labels, distances) are passed over. A single array is named after the
    file. float64 stays float64, all else becomes float32.

    Raises:
        CheckpointError: the file is of another kind or damaged, holds Python objects, or has no array (samples, units).
    """
    kind = recognise(path)
    if kind is not FileKind.ACTIVATIONS:
        raise refuse(path, kind)
    arrays = _arrays(path)
    if isinstance(arrays, np.ndarray | Tensor):
        return {path.stem: _samples(path, arrays)}
    usable = {name: array for name, array in arrays.items() if array.ndim == 2}
    if not usable:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in list(arrays.items())[:_SHOWN])
        raise CheckpointError(f"{path} has no array of shape (samples, units); it holds {shapes or 'nothing'}")
    return {name: _samples(path, array) for name, array in usable.items()}


def read_pickle(path: Path, *, unsafe_pickle: bool = False) -> nn.Module | dict[str, Tensor]:
    """The module, or else the state dict, of a pickle, which may run any code of its author while it is loaded.

    Raises:
        CheckpointError: without `unsafe_pickle`, always, with the names that the file would import; with it, if loading
            fails or the file holds neither.
    """
    if not unsafe_pickle:
        raise refuse(path, FileKind.PICKLE)
    try:
        with current_folder_importable():
            content = torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # the pickle's own code may raise anything
        raise CheckpointError(f"{path} could not be unpickled: {first_line(error)}") from None
    module = content if isinstance(content, nn.Module) else _module_inside(content)
    return module if module is not None else _found(path, content)


def _head(path: Path) -> bytes:
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder, expected a file")
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from None
    if not head:
        raise CheckpointError(f"{path} is empty")
    return head


def _is_safetensors(head: bytes) -> bool:
    """Eight bytes of length, then a JSON object."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**32


def _kind_of_archive(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is truncated or damaged: {first_line(error)}") from None
    inner = {name.partition("/")[2] for name in names}
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        return FileKind.TORCHSCRIPT
    if _is_export({*names, *inner}):
        return FileKind.EXPORTED
    if "data.pkl" in inner:
        return _kind_of_content(path)
    if names and all(name.endswith(".npy") for name in names):
        return FileKind.ACTIVATIONS
    raise CheckpointError(f"{path} is a zip archive of other things: {_EXPECTED}")


def _is_export(names: set[str]) -> bool:
    models = any(name.startswith("models/") and name.endswith(".json") for name in names)
    return models or "serialized_exported_program.json" in names


def _kind_of_content(path: Path) -> FileKind:
    try:
        content = _load_safely(path)
    except UnpicklingError:
        return FileKind.PICKLE
    if isinstance(content, Mapping) and content.get("format") == FORMAT:
        return FileKind.CHECKPOINT
    if isinstance(content, Mapping) and content.get("format") == STATE_FORMAT:
        raise CheckpointError(
            f"{path} is the state from which training goes on, not a checkpoint; probe the checkpoint.pt beside it"
        )
    if isinstance(content, Tensor):
        return FileKind.ACTIVATIONS
    if find_state_dict(content) is not None:
        return FileKind.STATE_DICT
    raise CheckpointError(f"{path} holds a {type(content).__name__} without weights: {_EXPECTED}")


def _load_safely(path: Path) -> Any:
    """Tensors and primitives only.

    Raises:
        UnpicklingError: the file asks for more than that.
        CheckpointError: the file is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of old or unusual formats, which the errors here tell
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError:
        if unsafe_globals(path):
            raise
        raise CheckpointError(f"{path} is truncated, damaged or no torch file: its pickle cannot be read") from None
    except Exception as error:  # damage can surface as any exception of the reader
        raise CheckpointError(f"{path} is truncated or damaged: {first_line(error)}") from None


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} is a truncated or damaged safetensors file: {first_line(error)}") from None


def _arrays(path: Path) -> Any:
    if (_head(path).startswith(b"PK") and _holds_pickle(path)) or _head(path).startswith(b"\x80"):
        return _load_safely(path)
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except Exception as error:  # damage can surface as any exception of the reader
        reason = "it holds Python objects, which are not read" if "allow_pickle" in str(error) else first_line(error)
        raise CheckpointError(f"{path} is not a readable array file: {reason}") from None


def _holds_pickle(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("data.pkl") for name in archive.namelist())


def _samples(path: Path, array: Shaped[np.ndarray, "..."] | Tensor) -> Tensor:
    if array.ndim != 2 or 0 in array.shape:
        raise CheckpointError(f"{path} must hold an array of shape (samples, units), got {tuple(array.shape)}")
    if isinstance(array, Tensor):
        return array.detach() if array.dtype is torch.float64 else array.detach().float()
    if array.dtype.kind not in "fiub":
        raise CheckpointError(f"{path} must hold numbers, got {array.dtype}")
    return torch.from_numpy(np.array(array, dtype=np.float64 if array.dtype == np.float64 else np.float32))


def _found(path: Path, content: Any) -> dict[str, Tensor]:
    state_dict = find_state_dict(content)
    if state_dict is None:
        raise CheckpointError(f"{path} holds a {type(content).__name__} without weights: {_EXPECTED}")
    return state_dict


def _module_inside(content: Any) -> nn.Module | None:
    values = content.values() if isinstance(content, Mapping) else ()
    return next((value for value in values if isinstance(value, nn.Module)), None)


def _refused_pickle(path: Path) -> CheckpointError:
    names = unsafe_globals(path)
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return CheckpointError(
        f"{path} is a pickled Python object and could run any code when loaded (it would import {shown}); save "
        "model.state_dict() instead and pass --model pkg.mod:factory, or, if you trust its author, pass --unsafe-pickle"
    )
