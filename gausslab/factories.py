"""`pkg.mod:factory`: a user's own model, built by a function that is named on the command line."""

import contextlib
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from gausslab.errors import ConfigError, first_line


def build_model(spec: str, kwargs: Mapping[str, Any] | None = None) -> nn.Module:
    """Call the factory `pkg.mod:factory`, looked for in the current folder too, with `kwargs`.

    >>> type(build_model("torch.nn:Linear", {"in_features": 3, "out_features": 2})).__name__
    'Linear'

    Raises:
        ConfigError: the name is malformed or unknown, the module cannot be imported, the arguments do not fit, or what
            comes back is no `nn.Module`.
    """
    module_name, colon, factory_name = spec.partition(":")
    if not (module_name and colon and factory_name):
        raise ConfigError(f"model {spec!r} must be of the form pkg.mod:factory, for example torchnets.vgg:vgg16")
    with current_folder_importable():
        factory = _attribute(_imported(module_name), factory_name)
        return _called(spec, factory, dict(kwargs or {}))


def names_factory(path: Path) -> bool:
    """Whether a path is `pkg.mod:factory`, Python names with one colon between them, and no file that is there.

    >>> names_factory(Path("torch.nn:Linear")), names_factory(Path("runs/a:b.pt"))
    (True, False)
    """
    module, _, factory = str(path).partition(":")
    return all(name.isidentifier() for name in (*module.split("."), factory)) and not path.exists()


@contextlib.contextmanager
def current_folder_importable() -> Iterator[None]:
    """Imports find modules of the current folder first."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise ConfigError(f"model module {name!r} needs a module that is not installed: {error.name}") from None
        raise ConfigError(f"model module {name!r} was not found{_hint(name, _modules_beside(name))}") from None
    except Exception as error:  # the user's module may raise anything while it is imported
        raise ConfigError(f"model module {name!r} failed while imported: {first_line(error)}") from None


def _modules_beside(name: str) -> list[str]:
    parent, dot, _ = name.rpartition(".")
    if not parent:
        return [module.name for module in pkgutil.iter_modules()]
    package = sys.modules.get(parent)
    return [f"{parent}{dot}{module.name}" for module in pkgutil.iter_modules(getattr(package, "__path__", []))]


def _attribute(module: ModuleType, name: str) -> Callable[..., Any]:
    factory: Callable[..., Any] | None = getattr(module, name, None)
    if factory is None or not callable(factory):
        public = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        problem = "has no" if factory is None else "has no callable"
        raise ConfigError(f"model module {module.__name__!r} {problem} {name!r}{_hint(name, public)}")
    return factory


def _called(spec: str, factory: Callable[..., Any], kwargs: dict[str, Any]) -> nn.Module:
    with contextlib.suppress(ValueError):  # some built-in callables have no signature
        _check_arguments(spec, inspect.signature(factory), kwargs)
    try:
        model = factory(**kwargs)
    except Exception as error:  # the user's factory may raise anything
        raise ConfigError(f"model {spec!r} failed while built: {first_line(error)}") from None
    if not isinstance(model, nn.Module):
        raise ConfigError(f"model {spec!r} must give a torch.nn.Module, got {type(model).__name__}")
    return model


def _check_arguments(spec: str, signature: inspect.Signature, kwargs: dict[str, Any]) -> None:
    try:
        signature.bind(**kwargs)
    except TypeError as error:
        raise ConfigError(f"model {spec!r} does not take these arguments: {error}; it takes {signature}") from None


def _hint(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=3)
    return f"; did you mean {' or '.join(repr(found) for found in near)}?" if near else ""
