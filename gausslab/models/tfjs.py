"""Weights that TensorFlow.js keeps: a `model.json` with a manifest, and the numbers in shards of bytes."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from gausslab.errors import CheckpointError, first_line

Arrays = Mapping[str, Float32[np.ndarray, "..."]]


def read_tfjs(folder: Path) -> Arrays:
    """Every array of `folder/model.json` by its name, in the order and layout in which Keras keeps it.

    The arrays of a group lie one after the other in the bytes of its shards, little-endian and row by row.

    Raises:
        CheckpointError: a file is absent, the manifest is none, the arrays are not plain float32, or the shards are
            shorter or longer than they.
    """
    try:
        manifest = json.loads((folder / "model.json").read_bytes())["weightsManifest"]
        groups = [(_joined(folder, group["paths"]), group["weights"]) for group in manifest]
        return {name: array for content, entries in groups for name, array in _arrays(folder, content, entries)}
    except OSError as error:
        raise CheckpointError(f"cannot read {error.filename}: {error.strerror}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder} holds no weights of TensorFlow.js: {first_line(error)}") from None


def _joined(folder: Path, paths: Iterable[str]) -> bytes:
    return b"".join((folder / path).read_bytes() for path in paths)


def _arrays(
    folder: Path, content: bytes, entries: Iterable[Mapping[str, Any]]
) -> Iterable[tuple[str, Float32[np.ndarray, "..."]]]:
    start, found = 0, []
    for entry in entries:
        if entry["dtype"] != "float32" or "quantization" in entry:
            raise CheckpointError(
                f"{folder}: {entry['name']} must be plain float32, got {entry['dtype']}, or quantised"
            )
        shape = tuple(entry["shape"])
        size = 4 * int(np.prod(shape))
        if start + size > len(content):
            raise CheckpointError(f"{folder}: the shards end before {entry['name']} does")
        found.append((entry["name"], np.frombuffer(content[start : start + size], dtype="<f4").reshape(shape)))
        start += size
    if start != len(content):
        raise CheckpointError(f"{folder}: the shards have {len(content) - start} bytes more than the manifest")
    return found
