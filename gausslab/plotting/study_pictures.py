"""The pictures that a study of comparisons keeps, `images/DATA/LABEL/NAME.png`: which is whose, and at which scale."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from gausslab.errors import GausslabError
from gausslab.presets import ROWS, SCALES

SAMPLES = "samples-isotropic"
RECONSTRUCTIONS = "reconstructions"
INTERPOLATIONS = "interpolations"
_SETTING = re.compile(r"-([a-z]+)-(\d+(?:\.\d+)?(?:e-\d+)?(?=-|$)|[^-]+)")  # the hyphen of 1e-05 divides nothing


def picture_of(folder: Path, row: str, name: str = SAMPLES, **settings: int | float) -> Path:
    """A picture of a row's run with these settings.

    Where several labels are of the row and say these settings, the shortest is taken: what a label leaves out is as
    the row or the study has it.

    Args:
        folder: a data set's, `studies/NAME/images/DATA`.
        row: name of a row of the comparison.
        name: of the picture, without ending.
        **settings: numbers that the label must say.

    Raises:
        GausslabError: no label is of this row with these settings; those that there are are listed.
    """
    labels = _labels(folder)
    for label in labels:
        if _row(label) == row and _agrees(_said(label, row), settings):
            return folder / label / f"{name}.png"
    wanted = " ".join([row, *(f"{key} {value}" for key, value in settings.items())])
    there = ", ".join(labels) if labels else "nothing"
    raise GausslabError(f"no pictures of {wanted!r} in {folder}, which holds {there}")


def title_of(picture: Path) -> str:
    """The title of the row whose picture it is, and what its label sets.

    >>> title_of(Path("images/mnist/eae-k2-weight-0.05/samples-gmm.png"))
    'EAE (k = 2), weight 0.05'
    """
    label = picture.parent.name
    row = _row(label)
    if row is None:
        return label
    return ", ".join([ROWS[row].title, *(f"{name} {value}" for name, value in _said(label, row).items())])


def scale_told(folder: Path, rows: Collection[str]) -> str:
    """Channels, training images, epochs and seed, from the `provenance.json` of the study; empty if there is none.

    The pictures are those of a plan's first seed. Where plans or variants of these rows differ in scale, all are told.

    Args:
        folder: a data set's, `studies/NAME/images/DATA`.
        rows: names of the rows that are shown.

    Raises:
        GausslabError: the file is not a comparison study's.
    """
    path = folder.resolve().parent.parent / "provenance.json"
    if not path.is_file():
        return ""
    try:
        plans = [plan for plan in json.loads(path.read_text())["study"].values() if plan["data"] == folder.name]
        shown = [plan for plan in plans if set(rows) & set(plan["rows"])]
        told = [_told(settings, plan["seeds"][0]) for plan in shown for settings in _settings(plan)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GausslabError(f"cannot read a study of comparisons from {path}: {error!r}") from None
    return f"{' or '.join(dict.fromkeys(told))}." if told else ""


def _labels(folder: Path) -> list[str]:
    """Shortest first."""
    names = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    return sorted(names, key=lambda name: (len(name), name))


def _row(label: str) -> str | None:
    """The row that a label is of: `eae-k2-weight-0.5` is of `eae-k2`, not of `eae`."""
    return max((name for name in ROWS if f"{label}-".startswith(f"{name}-")), key=len, default=None)


def _said(label: str, row: str) -> dict[str, str]:
    """The settings in a label of a row."""
    return dict(_SETTING.findall(label.removeprefix(row)))


def _agrees(said: Mapping[str, str], settings: Mapping[str, int | float]) -> bool:
    """Whether numbers are said, however they are written."""
    return all(key in said and float(said[key]) == value for key, value in settings.items())


def _settings(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What the scale sets, in whose place come the plan's settings, in whose place come the variants'."""
    for variant in plan["variants"] or [{}]:
        given = [{k: v for k, v in part.items() if v is not None} for part in (plan["settings"], variant)]
        yield {**SCALES[plan["scale"]], **given[0], **given[1]}


def _told(settings: Mapping[str, Any], seed: int) -> str:
    channels, images, epochs = (settings.get(name) for name in ("channels", "images", "epochs"))
    of_images = "all" if images is None else f"{images:,}"
    of_epochs = "the rows' own" if epochs is None else str(epochs)
    return f"{channels} channels, {of_images} training images, {of_epochs} epochs, seed {seed}"
