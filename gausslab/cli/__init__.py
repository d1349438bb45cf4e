"""The command line: `gausslab VERB`, verbs in pipeline order.

Results go to stdout, progress and complaints to stderr. Exit codes: 0 done, 1 a problem told in one line, 2 usage,
130 interrupted.
"""

import os
import sys


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    code = run(sys.argv[1:] if arguments is None else arguments)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of a command line; a user's mistake is one line on stderr, a bug is a traceback."""
    from typer import Exit, TyperException

    from gausslab.cli.app import app
    from gausslab.errors import GausslabError

    try:
        code = app(args=arguments, prog_name="gausslab", standalone_mode=False)
    except Exit as exit_:
        code = exit_.exit_code
    except TyperException as error:
        return _complain(_one_line(error.format_message()), error.exit_code)
    except GausslabError as error:
        return _complain(_one_line(str(error)), error.exit_code)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if code == 130:
        return _complain("interrupted; finished work is kept, and the same command goes on from there", 130)
    return code if isinstance(code, int) else 0


def _complain(message: str, code: int) -> int:
    print(f"gausslab: {message}", file=sys.stderr)  # noqa: T201
    return code


def _one_line(message: str) -> str:
    return " ".join(message.split())
