"""Are unregularised samples better from a narrow bottleneck? CIFAR-10, 64 against 128; faces, 48 against 128.

    python studies/bottleneck_width/study.py

The same command goes on where an interrupted one stopped. Needs the extra `extractors` for the faces' scores.
"""

import sys
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.studying import completed
from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.scoreboard.effects import OUTCOMES
from gausslab.scoreboard.paired import differences
from gausslab.studies import publish_comparisons

HERE = Path(__file__).parent
WIDTHS = {"cifar10": (64, 128), "faces-synthetic": (48, 128)}
SETTINGS = {"cifar10": Settings(), "faces-synthetic": Settings(images=6_000, epochs=8)}
QUALITY = {
    "cifar10": QualityConfig(images=2_000),
    "faces-synthetic": QualityConfig(extractor="efficientnet-lite0", images=300),
}
PLANS = {
    data: ComparisonConfig(
        data=data,
        rows=("bn-ae",),
        samplers=("isotropic", "mvg"),
        settings=SETTINGS[data],
        variants=tuple(Settings(width=width) for width in widths),
        quality=QUALITY[data],
    )
    for data, widths in WIDTHS.items()
}


def main() -> None:
    """Train what is not trained yet, measure, publish."""
    results = completed(PLANS, Path("runs/bottleneck_width"))
    publish_comparisons(PLANS, results, HERE, answer)
    print((HERE / "answer.txt").read_text())


def answer(table: pd.DataFrame) -> str:
    """Differences of the same seeds, the wide code less the narrow one."""
    return "\n".join(
        f"{data}, {narrow} to {wide} units: {found.line}"
        for data, (narrow, wide) in WIDTHS.items()
        for found in differences(table[table["data"] == data], _row(narrow), _row(wide), OUTCOMES)
    )


def _row(width: int) -> str:
    return f"bn-ae {Settings(width=width).label}"


if __name__ == "__main__":
    sys.exit(guarded(main))
