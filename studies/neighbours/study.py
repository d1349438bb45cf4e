"""Does the second neighbour in the entropy term of an EAE help? k = 1 against 2, MNIST, six seeds.

    python studies/neighbours/study.py

The same command goes on where an interrupted one stopped.
"""

import sys
from itertools import product
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.studying import conduct
from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.scoreboard.effects import OUTCOMES
from gausslab.scoreboard.paired import differences

HERE = Path(__file__).parent
WEIGHTS = (0.05, 1.0)
PLANS = {
    "mnist": ComparisonConfig(
        data="mnist",
        rows=("eae",),
        seeds=tuple(range(6)),
        samplers=("isotropic", "mvg"),
        settings=Settings(images=6_000, epochs=8),
        variants=tuple(Settings(neighbours=k, weight=weight) for weight, k in product(WEIGHTS, (1, 2))),
        quality=QualityConfig(images=2_000),
    )
}


def main() -> None:
    """Train what is not trained yet, measure, publish."""
    conduct(PLANS, HERE, answer, lines=2)


def answer(table: pd.DataFrame) -> str:
    """Differences of the same seeds, k = 2 less k = 1, at each weight."""
    pairs = {weight: [Settings(neighbours=k, weight=weight).label for k in (1, 2)] for weight in WEIGHTS}
    return "\n".join(
        f"weight {weight}: {found.line}"
        for weight, (one, two) in pairs.items()
        for found in differences(table, f"eae {one}", f"eae {two}", OUTCOMES)
    )


if __name__ == "__main__":
    sys.exit(guarded(main))
