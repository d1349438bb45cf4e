"""Every row of the thesis's Tables 2.1 and 2.2, and its rivals, under every sampler: MNIST and CIFAR-10, three seeds.

Faces with one seed, for the pictures.

    python studies/model_comparison/study.py

The same command goes on where an interrupted one stopped. Needs the extra `extractors` for the faces.
"""

import sys
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.comparison_table import print_comparison
from gausslab.cli.studying import completed
from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.presets import ROWS
from gausslab.scoreboard.orderings import report
from gausslab.studies import publish_comparisons

HERE = Path(__file__).parent
PRINTED = ("vae", "cv-vae", "wae", "2svae", "rae", "rae-l2", "rae-gp", "rae-sn", "ae", "ae-l2", "eae")
PLANS = {
    "mnist": ComparisonConfig(data="mnist", rows=tuple(ROWS)),
    "cifar10": ComparisonConfig(data="cifar10", rows=tuple(ROWS), quality=QualityConfig(images=2_500)),
    "faces-synthetic": ComparisonConfig(
        data="faces-synthetic",
        rows=PRINTED,
        seeds=(0,),
        settings=Settings(images=6_000, epochs=8),
        quality=QualityConfig(extractor="efficientnet-lite0", images=100),
    ),
}
SCORED = ("mnist", "cifar10")
"""Data sets that answers rest on; of the faces there is one seed, for the pictures."""


def main() -> None:
    """Train what is not trained yet, measure, publish."""
    results = completed(PLANS, Path("runs/model_comparison"))
    publish_comparisons(PLANS, results, HERE, answer, lines=2)
    for data, result in results.items():
        print_comparison(result.table, data)
    print((HERE / "answer.txt").read_text())


def answer(table: pd.DataFrame) -> str:
    """Which of the thesis's orderings hold here."""
    return "\n".join(line for data in SCORED for line in report(table[table["data"] == data], data))


if __name__ == "__main__":
    sys.exit(guarded(main))
