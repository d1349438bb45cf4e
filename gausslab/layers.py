"""The layers of a model: found by path, told apart by kind, normalised without their affine map."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from types import MappingProxyType

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.hooks import RemovableHandle

from gausslab.errors import CaptureError

Kinds = str | tuple[type[nn.Module], ...]
Globs = str | Sequence[str]

NAMED_KINDS: Mapping[str, tuple[type[nn.Module], ...]] = MappingProxyType(
    {"batchnorm": (_BatchNorm,), "layernorm": (nn.LayerNorm, nn.GroupNorm)}
)
"""Classes of the kinds that have a name; the kind `all` is beside them."""

_SHOWN = 8  # names an error message lists at most


@contextlib.contextmanager
def removed_afterwards() -> Iterator[list[RemovableHandle]]:
    """A list of hooks' handles, each of which is removed at the end, however that comes."""
    handles: list[RemovableHandle] = []
    try:
        yield handles
    finally:
        for handle in handles:
            handle.remove()


def unwrap(model: nn.Module) -> nn.Module:
    """The model inside `DataParallel`, `DistributedDataParallel` and `torch.compile` wrappers.

    Raises:
        CaptureError: the model is TorchScript or a `torch.export` program, on whose layers hooks do not fire.
    """
    while (inner := _wrapped(model)) is not None:
        model = inner
    if _is_scripted(model):
        raise CaptureError("hooks do not fire on TorchScript modules; pass the original Python module")
    if _is_exported(model):
        raise CaptureError("hooks do not fire on torch.export programs; pass the original Python module")
    if not isinstance(model, nn.Module):
        raise CaptureError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    return model


def named_layers(model: nn.Module) -> dict[str, nn.Module]:
    """Path -> module for every module below an unwrapped model; `_orig_mod` is left out of paths."""
    named = ((path, module) for path, module in model.named_modules() if path)
    return {
        ".".join(part for part in path.split(".") if part != "_orig_mod"): _wrapped_or_self(module)
        for path, module in named
        if not path.endswith("_orig_mod")
    }


def select_layers(model: nn.Module, layers: Globs, kinds: Kinds) -> dict[str, nn.Module]:
    """The layers whose path one of the globs matches and whose kind is asked for, in the model's order.

    Args:
        model: an unwrapped model.
        layers: one or several globs on module paths: `*` stands for one component or a part of it, `**` for any number
            of components.
        kinds: `batchnorm` (1d, 2d, 3d and synchronised), `layernorm` (layer norm and group norm), `all` (every module
            without children, and containers that are named without a wildcard), or a tuple of module classes.

    Raises:
        CaptureError: a glob matches nothing, or nothing of the kinds.
    """
    named = named_layers(model)
    globs = [layers] if isinstance(layers, str) else list(layers)
    chosen: set[str] = set()
    for glob in globs:
        chosen |= _matching(type(model).__name__, named, glob, kinds)
    return {path: module for path, module in named.items() if path in chosen}


def _matching(model: str, named: dict[str, nn.Module], glob: str, kinds: Kinds) -> set[str]:
    paths = [path for path in named if matches(glob.split("."), path.split("."))]
    if not paths and glob != "**":
        raise CaptureError(f"layers {glob!r} matches no layer; {_near(glob, list(named))}")
    found = {path for path in paths if of_kind(named[path], kinds, exact=path == glob)}
    if not found:
        types = sorted({type(named[path]).__name__ for path in paths if not list(named[path].children())})
        matched = f"only {', '.join(types[:_SHOWN])}" if types else "no layer of that kind"
        raise CaptureError(
            f"layers {glob!r} of {model} matches {matched}, kinds asks for {_kinds_name(kinds)}; "
            "kinds: 'batchnorm', 'layernorm', 'all', or a tuple of module classes"
        )
    return found


def matches(glob: Sequence[str], path: Sequence[str]) -> bool:
    """Whether the components of a path fit those of a glob.

    >>> matches(["features", "**", "1"], ["features", "3", "conv", "1"]), matches(["*", "1"], ["a", "b", "1"])
    (True, False)
    """
    if not glob or not path:
        return not path and all(part == "**" for part in glob)
    if glob[0] == "**":
        return matches(glob[1:], path) or matches(glob, path[1:])
    return fnmatchcase(path[0], glob[0]) and matches(glob[1:], path[1:])


def of_kind(module: nn.Module, kinds: Kinds, *, exact: bool) -> bool:
    """Whether a module is of the kinds; `exact` says that the user named it without a wildcard."""
    if kinds == "all":
        return exact or next(module.children(), None) is None
    if isinstance(kinds, str) and kinds not in NAMED_KINDS:
        names = ", ".join([*NAMED_KINDS, "all"])
        raise CaptureError(f"kinds {kinds!r} is unknown; choices: {names}, or a tuple of module classes")
    return isinstance(module, NAMED_KINDS[kinds] if isinstance(kinds, str) else kinds)


def usual_kind(model: nn.Module) -> str:
    """What to look at if no one says: batch norms, or layer norms in a model that has no batch norm."""
    modules = list(model.modules())
    present = [kind for kind, classes in NAMED_KINDS.items() if any(isinstance(each, classes) for each in modules)]
    return next(iter(present), "batchnorm")


def unit_axis(module: nn.Module) -> int:
    """The axis along which a layer's units lie: the last one for linear-like layers, else the one after the images."""
    return -1 if isinstance(module, nn.Linear | nn.LayerNorm | nn.Embedding) else 1


def can_normalise(module: nn.Module) -> bool:
    """Whether a layer has a normalised point."""
    return any(isinstance(module, classes) for classes in NAMED_KINDS.values())


def normalised_running(module: nn.Module, x: Float[Tensor, "images ..."]) -> Float[Tensor, "images ..."]:
    r"""\((x - \mu) / \sqrt{\sigma^2 + \epsilon}\) with the running statistics, from the layer's input.

    Never by inverting the layer's affine map, whose scale can be 0. Layer norm and group norm have no running
    statistics: theirs are the input's own. Keeps the graph, if there is one.
    """
    if not isinstance(module, _BatchNorm):
        return normalised_batch(module, x)
    return F.batch_norm(x, module.running_mean, module.running_var, None, None, False, 0.0, module.eps)


def normalised_batch(module: nn.Module, x: Float[Tensor, "images ..."]) -> Float[Tensor, "images ..."]:
    """The same with the batch's own statistics (biased variance). Keeps the graph, if there is one."""
    if isinstance(module, nn.LayerNorm):
        return F.layer_norm(x, list(module.normalized_shape), None, None, module.eps)
    if isinstance(module, nn.GroupNorm):
        return F.group_norm(x, module.num_groups, None, None, module.eps)
    if isinstance(module, _BatchNorm):
        return F.batch_norm(x, None, None, None, None, True, 0.0, module.eps)
    raise CaptureError(f"a {type(module).__name__} has no normalized point; choices: pre, post")


def _wrapped(model: nn.Module) -> nn.Module | None:
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        inner: nn.Module = model.module
        return inner
    compiled: nn.Module | None = getattr(model, "_orig_mod", None)
    return compiled


def _wrapped_or_self(module: nn.Module) -> nn.Module:
    inner = _wrapped(module)
    return module if inner is None else inner


def _is_scripted(model: object) -> bool:
    scripted = (torch.jit.ScriptModule, torch.jit.ScriptFunction)
    if isinstance(model, nn.Module):
        return any(isinstance(module, scripted) for module in model.modules())
    return isinstance(model, scripted)


def _is_exported(model: object) -> bool:
    if isinstance(model, torch.export.ExportedProgram | torch.export.UnflattenedModule):
        return True
    nodes = model.graph.nodes if isinstance(model, torch.fx.GraphModule) else ()
    return any(isinstance(node.target, torch._ops.OpOverload) for node in nodes)


def _kinds_name(kinds: Kinds) -> str:
    return kinds if isinstance(kinds, str) else ", ".join(kind.__name__ for kind in kinds)


def _near(glob: str, paths: list[str]) -> str:
    near = get_close_matches(glob, paths, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(path) for path in near)}? " if near else ""
    more = f", ... ({len(paths)} in all)" if len(paths) > _SHOWN else ""
    return f"{hint}layers: {', '.join(paths[:_SHOWN])}{more}"
