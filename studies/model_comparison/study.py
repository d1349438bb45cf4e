"""Every row of the thesis's Tables 2.1 and 2.2, and its rivals, under every sampler: MNIST and CIFAR-10, three seeds.

    python studies/model_comparison/study.py

The same command goes on where an interrupted one stopped.
"""

import sys
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.comparison_table import print_comparison
from gausslab.cli.studying import completed
from gausslab.comparison import ComparisonConfig, QualityConfig
from gausslab.presets import ROWS
from gausslab.scoreboard.orderings import report
from gausslab.studies import publish_comparisons

HERE = Path(__file__).parent
PLANS = {
    "mnist": ComparisonConfig(data="mnist", rows=tuple(ROWS)),
    "cifar10": ComparisonConfig(data="cifar10", rows=tuple(ROWS), quality=QualityConfig(images=2_500)),
}


def main() -> None:
    """Train what is not trained yet, measure, publish."""
    results = completed(PLANS, Path("runs/model_comparison"))
    publish_comparisons(PLANS, results, HERE, answer, lines=2)
    for data, result in results.items():
        print_comparison(result.table, data)
    print((HERE / "answer.txt").read_text())


def answer(table: pd.DataFrame) -> str:
    """Which of the thesis's orderings hold here."""
    return "\n".join(line for data in PLANS for line in report(table[table["data"] == data], data))


if __name__ == "__main__":
    sys.exit(guarded(main))
