"""Is the code of an unregularised, batch-normed autoencoder more Gaussian as its maps grow? Channels x depth, MNIST.

    python studies/capacity/study.py

The same command goes on where an interrupted one stopped.
"""

import sys
from itertools import product
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.studying import conduct
from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.scoreboard.effects import effects

HERE = Path(__file__).parent
CHANNELS, DEPTHS = (4, 8, 16), (2, 3, 4)
PLANS = {
    "mnist": ComparisonConfig(
        data="mnist",
        rows=("bn-ae",),
        samplers=("isotropic", "mvg"),
        settings=Settings(images=6_000, epochs=8),
        variants=tuple(Settings(channels=channels, depth=depth) for channels, depth in product(CHANNELS, DEPTHS)),
        quality=QualityConfig(images=2_000),
    )
}


def main() -> None:
    """Train what is not trained yet, measure, publish."""
    conduct(PLANS, HERE, answer, lines=2)


def answer(table: pd.DataFrame) -> str:
    """The trends over the channels at each depth, and over the depth at each number of channels."""
    named = table.assign(at_depth="depth " + table["depth"].astype(str))
    named["at_channels"] = "channels " + table["channels"].astype(str)
    over_channels = effects(named, "channels", ("at_depth",))
    over_depth = effects(named, "depth", ("at_channels",))
    return "\n".join(
        ["over channels:", *(each.line for each in over_channels), "over depth:", *(each.line for each in over_depth)]
    )


if __name__ == "__main__":
    sys.exit(guarded(main))
