"""What does the size of the batch do to the code of an EAE, and to one without the entropy term? MNIST.

    python studies/batch_size/study.py

The same command goes on where an interrupted one stopped.
"""

import sys
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.studying import conduct
from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.scoreboard.effects import OUTCOMES, effects
from gausslab.scoreboard.layout import cell

HERE = Path(__file__).parent
BATCHES = (25, 50, 100, 200, 400)
CONTROL = Settings(batch=200, epochs=16)  # as many steps as batches of 100 take in 8 epochs
PLANS = {
    "mnist": ComparisonConfig(
        data="mnist",
        rows=("eae", "bn-ae"),
        samplers=("isotropic", "mvg"),
        settings=Settings(images=6_000, epochs=8),
        variants=(*(Settings(batch=batch) for batch in BATCHES), CONTROL),
        quality=QualityConfig(images=2_000),
    )
}


def main() -> None:
    """Train what is not trained yet, measure, publish."""
    conduct(PLANS, HERE, answer, lines=2)


def answer(table: pd.DataFrame) -> str:
    """The trends over the batch at equal epochs, then the control beside the batch of as many steps."""
    same_epochs = table[pd.to_numeric(table["epochs"]).isna()]
    lines = [effect.line for effect in effects(same_epochs, "batch")]
    for row in PLANS["mnist"].rows:
        for column in OUTCOMES:
            found = [cell(table, f"{row} {label}", column) for label in ("batch 100", "batch 200", CONTROL.label)]
            numbers = [f"{each.mean:.3g} ± {each.half_width:.2g}" for each in found if each is not None]
            lines.append(f"{row}: {column.label}: batch 100 {numbers[0]}, 200 {numbers[1]}, as many steps {numbers[2]}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(guarded(main))
