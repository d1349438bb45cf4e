"""Images as they lie in files, before any split is drawn; NumPy only: the cache can be looked at without torch."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8


@dataclass(frozen=True, eq=False)
class Pool:
    """Images that come without a split of their own, in [0, 255], and their classes, if they have any."""

    images: UInt8[np.ndarray, "samples channels height width"]
    labels: Int64[np.ndarray, " samples"] | None


@dataclass(frozen=True, eq=False)
class TrainTest:
    """Images that come as a training and a test file, in the files' order."""

    train: Pool
    test: Pool
