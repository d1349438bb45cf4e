"""Options that take several values: `--widths 8 16 32`, and just as well `--widths 8 --widths 16`."""

import re
from itertools import pairwise
from typing import Any

from typer.core import TyperCommand

_NUMBER = re.compile(r"-\d")


class ListCommand(TyperCommand):
    """A command whose list options take all values that follow them, up to the next option.

    Positional arguments, if there are any, come before the first list option.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option's name before each further value, then let typer do the rest."""
        names = {name for parameter in self.params if getattr(parameter, "multiple", False) for name in parameter.opts}
        return super().parse_args(ctx, repeat_names(args, names))


def repeat_names(arguments: list[str], names: set[str]) -> list[str]:
    """Spell out list options one value at a time.

    >>> repeat_names(["x.pt", "--widths", "8", "16", "--lr", "1"], {"--widths"})
    ['x.pt', '--widths', '8', '--widths', '16', '--lr', '1']
    """
    spelled: list[str] = []
    current, filled = None, False
    for argument in arguments:
        if argument.startswith("-") and not _NUMBER.match(argument):
            name, _, value = argument.partition("=")
            current, filled = (name if name in names else None), bool(value)
        elif current is not None:
            spelled += [current] if filled else []
            filled = True
        spelled.append(argument)
    return spelled


def fill_values(arguments: list[str], option: str, value: str) -> list[str]:
    """Give an option that takes a whole number this value where none follows it.

    >>> fill_values(["--calibrate", "x.npy", "--k", "3"], "--calibrate", "199")
    ['--calibrate', '199', 'x.npy', '--k', '3']
    >>> fill_values(["x.npy", "--calibrate", "99"], "--calibrate", "199")
    ['x.npy', '--calibrate', '99']
    """
    filled: list[str] = []
    for argument, after in pairwise([*arguments, ""]):
        alone = argument == option and not after.lstrip("-").isdecimal()
        filled += [argument, value] if alone else [argument]
    return filled
