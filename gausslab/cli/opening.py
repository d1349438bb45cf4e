"""Options of commands that open a file's network and show it images, and how they become a `Request`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gausslab.config import DataConfig
from gausslab.errors import ConfigError

WHAT = "Network and images"


def _option(name: str, text: str) -> Any:
    return typer.Option(name, help=text, rich_help_panel=WHAT)


Model = Annotated[str | None, _option("--model", "pkg.mod:factory of a foreign network.")]
ModelKwargs = Annotated[str, _option("--model-kwargs", "Its arguments, as a JSON object.")]
Strict = Annotated[
    bool, typer.Option("--strict/--no-strict", help="Ask for exactly the network's keys.", rich_help_panel=WHAT)
]
Data = Annotated[str | None, _option("--data", "Data set (the checkpoint's own).")]
DataPath = Annotated[Path | None, _option("--data-path", "Folder of your own files of it.")]
Size = Annotated[int, _option("--size", "Side the data set is loaded at.")]
Crop = Annotated[int | None, _option("--crop", "Side of a centre crop (image folders, celeba).")]
Resampling = Annotated[
    str, _option("--resampling", "Filter of the resize: bilinear or lanczos (image folders, celeba).")
]
Split = Annotated[str, _option("--split", "test, validation, train or all.")]
Images = Annotated[int | None, _option("--images", "At most this many images (all).")]
Input = Annotated[str | None, _option("--input", "Bring images to CHANNELSxHEIGHTxWIDTH, as 3x224x224.")]
UnsafePickle = Annotated[bool, _option("--unsafe-pickle", "Load a pickled module; it may run any code.")]


def data_of(
    name: str | None, path: Path | None, size: int, crop: int | None, resampling: str = "bilinear"
) -> DataConfig | None:
    """The images that the options name; None without a name.

    Raises:
        ConfigError: there is a path and no name.
    """
    if name is None:
        if path is not None:
            raise ConfigError("--data-path needs --data: which data set is it? `--data folder` is any folder of images")
        return None
    return DataConfig(
        name=name,
        path=None if path is None else str(path.expanduser().resolve()),
        size=size,
        crop=crop,
        resampling=resampling,  # type: ignore[arg-type]
    )


def shape_of(text: str | None) -> tuple[int, int, int] | None:
    """The shape that `--input` spells.

    Raises:
        ConfigError: it is none.

    >>> shape_of("3x224x224")
    (3, 224, 224)
    """
    if text is None:
        return None
    parts = text.split("x")
    if len(parts) != 3 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ConfigError(f"input must be CHANNELSxHEIGHTxWIDTH, as 3x224x224, got {text!r}")
    return int(parts[0]), int(parts[1]), int(parts[2])


def kwargs_of(text: str) -> dict[str, Any]:
    """The arguments that `--model-kwargs` spells.

    Raises:
        ConfigError: it is no JSON object.
    """
    import json

    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"model-kwargs must be a JSON object, got {text!r}: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"model-kwargs must be a JSON object, got {text!r}")
    return values
