"""Null laws on disk: a file a key, under the user's cache folder or `$GAUSSLAB_CACHE`.

An entry that cannot be read is drawn again, and a folder that cannot be written costs only the time.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from gausslab.estimators.null_law import NullLaw
from gausslab.files import write_atomically

FORMAT = 2


def cache_folder() -> Path:
    """Where null laws are kept: `$GAUSSLAB_CACHE/nulls`, or the same under the user's cache folder."""
    root = os.environ.get("GAUSSLAB_CACHE")
    return (Path(root).expanduser() if root else user_cache_path("gausslab", appauthor=False)) / "nulls"


def write(key: str, laws: Mapping[str, NullLaw]) -> None:
    """Keep the laws of a key, in place of any that were kept before."""
    entries = {name: {"replicates": law.replicates.tolist(), "variance": law.variance} for name, law in laws.items()}
    with suppress(OSError):
        write_atomically(_path(key), json.dumps({"key": key, "format": FORMAT, "laws": entries}).encode())


def read(key: str, replicates: int) -> dict[str, NullLaw] | None:
    """The laws of a key, or None if they are absent, damaged, or of fewer replicates than these."""
    try:
        content = json.loads(_path(key).read_bytes())
        laws = {
            name: NullLaw(np.array(law["replicates"], dtype=np.float64), float(law["variance"]))
            for name, law in content["laws"].items()
        }
        whole = (content["key"], content["format"]) == (key, FORMAT) and all(
            law.values.ndim == 1 and law.size >= replicates and np.isfinite(law.values).all() for law in laws.values()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return laws if whole and laws else None


def _path(key: str) -> Path:
    return cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
