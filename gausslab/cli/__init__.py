"""The command line: `gausslab VERB`, verbs in pipeline order.

Results go to stdout, progress and complaints to stderr. Exit codes: 0 done, 1 a problem told in one line, 2 usage,
130 interrupted.
"""

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress

_WRITING = frozenset({errno.ENOSPC, errno.EPIPE, errno.EIO, errno.EDQUOT, errno.EFBIG})
"""What writing to an open file can fail with; opening one fails with its name, too."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    code = run(sys.argv[1:] if arguments is None else arguments)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of a command line; a user's mistake is one line on stderr, a bug is a traceback."""

    def command() -> int | None:
        from gausslab.cli.app import app

        code = app(args=arguments, prog_name="gausslab", standalone_mode=False)
        return code if isinstance(code, int) else None

    return guarded(command)


def guarded(function: Callable[[], int | None]) -> int:
    """The exit code of a function under the command line's rules, for a script's `sys.exit(guarded(main))`.

    A problem of the user's, an interrupt and an output that cannot be written are one line on stderr; a reader of the
    output that goes away, as `head` does, ends it silently; any other exception passes through.
    """
    try:
        code = _code(function)
        if sys.stdout is not None:
            sys.stdout.flush()  # at exit it would be too late to tell
    except KeyboardInterrupt:
        code = 130
    except OSError as error:
        if error.filename is not None or error.errno not in _WRITING:
            raise
        _drop_output()
        return 1 if error.errno == errno.EPIPE else _complain(f"cannot write the output: {error.strerror}", 1)
    if code == 130:
        return _complain("interrupted; finished work is kept, and the same command goes on from there", 130)
    return code


def _code(function: Callable[[], int | None]) -> int:
    from typer import Exit, TyperException

    from gausslab.errors import GausslabError

    try:
        return function() or 0
    except Exit as exit_:
        return exit_.exit_code
    except TyperException as error:
        return _complain(_one_line(error.format_message()), error.exit_code)
    except GausslabError as error:
        return _complain(_one_line(str(error)), error.exit_code)


def _drop_output() -> None:
    """Send what could not be written nowhere, or the interpreter would try again at exit and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):  # a stdout without a descriptor
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str, code: int) -> int:
    print(f"gausslab: {message}", file=sys.stderr)  # noqa: T201
    return code


def _one_line(message: str) -> str:
    return " ".join(message.split())
