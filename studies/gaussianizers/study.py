"""Which regulariser makes a code most Gaussian at equal reconstruction error? Entropy, SIGReg, free energy, MMD, KL.

    python studies/gaussianizers/study.py

The same command goes on where an interrupted one stopped.
"""

import sys
from pathlib import Path

import pandas as pd

from gausslab.cli import guarded
from gausslab.cli.studying import conduct
from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.presets import ROWS
from gausslab.scoreboard.layout import FRECHET, SAMPLES, Column, cell
from gausslab.scoreboard.matched import ERROR, matched

HERE = Path(__file__).parent
BASELINE = "bn-ae"
LADDERS = {
    "eae": (0.05, 0.5, 5.0, 20.0),
    "sigreg": (0.1, 1.0, 10.0, 100.0),
    "free-energy": (0.1, 1.0, 10.0, 100.0),
    "wae": (0.003, 0.03, 0.3, 3.0),
    "vae": (0.03, 0.1, 0.312, 1.0),
}
"""Rungs of each method's weight; WAE's is beside a mean error, the others' beside a sum."""
FACTORS = (1.1, 1.25, 1.5, 2.0)
"""Errors at which methods are compared, as multiples of the unregularised net's."""
COLUMNS = (
    Column("correlation", "kl_decomposition", "correlation", per_unit=True, posterior=True),
    Column("beyond second order", "kl_decomposition", "beyond_second_order", per_unit=True, posterior=True),
    Column("radial SD", "radial_spread", "whitened", posterior=True),
    Column("samples from N(0, I)", FRECHET, SAMPLES, "isotropic"),
    Column("samples from a fitted Gaussian", FRECHET, SAMPLES, "mvg"),
)
"""Mean and scale are left out: batch norm fixes them for all methods but the VAE."""


def plan(row: str, *variants: Settings) -> ComparisonConfig:
    """A method on the one net."""
    bottleneck = "batchnorm" if row == "wae" else None
    return ComparisonConfig(
        data="mnist",
        rows=(row,),
        samplers=("isotropic", "mvg"),
        settings=Settings(images=6_000, epochs=8, bottleneck=bottleneck),
        variants=variants,
        quality=QualityConfig(images=2_000),
    )


PLANS = {BASELINE: plan(BASELINE)} | {
    row: plan(row, *(Settings(weight=weight) for weight in weights)) for row, weights in LADDERS.items()
}


def main() -> None:
    """Train what is not trained yet, measure, publish."""
    conduct(PLANS, HERE, answer, lines=2)


def answer(table: pd.DataFrame) -> str:
    """The baseline, then every method at every error: the numbers and what they are without a regulariser."""
    baseline = cell(table, BASELINE, ERROR)
    assert baseline is not None
    lines = [f"{ROWS[BASELINE].title}, error {baseline.mean:.4g}: {_numbers(table, BASELINE)}"]
    for factor in FACTORS:
        lines.append(f"at {factor:g} times that error:")
        lines += [f"  {ROWS[row].title}: {_matched(table, row, factor * baseline.mean)}" for row in LADDERS]
    return "\n".join(lines)


def _numbers(table: pd.DataFrame, row: str) -> str:
    plain = [Column(c.label, c.estimator, c.statistic, c.sampler, c.per_unit) for c in COLUMNS]
    return ", ".join(_text(column, cell(table, row, column)) for column in plain)


def _matched(table: pd.DataFrame, row: str, error: float) -> str:
    return ", ".join(_text(column, matched(table, row, column, error)) for column in COLUMNS)


def _text(column: Column, found: object) -> str:
    return f"{column.label} " + ("not reached" if found is None else f"{found.mean:.3g} ± {found.half_width:.2g}")


if __name__ == "__main__":
    sys.exit(guarded(main))
