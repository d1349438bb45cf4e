"""The table of examples: a row for every image, attack and layer, clean rows among them. No torch.

Figures and verdicts are made from this table alone and never run an attack again. It is of one run; several are told
apart by further columns, and every function here is called on one.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float64

from gausslab.adversarial.heads import Decisions, Head, decisions
from gausslab.adversarial.nulls import Moved
from gausslab.adversarial.subspace import radius
from gausslab.errors import GausslabError

CLEAN = "clean"
NULL = "null"
ATTACKED = ("minimal", "fixed budget", "confident")
"""Families that the hypotheses are about by default."""

COLUMNS = {
    "id": "number of the image in its data set; of a null's code, its number among them",
    "class": "true class; -1 where there is none",
    "family": "that of the attack (`specs.FAMILIES`), or `clean` or `null`",
    "attack": "its label; of a null `null A` or `null B`",
    "spec": "as the command line writes it; of a null that of the attack whose steps it makes; `clean` for clean rows",
    "attempted": "attacked: the network has the clean image right",
    "success": "attempted, and the attack reached what it sought",
    "d_l2": "Euclidean distance from the clean image; 0 for clean rows",
    "d_linf": "largest change of a pixel",
    "margin": "logit of the true class less the largest other: negative where the prediction is wrong",
    "lead": "largest logit less the second, never negative: what controls are matched by",
    "max_softmax": "probability of the predicted class",
    "prediction": "predicted class",
    "layer": "where the code was read",
    "n_units": "units of the code, d",
    "displacement": "distance between the code and that of the clean image",
    "clean_radius": "radius of the clean image's code",
    "radius": "norm of the code",
    "rectified_radius": "norm of its positive part",
    "radius_inside": "norm within the subspace of the class means",
    "radius_outside": "norm of the rest",
    "class_mahalanobis": "distance from the nearest class mean, covariance within classes",
    "code_mahalanobis": "distance from the mean of all codes, covariance of all codes",
}
"""The columns in order, and what each holds."""

GEOMETRY = tuple(COLUMNS)[-5:]
KEY = ("id", "spec", "layer", "attack")


def checked(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table, if it has every column and no row twice.

    Raises:
        GausslabError: naming the columns that it lacks, or a row that it has twice.
    """
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise GausslabError(f"a table of examples needs the columns {', '.join(missing)}")
    twice = frame[frame.duplicated(list(KEY))]
    if len(twice):
        told = ", ".join(f"{name} {twice.iloc[0][name]}" for name in KEY)
        raise GausslabError(f"a table of examples has one row for each example, attack and layer, got two of {told}")
    return frame


def read(path: Path) -> pd.DataFrame:
    """A table of examples as CSV, gzipped or not; pandas by itself would take the family `null` for a missing value.

    Raises:
        GausslabError: the file is absent, no table of examples, or has a row twice.
    """
    try:
        return checked(pd.read_csv(path, keep_default_na=False, na_values=[""]))
    except (OSError, ValueError) as error:
        raise GausslabError(f"cannot read the table of examples {path}: {' '.join(str(error).split())}") from None


def clean_rows(frame: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Every clean image at a layer."""
    return frame[(frame["family"] == CLEAN) & (frame["layer"] == layer)]


def attacks(frame: pd.DataFrame, families: Sequence[str] = ATTACKED) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Layer, label and rows of every attack of the families, in the table's order; never several together."""
    chosen = frame[frame["family"].isin(families)]
    for (layer, _), rows in chosen.groupby(["layer", "spec"], sort=False):
        yield str(layer), str(rows["attack"].iloc[0]), rows


def nulls(frame: pd.DataFrame, spec: str, layer: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and rows of every null that makes the steps of an attack."""
    chosen = frame[(frame["family"] == NULL) & (frame["spec"] == spec) & (frame["layer"] == layer)]
    for name, rows in chosen.groupby("attack", sort=False):
        yield str(name), rows


def successful(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of an attack that succeeded."""
    return rows[rows["success"].astype(bool)]


def decided(rows: pd.DataFrame) -> Decisions:
    """What the network says of the rows, for matching."""
    return Decisions(
        predictions=rows["prediction"].to_numpy(np.int64),
        margins=rows["lead"].to_numpy(np.float64),
        max_softmax=rows["max_softmax"].to_numpy(np.float64),
    )


def changes(rows: pd.DataFrame) -> Float64[np.ndarray, " rows"]:
    """Radius less that of the clean image."""
    return np.asarray((rows["radius"] - rows["clean_radius"]).to_numpy(np.float64))


def null_rows(moved: Moved, head: Head, name: str, spec: str, layer: str) -> pd.DataFrame:
    """Rows of a null, of which no image exists: what only images have is NaN.

    Args:
        moved: its codes.
        head: that the codes belong to.
        name: `null A` or `null B`.
        spec: of the attack whose steps were made.
        layer: of the head's codes.
    """
    said, samples = decisions(head(moved.after)), len(moved.after)
    known = {
        **{"id": np.arange(samples), "class": -1, "family": NULL, "attack": name, "spec": spec, "layer": layer},
        **{"attempted": True, "success": True, "n_units": moved.after.shape[1]},
        **{"lead": said.margins, "max_softmax": said.max_softmax, "prediction": said.predictions},
        **{"displacement": radius(moved.after - moved.before), "clean_radius": radius(moved.before)},
        "radius": radius(moved.after),
        "rectified_radius": radius(np.maximum(moved.after, 0)),
    }
    return pd.DataFrame(known, index=range(samples)).reindex(columns=list(COLUMNS))
