"""The samples that a file holds, whatever its format: what `gausslab measure` is given."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jaxtyping import Float
from torch import Tensor

from gausslab.errors import CheckpointError, ConfigError, DataError, choices, first_line
from gausslab.foreign import FileKind, read_activations, read_state_dict, recognise

if TYPE_CHECKING:
    import pandas as pd

Report = Callable[[str], None]

_SHOWN = 8
_NAMELESS = "Unnamed: 0"  # what pandas calls a first column without a name


class Code(NamedTuple):
    """Samples, and what their units are called in the file (empty where it names none)."""

    samples: Float[Tensor, "samples units"]
    units: tuple[str, ...]


def read_code(path: Path, key: str | None = None, report: Report = lambda message: None) -> Code:
    """The samples in a file of arrays (.npy, .npz, .pt, .safetensors) or in a table (.csv, .tsv, .txt, .parquet).

    The first row of a table is its header if it holds a word, or if it counts the columns from 0, as pandas calls
    columns without names. A first column without a name that numbers the rows, from 0 or from 1, is left out.

    Args:
        path: the file; a table is known by its name, all else by its content.
        key: which array of several.
        report: told what of a table was left out or might be taken otherwise.

    Raises:
        CheckpointError: the file is absent, damaged, of another kind, or holds no array (samples, units).
        DataError: the table cannot be read or has columns that are not numbers.
        ConfigError: the file holds several arrays and none, or an unknown one, was chosen.
    """
    reader = _TABLES.get(path.suffix.lower())
    if reader is None:
        return Code(_chosen(path, _arrays(path), key), ())
    if key is not None:
        raise ConfigError(f"--key chooses one of several arrays, but {path} is a table")
    return _code(path, _without_index(_read_table(path, reader, report), report))


def _arrays(path: Path) -> dict[str, Tensor]:
    """Every tensor of two axes in the file."""
    kind = recognise(path)
    if kind is FileKind.CHECKPOINT:
        raise CheckpointError(f"{path} is a {kind}, not samples: `gausslab probe {path}` measures its layers")
    if kind in (FileKind.STATE_DICT, FileKind.SAFETENSORS):
        found = {name: each for name, each in read_state_dict(path).items() if each.ndim == 2 and each.numel()}
        if not found:
            raise CheckpointError(f"{path} has no tensor of shape (samples, units)")
        return found
    return read_activations(path)


def _chosen(path: Path, arrays: Mapping[str, Tensor], key: str | None) -> Tensor:
    if key is None and len(arrays) == 1:
        return next(iter(arrays.values()))
    if key is not None and key in arrays:
        return arrays[key]
    sizes = [f"{name} ({len(each)} x {each.shape[1]})" for name, each in list(arrays.items())[:_SHOWN]]
    listed = ", ".join(sizes) + (", ..." if len(arrays) > _SHOWN else "")
    if key is None:
        raise ConfigError(f"{path} holds {len(arrays)} arrays; choose one with --key: {listed}")
    raise ConfigError(f"{path} has no array {key!r}; {choices(key, list(arrays))}")


def _csv(path: Path, report: Report) -> "pd.DataFrame":
    import pandas as pd

    separator = {".csv": ",", ".tsv": "\t", ".txt": r"\s+"}[path.suffix.lower()]
    first = pd.read_csv(path, sep=separator, nrows=1, header=None, dtype=str, keep_default_na=False)
    cells = [str(cell) for cell in first.iloc[0]]
    if counts := _counts(cells):
        report("the first row counts from 0: taken as the units' names, not as a sample")
    headed = counts or not all(_is_number(cell) for cell in cells)
    return _without_row_names(pd.read_csv(path, sep=separator, header=0 if headed else None))


def _counts(cells: Sequence[str]) -> bool:
    """Whether a row numbers the columns from 0, but for an empty cell above the index.

    >>> _counts(["0", "1", "2"]), _counts(["", "0", "1"]), _counts(["1", "2"]), _counts(["0", "0.5"]), _counts([""])
    (True, True, False, False, False)
    """
    named = list(cells[1:] if cells[0] == "" else cells)
    return named != [] and named == [str(column) for column in range(len(named))]


def _without_row_names(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The table, whose first column pandas makes row names of where the header is one cell shorter than the rows.

    They are dropped where they count, and a column again where they do not.

    Raises:
        ValueError: the header is shorter by more.
    """
    import pandas as pd

    if frame.index.nlevels > 1:
        raise ValueError(f"rows have {frame.index.nlevels} cells more than the header")
    if any(frame.index.equals(pd.RangeIndex(start, start + len(frame))) for start in (0, 1)):
        return frame.reset_index(drop=True)
    return frame.reset_index(names=_NAMELESS)


def _parquet(path: Path, _report: Report) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_parquet(path)


Reader = Callable[[Path, Report], "pd.DataFrame"]
_TABLES: dict[str, Reader] = {".csv": _csv, ".tsv": _csv, ".txt": _csv, ".parquet": _parquet}


def _read_table(path: Path, reader: Reader, report: Report) -> "pd.DataFrame":
    try:
        return reader(path, report)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or first_line(error)}") from None
    except ImportError:
        raise DataError(f"{path}: pandas needs pyarrow to read parquet; pip install pyarrow, or save as .npy") from None
    except Exception as error:  # damage can surface as any exception of the reader
        raise DataError(f"{path} is not a readable table: {first_line(error)}") from None


def _without_index(frame: "pd.DataFrame", report: Report) -> "pd.DataFrame":
    """The table without the row numbers that pandas and R write as a first, nameless column."""
    if not len(frame.columns) or frame.columns[0] != _NAMELESS:
        return frame
    rows = len(frame)
    if frame[_NAMELESS].tolist() not in (list(range(rows)), list(range(1, rows + 1))):
        report("the first column has no name and does not number the rows: taken as a unit")
        return frame
    report("the first column has no name and numbers the rows: left out")
    return frame.drop(columns=_NAMELESS)


def _code(path: Path, frame: "pd.DataFrame") -> Code:
    import torch
    from pandas.api.types import is_numeric_dtype

    wrong = [str(name) for name in frame.columns if not is_numeric_dtype(frame[name])]
    if wrong:
        shown = ", ".join(wrong[:_SHOWN]) + (", ..." if len(wrong) > _SHOWN else "")
        raise DataError(f"{path}: expected columns of numbers, but {len(wrong)} of {frame.shape[1]} are not: {shown}")
    named = all(isinstance(name, str) for name in frame.columns)
    return Code(torch.from_numpy(frame.to_numpy(dtype=float, copy=True)), tuple(frame.columns) if named else ())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == ""
    return True
