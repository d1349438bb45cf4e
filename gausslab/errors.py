"""What gausslab raises when the user's input, and not its own code, is at fault.

Each message is one line that names what was wrong, what was expected and, where there are choices, the choices.
The command line prints it as it is and exits with the class's `exit_code`; every other exception is a bug and shows its
traceback.
"""

from collections.abc import Mapping
from typing import TypeVar

_Entry = TypeVar("_Entry")
_LONGEST = 200  # characters of a message that is not our own


class GausslabError(Exception):
    """A problem the user can mend."""

    exit_code = 1


class ConfigError(GausslabError):
    """An option or a configuration field has a value that makes no sense."""

    exit_code = 2


class DataError(GausslabError):
    """A data set is unknown, absent, or its files are not what their format promises."""


class CheckpointError(GausslabError):
    """A file is not a checkpoint gausslab can read, or is not safe to read."""


class CaptureError(GausslabError):
    """A layer to capture does not exist, never ran, or yields something other than one tensor."""


class EstimatorError(GausslabError):
    """The samples do not allow the estimate that was asked for."""


class RunError(GausslabError):
    """A run directory cannot be used: it holds another configuration, is busy, or cannot be written."""


class DivergenceError(GausslabError):
    """Training stopped because the loss or the weights were no longer finite."""


def first_line(error: BaseException) -> str:
    r"""An error of other code in one short line: its class, which gausslab's own errors do without, and its first line.

    >>> first_line(ValueError("no such  mode\nmore")), first_line(KeyError()), first_line(DataError("no file"))
    ('ValueError: no such mode', 'KeyError', 'no file')
    """
    lines = str(error).strip().splitlines()
    text = " ".join(lines[0].split())[:_LONGEST] if lines else ""
    if isinstance(error, GausslabError):
        return text
    return ": ".join(part for part in (type(error).__name__, text) if part)


def choices(given: str, allowed: list[str] | tuple[str, ...]) -> str:
    """The tail of an error message: near matches first, then all that is allowed.

    >>> choices("mnits", ["digits", "mnist"])
    "did you mean 'mnist'? choices: digits, mnist"
    """
    from difflib import get_close_matches

    near = get_close_matches(given, allowed, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}choices: {', '.join(allowed)}"


def entry(name: str, table: Mapping[str, _Entry], what: str, error: type[GausslabError] = ConfigError) -> _Entry:
    """The entry of a table by its name.

    Raises:
        GausslabError: of the class `error`: there is none; the choices are listed.

    >>> entry("cube", {"cub": 1}, "law")
    Traceback (most recent call last):
    gausslab.errors.ConfigError: unknown law 'cube'; did you mean 'cub'? choices: cub
    """
    if name not in table:
        raise error(f"unknown {what} {name!r}; {choices(name, tuple(table))}")
    return table[name]
