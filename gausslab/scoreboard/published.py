"""Numbers that others printed, for context: never a target, and with another extractor than ours.

They are FIDs by the TensorFlow Inception network, of networks at paper scale. A value is absent where its source cannot
be read.
"""

from functools import cache
from pathlib import Path

import pandas as pd

FILE = Path(__file__).parent / "published.csv"


@cache
def published() -> pd.DataFrame:
    """Columns `data`, `row`, `sampler` (empty where it does not matter), `statistic`, `value`, `source`."""
    return pd.read_csv(FILE, keep_default_na=False, na_values={"value": [""]})


def printed(data: str, row: str, sampler: str, statistic: str) -> float | None:
    """The printed value of a cell; None if there is none, NaN if it cannot be read.

    >>> printed("cifar10", "eae", "isotropic", "samples"), printed("cifar10", "eae", "laplace", "samples")
    (85.26, None)
    """
    table = published()
    found = table[
        (table["data"] == data)
        & (table["row"] == row)
        & (table["sampler"] == sampler)
        & (table["statistic"] == statistic)
    ]
    return None if found.empty else float(found["value"].iloc[0])
