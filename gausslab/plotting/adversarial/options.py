"""What the scripts of the charts of attacks take: a data set, an entropy weight, attacks."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

import pandas as pd

from gausslab.plotting.adversarial.rows import chosen, read


def network_options(parser: ArgumentParser, weights: str = "all") -> None:
    """Which networks of the table are drawn.

    Args:
        parser: of the script.
        weights: entropy weights that are drawn without a choice, in words.
    """
    parser.add_argument("--data", help="one data set of the table (default: all)")
    parser.add_argument("--weight", type=float, help=f"networks of one entropy weight (default: {weights})")


def attack_option(parser: ArgumentParser, attacks: Sequence[str]) -> None:
    """Which attacks are drawn."""
    told = f"attacks as the command line writes them (default: {' '.join(attacks)})"
    parser.add_argument("--attacks", nargs="+", default=None, help=told)


def chosen_table(options: Namespace) -> pd.DataFrame:
    """The part of the table that was asked for.

    Raises:
        GausslabError: the table cannot be read, or has no such part.
    """
    return chosen(read(options.table), options.data, options.weight)
