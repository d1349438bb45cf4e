"""Are codes of classifiers nearer to N(0, I) the narrower they are and the deeper encoder and head? Hypothesis H5.

    python studies/classifier_gaussianity/study.py           the study: 54 classifiers of each of two data sets
    python studies/classifier_gaussianity/study.py --quick   four classifiers, a minute; nothing is published

The same command goes on where an interrupted one stopped.
"""

import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.console import stdout
from gausslab.cli.studying import performed
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig, TrainingConfig
from gausslab.families import FAMILIES, REPRESENTATIVES
from gausslab.panel import verdicts
from gausslab.runs import Run
from gausslab.studies.classifiers import Tabulate, collected, panel_of
from gausslab.studies.family_trends import FALLING, RISING, conclusion, counted, family_trends
from gausslab.studies.publishing import record, write

HERE = Path(__file__).parent
DATA, SEEDS = ("mnist", "cifar10"), (0, 1, 2)
LEVELS: Mapping[str, tuple[int, ...]] = {"width": (8, 16, 32, 64), "depth": (3, 6), "head_depth": (1, 3)}
EXPECTED = {"width": RISING, "depth": FALLING, "head_depth": FALLING}
"""H5 of the distance from N(0, I): greater in wider codes, less behind deeper encoders and before deeper heads."""
EPOCHS, BESIDE = 5, (0, 15)
POINT = {"width": 32, "depth": 3, "head_depth": 1}
"""The net that is also looked at untrained and after long training; no part of H5."""
PANEL = "panel"


def network(
    data: str, width: int, depth: int, head_depth: int, seed: int, epochs: int = EPOCHS, images: int = 10_000
) -> TrainConfig:
    """A small convolutional classifier without regulariser: three resolutions, batch norm everywhere."""
    return TrainConfig(
        data=DataConfig(name=data, images=images),
        model=ModelConfig(kind="classifier", width=width, channels=8, depth=depth, levels=3, head_depth=head_depth),
        objective=ObjectiveConfig(name="classifier"),
        training=TrainingConfig(epochs=epochs),
        seed=seed,
    )


def grid(data: str) -> list[TrainConfig]:
    """The nets of a data set: the cross of all factors, and the point beside it."""
    cross = [network(data, *levels, seed) for *levels, seed in product(*LEVELS.values(), SEEDS)]
    return cross + [network(data, **POINT, seed=seed, epochs=epochs) for epochs, seed in product(BESIDE, SEEDS)]


def main() -> None:
    """The study, or its quick profile."""
    if "--quick" in sys.argv[1:]:
        quick(Path("runs/classifier_gaussianity-quick"))
    else:
        publish(Path("runs/classifier_gaussianity"), HERE)


def quick(root: Path) -> None:
    """Nets of the 5,000 digits that come with the installation: two widths, trained and not."""
    options = {"depth": 3, "head_depth": 1, "seed": 0, "images": 4_000}
    configs = [network("mnist-5k", width, epochs=epochs, **options) for width, epochs in product((8, 32), (0, 2))]
    for run in performed(configs, root, Tabulate(PANEL, panel_of)):
        model, epochs = run.config.model, run.config.training.epochs
        stdout().print(f"width {model.width}, {epochs} epochs", soft_wrap=True)
        stdout().print("\n".join(f"  {line}" for line in verdicts(collected([run], PANEL))), soft_wrap=True)


def publish(root: Path, folder: Path) -> None:
    """All nets; the committed table and the answer."""
    runs: list[Run] = []
    for data in DATA:
        runs += performed(grid(data), root / data, Tabulate(PANEL, panel_of))
    table = collected(runs, PANEL)
    said = "\n".join(answer(table))
    plan = {"data": DATA, "levels": dict(LEVELS), "seeds": SEEDS, "epochs": EPOCHS, "beside": BESIDE, "point": POINT}
    files = {"answer.txt": f"{said}\n".encode(), "provenance.json": record(plan, 1, runs)}
    write(folder, table, files)
    stdout().print(said, soft_wrap=True)


def answer(table: pd.DataFrame) -> list[str]:
    """Of every data set a conclusion a factor with a line a family; how many nets are near; the point beside."""
    lines = []
    for data, rows in table.groupby("data", sort=False):
        cross = rows[rows["epochs"] == EPOCHS]
        found = family_trends(cross, EXPECTED)
        for factor in EXPECTED:
            own = [each for each in found if each.factor == factor]
            lines += [f"{data}, H5, {conclusion(factor, own)}", *(f"  {each.line}" for each in own)]
        lines += _near(str(data), cross) + _beside(str(data), rows)
    return lines


def _near(data: str, cross: pd.DataFrame) -> list[str]:
    """How many nets are near a Gaussian, family by family."""
    panels = [panel for _, panel in cross.groupby([*LEVELS, "seed"], sort=False)]
    told = {
        family: ", ".join(f"{n} {state}" for state, n in found.items()) for family, found in counted(panels).items()
    }
    return [f"{data}, of {len(panels)} nets: " + "; ".join(f"{family} {text}" for family, text in told.items())]


def _beside(data: str, rows: pd.DataFrame) -> list[str]:
    """The point after each number of epochs: means over the seeds of the size of the excess."""
    at = rows[(rows[list(POINT)] == pd.Series(POINT)).all(axis=1)]
    lines = [f"{data}, no part of H5: the same net untrained and trained longer ({_words(POINT)}), size of the excess"]
    for family in FAMILIES:
        own = at[at["statistic"] == REPRESENTATIVES[family]]
        means = own["excess"].abs().groupby(own["epochs"]).mean()
        lines.append(f"  {family}: " + ", ".join(f"{mean:.3g} at {epochs} epochs" for epochs, mean in means.items()))
    return lines


def _words(point: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {level}" for name, level in point.items())


if __name__ == "__main__":
    sys.exit(guarded(main))
