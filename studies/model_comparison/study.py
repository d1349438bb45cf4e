"""Every row of the thesis's Tables 2.1 and 2.2, and its rivals, under every sampler: MNIST and CIFAR-10, three seeds.

Faces with one seed, for the pictures.

    python studies/model_comparison/study.py [mnist] [cifar10] [faces-synthetic]

Each data set has a folder of its own beside this file. The same command goes on where an interrupted one stopped. The
faces need the extra `extractors`.
"""

import sys
from functools import partial
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.comparison_table import print_comparison
from gausslab.cli.studying import completed
from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.errors import ConfigError, entry
from gausslab.presets import ROWS
from gausslab.scoreboard.orderings import report
from gausslab.studies import publish_comparisons

HERE = Path(__file__).parent
PRINTED = ("vae", "cv-vae", "wae", "2svae", "rae", "rae-l2", "rae-gp", "rae-sn", "ae", "ae-l2", "eae")
GRADIENT_VARIANTS = ("rae-gp-frobenius", "rae-gp-input")
"""Other readings of RAE-GP's penalty, which take three times as long: on MNIST alone."""
PLANS = {
    "mnist": ComparisonConfig(data="mnist", rows=tuple(ROWS)),
    "cifar10": ComparisonConfig(
        data="cifar10",
        rows=tuple(row for row in ROWS if row not in GRADIENT_VARIANTS),
        quality=QualityConfig(images=2_500),
    ),
    "faces-synthetic": ComparisonConfig(
        data="faces-synthetic",
        rows=PRINTED,
        seeds=(0,),
        settings=Settings(images=3_000, epochs=6),
        quality=QualityConfig(extractor="efficientnet-lite0", images=100),
    ),
}
"""Answers rest on the first two; of the faces there is one seed, for the pictures."""


def main() -> None:
    """Train what is not trained yet, measure, publish: the data sets that are named, or all."""
    names = sys.argv[1:] or list(PLANS)
    for name in names:
        plan = {name: entry(name, PLANS, "data set of the study", ConfigError)}
        results = completed(plan, Path("runs/model_comparison"))
        publish_comparisons(plan, results, HERE / name, partial(answer, data=name), lines=2)
        print_comparison(results[name].table, name)
        print((HERE / name / "answer.txt").read_text())


def answer(table: pd.DataFrame, data: str) -> str:
    """Which of the thesis's orderings hold here; a single seed answers nothing."""
    return "\n".join(report(table, data)) if len(PLANS[data].seeds) > 1 else "one seed, for the pictures"


if __name__ == "__main__":
    sys.exit(guarded(main))
