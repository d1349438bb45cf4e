"""Dataclasses as JSON and back, and their names: nothing here knows what they configure."""

import hashlib
import json
from dataclasses import MISSING, asdict, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from gausslab.errors import ConfigError, choices

Config = TypeVar("Config")


def to_json(config: Any) -> str:
    """A configuration as indented JSON, every field written out."""
    return json.dumps(asdict(config), indent=2) + "\n"


def from_json(kind: type[Config], text: str) -> Config:
    """The configuration that `to_json` wrote.

    Raises:
        ConfigError: the text is no JSON object or has a field that `kind` does not know.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"configuration is not JSON: {error}") from None
    return from_dict(kind, values)


def from_dict(kind: type[Config], values: Any) -> Config:
    """A configuration from nested dictionaries; unknown fields are an error, absent ones take their defaults."""
    if not isinstance(values, dict):
        raise ConfigError(f"{kind.__name__} must be an object of fields, got {type(values).__name__}")
    hints = get_type_hints(kind)
    known = tuple(f.name for f in fields(kind))  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise ConfigError(f"{kind.__name__} has no field {name!r}; {choices(str(name), known)}")
    return kind(**{name: _restore(hints[name], value) for name, value in values.items()})


def _restore(hint: Any, value: Any) -> Any:
    """JSON has neither tuples nor dataclasses: give a field the type its annotation names."""
    if is_dataclass(hint) and isinstance(hint, type):
        return from_dict(hint, value)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise ConfigError(f"expected a list of values, got {value!r}")
        return tuple(_restore(get_args(hint)[0], item) for item in value)
    return value


def digest(config: Any) -> str:
    """Eight hex digits that change with any field that differs from its default.

    Defaults are left out, so that a field added later does not rename what never used it.
    """
    text = json.dumps(_non_defaults(config), sort_keys=True, default=_non_defaults)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _non_defaults(config: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for f in fields(config):
        value = getattr(config, f.name)
        if f.type is float:
            value = float(value)  # 1 and 1.0 are equal, and so are the configurations that hold them
        if is_dataclass(value):
            found |= {f.name: inner} if (inner := _non_defaults(value)) else {}
        elif value != (f.default if f.default is not MISSING else None):
            found[f.name] = value
    return found
