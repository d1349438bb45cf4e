"""What does the weight of the entropy do to an EAE's code and images, and where does it overshoot? MNIST and CIFAR-10.

    python studies/entropy_weight/study.py

The same command goes on where an interrupted one stopped.
"""

import sys
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.studying import conduct
from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.scoreboard.effects import effects
from gausslab.summary import over_entropised

HERE = Path(__file__).parent
WEIGHTS = {"mnist": (0.0, 0.05, 0.2, 1.0, 5.0, 20.0), "cifar10": (0.0, 0.05, 0.07, 0.5, 0.7, 5.0)}
PLANS = {
    data: ComparisonConfig(
        data=data,
        rows=("eae",),
        samplers=("isotropic", "mvg"),
        settings=Settings(images=6_000, epochs=8),
        variants=tuple(Settings(weight=weight) for weight in weights),
        quality=QualityConfig(images=2_000),
    )
    for data, weights in WEIGHTS.items()
}


def main() -> None:
    """Train what is not trained yet, measure, publish."""
    conduct(PLANS, HERE, answer)


def answer(table: pd.DataFrame) -> str:
    """The trends over the weight, then which weights overshoot."""
    lines = [effect.line for effect in effects(table, "weight")]
    for (data, row), part in table.groupby(["data", "row"], sort=False):
        if warning := over_entropised(part):
            lines.append(f"{data}, {row}: {warning}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(guarded(main))
