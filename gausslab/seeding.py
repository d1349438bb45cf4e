"""One root seed, many named and independent random generators; nothing here touches global randomness.

torch is imported when it is first needed: the tables' side of the package draws from NumPy alone.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive(seed: int, name: str) -> int:
    """A 63-bit seed for the stream `name` under the root seed `seed`.

    The first eight bytes of SHA-256 of ``"seed/name"``: streams with different names or roots are unrelated, and adding
    a stream never moves another one.

    >>> derive(0, "init") == derive(0, "init"), derive(0, "init") == derive(0, "shuffle")
    (True, False)
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def torch_generator(seed: int, name: str) -> "torch.Generator":
    """A CPU torch generator for the stream `name`."""
    import torch

    return torch.Generator().manual_seed(derive(seed, name))


def numpy_generator(seed: int, name: str) -> np.random.Generator:
    """A numpy generator for the stream `name`."""
    return np.random.default_rng(derive(seed, name))
