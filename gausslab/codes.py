"""The samples that a file holds, whatever its format: what `gausslab measure` is given."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jaxtyping import Float
from torch import Tensor

from gausslab.errors import CheckpointError, ConfigError, DataError, choices, first_line
from gausslab.foreign import FileKind, read_activations, read_state_dict, recognise

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 8


class Code(NamedTuple):
    """Samples, and what their units are called in the file (empty where it names none)."""

    samples: Float[Tensor, "samples units"]
    units: tuple[str, ...]


def read_code(path: Path, key: str | None = None, report: Callable[[str], None] = lambda message: None) -> Code:
    """The samples in a file of arrays (.npy, .npz, .pt, .safetensors) or in a table (.csv, .tsv, .txt, .parquet).

    Args:
        path: the file; a table is known by its name, all else by its content.
        key: which array of several.
        report: told what of a table was left out.

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
    return _code(path, _without_index(_read_table(path, reader), report))


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


def _csv(path: Path) -> "pd.DataFrame":
    import pandas as pd

    separator = {".csv": ",", ".tsv": "\t", ".txt": r"\s+"}[path.suffix.lower()]
    first = pd.read_csv(path, sep=separator, nrows=1, header=None, dtype=str, keep_default_na=False)
    headed = not all(_is_number(str(cell)) for cell in first.iloc[0])
    return pd.read_csv(path, sep=separator, header=0 if headed else None)


def _parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_parquet(path)


_TABLES: dict[str, Callable[[Path], "pd.DataFrame"]] = {".csv": _csv, ".tsv": _csv, ".txt": _csv, ".parquet": _parquet}


def _read_table(path: Path, reader: Callable[[Path], "pd.DataFrame"]) -> "pd.DataFrame":
    try:
        return reader(path)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or first_line(error)}") from None
    except ImportError:
        raise DataError(f"{path}: pandas needs pyarrow to read parquet; pip install pyarrow, or save as .npy") from None
    except Exception as error:  # damage can surface as any exception of the reader
        raise DataError(f"{path} is not a readable table: {first_line(error)}") from None


def _without_index(frame: "pd.DataFrame", report: Callable[[str], None]) -> "pd.DataFrame":
    """The table without the row numbers that pandas writes as a first, nameless column."""
    first = frame.columns[0] if len(frame.columns) else None
    if first != "Unnamed: 0" or frame[first].tolist() != list(range(len(frame))):
        return frame
    report("the first column has no name and numbers the rows: left out")
    return frame.drop(columns=first)


def _code(path: Path, frame: "pd.DataFrame") -> Code:
    import torch
    from pandas.api.types import is_numeric_dtype

    wrong = [str(name) for name in frame.columns if not is_numeric_dtype(frame[name])]
    if wrong:
        shown = ", ".join(wrong[:_SHOWN]) + (", ..." if len(wrong) > _SHOWN else "")
        raise DataError(f"{path}: expected columns of numbers, but {len(wrong)} of {frame.shape[1]} are not: {shown}")
    named = all(isinstance(name, str) for name in frame.columns)
    return Code(torch.from_numpy(frame.to_numpy(dtype=float)), tuple(frame.columns) if named else ())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == ""
    return True
