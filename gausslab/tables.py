"""The one tidy long table: a number a row. Reports, figures and studies read this and nothing else."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from gausslab.errors import GausslabError
from gausslab.files import write_atomically


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One row: identity, parameters, result.

    Attributes:
        run: name of the run, or of the file that was probed.
        data: data set the samples came from.
        model: objective of the run (`ae`, `eae`), or the class of a foreign model.
        width: bottleneck dimension; None for foreign models.
        channels: channels of the first layer; None for foreign models.
        depth: hidden convolutions of the encoder; None for foreign models.
        seed: root seed; None for foreign models.
        layer: module path of the captured layer; empty for numbers about the whole network.
        point: where a batch-norm layer was read: `pre`, `normalized` or `post`; empty where it does not apply.
        statistics: which batch-norm statistics: `running`, `batch` or `recalibrated`; empty where it does not apply.
        unit: index of the unit, or `all`.
        n_units: units measured together.
        estimator: registry name of the estimator.
        statistic: which of the estimator's numbers this is.
        value: the number.
        standard_error: its standard error, NaN where none is known.
        null_mean: what exact Gaussian samples of the same n and d give on average.
        null_sd: standard deviation of the same.
        p_value: under that null, NaN where it has no meaning.
        n_samples: samples the number was computed from.
        null: `simple` when the null is N(0, I) itself, `composite` when mean and covariance are estimated away; empty
            where it has no meaning.
        quantity: `nats` for entropies and divergences, empty for numbers without a unit.
        reference: the law measured against: `normal`, N(0, I), or `laplace`, iid Laplace(0, 1), where number and null
            are of the code after the map of that law to N(0, I); empty where it does not apply, and in tables made
            before there was a choice, which are about N(0, I).
    """

    run: str
    data: str
    model: str
    width: int | None
    channels: int | None
    depth: int | None
    seed: int | None
    layer: str
    point: str
    statistics: str
    unit: str
    n_units: int
    estimator: str
    statistic: str
    value: float
    standard_error: float
    null_mean: float
    null_sd: float
    p_value: float
    n_samples: int
    null: str = ""
    quantity: str = ""
    reference: str = ""


POSTERIOR = "posterior"
"""In the column `layer`: codes drawn from the posteriors of a variational encoder."""

COLUMNS = tuple(f.name for f in fields(Measurement))
_WHOLE_OR_ABSENT = ("width", "channels", "depth", "seed")
_WHOLE = ("n_units", "n_samples")
_REAL = ("value", "standard_error", "null_mean", "null_sd", "p_value")
_RESULT_TEXT = ("unit", "estimator", "statistic", "null", "quantity", "reference")
_TEXT = ("run", "data", "model", "layer", "point", "statistics", *_RESULT_TEXT)
_ADDED = ("point", "statistics", "n_units", "null_sd", "null", "quantity", "reference")
REQUIRED = tuple(name for name in COLUMNS if name not in _ADDED)


def to_frame(rows: Iterable[Measurement]) -> pd.DataFrame:
    """Rows as a data frame with the schema's columns, in the schema's order."""
    return with_types(pd.DataFrame([vars(row) for row in rows], columns=list(COLUMNS)))


def with_types(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table with whole numbers, some of which may be absent, floats, and text that is never NaN."""
    types: dict[str, str] = dict.fromkeys(_WHOLE_OR_ABSENT, "Int64") | dict.fromkeys(_TEXT, "str")
    types |= dict.fromkeys(_WHOLE, "int64") | dict.fromkeys(_REAL, "float64")
    return frame.fillna(dict.fromkeys(_TEXT, "")).astype(types)


def check(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The table with every column of the schema; those an older one lacks hold what stands for absent.

    Only the columns in `REQUIRED` must be there; absent is empty text, 0 units, NaN for other numbers.

    Raises:
        GausslabError: naming the required columns that are missing.
    """
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise GausslabError(f"{source} is not a table of measurements: it lacks the columns {', '.join(missing)}")
    added = {name: _absent(name) for name in COLUMNS if name not in frame.columns}
    others = [name for name in frame.columns if name not in COLUMNS]
    return frame.assign(**added)[[*COLUMNS, *others]] if added else frame


def _absent(name: str) -> str | int | float:
    if name in _TEXT:
        return ""
    return 0 if name in _WHOLE else math.nan


def read(path: Path) -> pd.DataFrame:
    """A table that `write` wrote, or an older version of it; columns it did not have yet are filled as by `check`.

    Raises:
        GausslabError: the file is absent, empty, lacks required columns, or has text where a number belongs.
    """
    try:  # as text first: a layer may be called `NA`, and pandas does not promise to read back the number it wrote
        text = check(pd.read_csv(path, dtype="str", keep_default_na=False), str(path))
        numbers = {name: text[name].map(_real) for name in _REAL}
        numbers |= {name: text[name].map(_whole).astype("Int64") for name in (*_WHOLE_OR_ABSENT, *_WHOLE)}
        return with_types(text.assign(**numbers))
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise GausslabError(f"cannot read the table {path}: {' '.join(str(error).split())}") from None


def _real(field: str | float) -> float:
    return math.nan if field == "" else float(field)


def _whole(field: str | int) -> int | None:
    return None if field == "" else int(field)


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write the table whole or not at all; full precision, so that the same numbers give the same bytes."""
    write_atomically(path, frame.to_csv(index=False, lineterminator="\n").encode())


def concat(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several tables, one after the other."""
    return with_types(pd.concat([frame.astype(object) for frame in frames], ignore_index=True))
