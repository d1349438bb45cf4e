"""Studies of several classifiers: what is computed of each, kept beside its run, and collected into one table.

performed(configs, root, Tabulate("panel", panel_of))    train and tabulate, side by side; resumes
collected(runs, "panel")                                  one table with columns that tell the runs apart
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from gausslab import data, tables
from gausslab.checkpoints import load_checkpoint
from gausslab.config import TrainConfig
from gausslab.errors import GausslabError
from gausslab.experiments import perform
from gausslab.hooks import capture
from gausslab.panel import family_panel
from gausslab.probing import float_batches
from gausslab.runs import Run
from gausslab.training import Reporter, threads

IDENTITY = (
    "data",
    "width",
    "channels",
    "depth",
    "levels",
    "head_depth",
    "bottleneck",
    "norm",
    "weight",
    "epochs",
    "seed",
)


@dataclass(frozen=True)
class Tabulate:
    """A run's work, for `workers.run_all`: train if need be, then one table of it in `RUN/NAME.csv`.

    A table that is there is not made again: another way to make it needs another name.

    Attributes:
        name: of the table.
        table: what makes it of a finished run; a module's function, since it goes to other processes.
    """

    name: str
    table: Callable[[Run], pd.DataFrame]

    def __call__(self, run: Run, report: Reporter) -> tuple[str, ...]:
        """The remarks of the training."""
        remarks = perform(run, report)
        with run.locked(), threads(run.config.training.threads):
            if not (file := table_file(run, self.name)).exists():
                tables.write(self.table(run), file)
        return remarks


def table_file(run: Run, name: str) -> Path:
    """Where a run's table of that name lies."""
    return run.path / f"{name}.csv"


def collected(runs: Iterable[Run], name: str) -> pd.DataFrame:
    """The runs' tables of one name, one after the other, behind the columns `IDENTITY` and `accuracy`.

    Raises:
        GausslabError: a run has no such table, or its accuracy was not measured.
    """
    return pd.concat([_described(run, name) for run in runs], ignore_index=True)


def _described(run: Run, name: str) -> pd.DataFrame:
    try:
        frame = pd.read_csv(table_file(run, name), keep_default_na=True)
    except (OSError, ValueError) as error:
        raise GausslabError(f"cannot read the table {table_file(run, name)}: {error}") from None
    described = {**identity(run.config), "accuracy": accuracy(run)}
    return pd.concat([pd.DataFrame(described, index=frame.index), frame], axis=1)


def identity(config: TrainConfig) -> dict[str, object]:
    """The columns that tell one classifier of a study from another."""
    model = config.model
    varied = {name: getattr(model, name) for name in IDENTITY if hasattr(model, name)}
    whole = {"data": config.data.name, "weight": config.objective.entropy_weight, "seed": config.seed}
    found = varied | whole | {"epochs": config.training.epochs}
    return {name: found[name] for name in IDENTITY}


def accuracy(run: Run) -> float:
    """Share of the test images that a finished run gets right.

    Raises:
        GausslabError: its table has no such row.
    """
    rows = tables.read(run.measurements_file)
    found = rows[(rows["estimator"] == "classification") & (rows["statistic"] == "accuracy")]
    if len(found) != 1:
        raise GausslabError(f"expected one accuracy in {run.measurements_file}, got {len(found)}")
    return float(found["value"].iloc[0])


@torch.no_grad()
def bottleneck_codes(run: Run) -> Float[Tensor, "samples units"]:
    """The bottleneck codes of all test images, in their order."""
    model, images = load_checkpoint(run.checkpoint_file).model, data.load(run.config.data).test.images
    with capture(model, "bottleneck", "all", point="post", limit=len(images)) as activations:
        for batch in float_batches(images):
            model(batch)
    return activations["bottleneck"].samples


def panel_of(run: Run) -> pd.DataFrame:
    """The Gaussianity panel of the bottleneck codes of 2,000 test images, the same ones for every run of a data set."""
    return family_panel(bottleneck_codes(run))
