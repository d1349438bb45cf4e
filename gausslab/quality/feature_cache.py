"""Features of real images on disk: a file a key, in folder `features` of the user's cache or of `$GAUSSLAB_CACHE`.

An entry that is damaged, or another's, counts as absent, and a folder that cannot be written costs only the time.
"""

import hashlib
import io
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.errors import EstimatorError
from gausslab.estimators import null_cache
from gausslab.files import write_atomically
from gausslab.quality.frechet import FeatureStatistics

FORMAT = 1


class Entry(NamedTuple):
    """What is kept: features in the precision in which they were made, their statistics in float64."""

    features: Float[Tensor, "samples features"]
    statistics: FeatureStatistics


def cache_folder() -> Path:
    """Beside the folder of the null laws."""
    return null_cache.cache_folder().parent / "features"


def write(key: str, entry: Entry) -> None:
    """Keep an entry, in place of any that was kept before."""
    content = io.BytesIO()
    statistics = entry.statistics
    np.savez(
        content,
        key=np.array(key),
        format=np.array(FORMAT),
        n=np.array(statistics.n),
        mean=statistics.mean.numpy(),
        covariance=statistics.covariance.numpy(),
        features=entry.features.numpy(),
    )
    with suppress(OSError):
        write_atomically(_path(key), content.getvalue())


def read(key: str) -> Entry | None:
    """The entry of a key, or None if it is absent, damaged or of another key."""
    try:
        with _path(key).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            whole = (str(arrays["key"]), int(arrays["format"])) == (key, FORMAT)
            return _entry({name: arrays[name] for name in arrays.files}) if whole else None
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, EstimatorError):
        return None


def _entry(arrays: dict[str, np.ndarray]) -> Entry | None:
    features, mean, covariance = (torch.from_numpy(arrays[name]) for name in ("features", "mean", "covariance"))
    n, units = features.shape
    fits = (int(arrays["n"]), tuple(mean.shape), tuple(covariance.shape)) == (n, (units,), (units, units))
    exact = {mean.dtype, covariance.dtype} == {torch.float64} and features.is_floating_point()
    if not (fits and exact and features.isfinite().all()):
        return None
    return Entry(features, FeatureStatistics(n=n, mean=mean, covariance=covariance))


def _path(key: str) -> Path:
    return cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"
