"""What fields are checked with when a configuration is built: a field that makes no sense is named in one line."""

import math

from gausslab.errors import ConfigError, choices


def require(condition: bool, name: str, value: object, expected: str) -> None:
    """Raise unless the condition holds.

    Raises:
        ConfigError: naming the field, what was expected and what came.
    """
    if not condition:
        raise ConfigError(f"{name} must be {expected}, got {value!r}")


def require_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise unless the value is one of the allowed ones.

    Raises:
        ConfigError: naming the field and the choices.
    """
    if value not in allowed:
        raise ConfigError(f"{name} {value!r} is unknown; {choices(str(value), allowed)}")


def require_weight(name: str, value: object) -> None:
    """Raise unless the value can weigh a term of a loss: a finite number of at least 0."""
    require(finite(value) and float(value) >= 0, name, value, "a finite number of at least 0")  # type: ignore[arg-type]


def whole(value: object, minimum: int) -> bool:
    """Whether it is a whole number of at least `minimum`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= minimum


def finite(value: object) -> bool:
    """Whether it is a finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        return False


def text(value: object) -> bool:
    """Whether it is a string with something in it."""
    return isinstance(value, str) and value != ""
