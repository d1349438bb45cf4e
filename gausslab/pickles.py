"""What a pickle would import, told without running any of it."""

import io
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path

import torch

_HARMLESS = {
    *("collections.OrderedDict", "collections.Counter", "_codecs.encode"),
    *(f"{module}.{name}" for module in ("builtins", "__builtin__") for name in ("set", "bytearray", "complex")),
    *("torch.Size", "torch.device", "torch.Tensor", "torch.nn.parameter.Parameter"),
    *(str(value) for value in vars(torch).values() if isinstance(value, torch.dtype)),
}
_STREAMS = (
    4  # a legacy torch file is a magic number, a version, the machine's sizes and the object, one after the other
)
_TEXT = ("UNICODE", "STRING")


def unsafe_globals(path: Path) -> list[str]:
    """Names, sorted, that the pickles of a file (zip archive, legacy torch file or plain pickle) would import.

    Those that every file of tensors has are left out. Nothing is imported or called: the opcodes are read, not run.
    A name built in an unusual way may be told as `?`.
    """
    found: set[str] = set()
    for stream in _pickle_streams(path):
        found |= _globals(stream)
    return sorted(name for name in found if not (name in _HARMLESS or _makes_tensors(name)))


def _makes_tensors(name: str) -> bool:
    storage = name.startswith("torch.") and name.endswith("Storage")
    return storage or name.startswith("torch._utils._rebuild_")


def _pickle_streams(path: Path) -> Iterator[bytes]:
    if not zipfile.is_zipfile(path):
        yield path.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".pkl"):
                yield archive.read(name)


def _globals(content: bytes) -> set[str]:
    stream, found = io.BytesIO(content), set[str]()
    for _ in range(_STREAMS):
        try:
            found |= _globals_of_one(stream, found)
        except Exception:  # what follows the last pickle, or a damaged one, is no pickle
            break
    return found


def _globals_of_one(stream: io.BytesIO, found: set[str]) -> set[str]:
    """Reads to the end of one pickle; `found` grows as it goes, so that names before a damage are told too."""
    texts: list[str] = ["?", "?"]
    memo: dict[int, str] = {}
    for opcode, argument, _ in pickletools.genops(stream):
        name = opcode.name
        if name in ("GLOBAL", "INST"):
            found.add(str(argument).replace(" ", "."))
        elif name == "STACK_GLOBAL":
            found.add(".".join(texts[-2:]))
        elif name.endswith(_TEXT):
            texts.append(str(argument))
        elif name == "MEMOIZE":
            memo[len(memo)] = texts[-1]
        elif name.endswith("PUT"):
            memo[int(str(argument))] = texts[-1]
        elif name.endswith("GET"):
            texts.append(memo.get(int(str(argument)), "?"))
    return found
