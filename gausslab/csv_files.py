"""Tables of studies as CSV, beside the one tidy table of `tables`: the same numbers, the same bytes."""

import io
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from gausslab.errors import GausslabError

DECIMALS = "%.7g"
"""Written digits of a number: what float32 values have."""


def to_bytes(frame: pd.DataFrame) -> bytes:
    """A table as CSV."""
    return frame.to_csv(index=False, float_format=DECIMALS, lineterminator="\n").encode()


def compressed(frame: pd.DataFrame) -> bytes:
    """A table as gzipped CSV, without the time in its head."""
    buffer = io.BytesIO()
    frame.to_csv(
        buffer, index=False, float_format=DECIMALS, lineterminator="\n", compression={"method": "gzip", "mtime": 0}
    )
    return buffer.getvalue()


def read(path: Path, columns: Collection[str], otherwise: str) -> pd.DataFrame:
    """A table that has the columns.

    Args:
        path: of the file.
        columns: that must be there.
        otherwise: what a table without one of them is: `it holds no panels`.

    Raises:
        GausslabError: the file is absent, no table, or one of something else.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise GausslabError(f"cannot read the table {path}: {' '.join(str(error).split())}") from None
    if absent := [name for name in columns if name not in table]:
        raise GausslabError(f"cannot read the table {path}: it has no column {absent[0]}, so {otherwise}")
    return table
