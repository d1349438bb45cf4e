"""Reading a pickle of arrays without being able to execute anything.

A pickle is a program; what it may call is decided here. The two names by which NumPy's arrays are pickled lead to small
classes of this module that check what they are given, every other name is refused: not even NumPy runs on the pickle's
word. Lists, dictionaries, strings and numbers need no names. The files of CIFAR-10 need no more.
"""

import io
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np

from gausslab.errors import DataError


def load_fields(content: bytes, name: str) -> dict[str, Any]:
    """The dictionary in a pickle of Python 2 or 3, its arrays as arrays and its keys as text.

    Args:
        content: the pickle.
        name: how errors call it.

    Raises:
        DataError: it asks for anything but arrays and primitives (nothing of it has been run then), is damaged, or
            holds no dictionary.
    """
    try:
        found = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
    except _ForbiddenError as error:
        raise DataError(f"{name} is not safe to read: it asks for {error}, which no data file needs") from None
    except Exception as error:  # a damaged pickle can raise almost anything, says the pickle module's documentation
        raise DataError(f"{name} is not a whole pickle: {type(error).__name__}: {error}") from None
    if not isinstance(found, dict):
        raise DataError(f"{name} holds no dictionary of fields but {type(found).__name__}")
    return {_text(key): value.array if isinstance(value, _Array) else value for key, value in found.items()}


class _ForbiddenError(Exception):
    """A pickle named something outside the list."""


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise _ForbiddenError(f"{module}.{name}")
        return _ALLOWED[module, name]


class _Dtype:
    """Stands for `numpy.dtype`: a code such as `u1`, and the byte order that follows as its state."""

    __slots__ = ("dtype",)

    def __init__(self, code: str | bytes, *_flags: object) -> None:
        self.dtype = np.dtype(_text(code))
        if self.dtype.kind not in "biuf":
            raise _ForbiddenError(f"an array of type {self.dtype}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = np.dtype(_text(state[1]) + self.dtype.str[1:])


class _Array:
    """Stands for `numpy.ndarray`: empty when it is made, filled by its state (version, shape, type, order, bytes)."""

    __slots__ = ("array",)

    def __init__(self, *_ignored: object) -> None:
        self.array = np.empty(0, dtype=np.uint8)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, columns_first, content = state
        self.array = np.frombuffer(content, dtype=kind.dtype).reshape(shape, order="F" if columns_first else "C")


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


_ALLOWED: Mapping[tuple[str, str], object] = {
    ("numpy", "ndarray"): "ndarray",  # only ever an argument, which _Array ignores
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}
