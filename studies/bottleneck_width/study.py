"""Are unregularised samples better from a narrow bottleneck? CIFAR-10, 64 against 128; faces, 48 against 128.

    python studies/bottleneck_width/study.py

The same command goes on where an interrupted one stopped. Needs the extra `extractors` for the faces' scores.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.studying import conduct
from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.scoreboard.effects import OUTCOMES
from gausslab.scoreboard.paired import differences

HERE = Path(__file__).parent
WIDTHS = {"cifar10": (64, 128), "faces-synthetic": (48, 128)}
REGULARISED = "faces-synthetic-regularised"
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
PLANS[REGULARISED] = replace(PLANS["faces-synthetic"], rows=("eae",), variants=())


def main() -> None:
    """Train what is not trained yet, measure, publish."""
    conduct(PLANS, HERE, answer)


def answer(table: pd.DataFrame) -> str:
    """Differences of the same seeds: the wide code less the narrow one, then the regularised less the narrow one."""
    pairs = [(data, f"{narrow} to {wide} units", _row(narrow), _row(wide)) for data, (narrow, wide) in WIDTHS.items()]
    pairs += [(data, f"{narrow} units to the EAE", _row(narrow), "eae") for data, (narrow, _) in WIDTHS.items()]
    return "\n".join(
        f"{data}, {words}: {found.line}"
        for data, words, first, second in pairs
        for found in differences(table[table["data"] == data], first, second, OUTCOMES)
    )


def _row(width: int) -> str:
    return f"bn-ae {Settings(width=width).label}"


if __name__ == "__main__":
    sys.exit(guarded(main))
