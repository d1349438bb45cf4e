"""What the chart of one varied setting shows: the measures of its panels."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from gausslab.labels import frechet_label
from gausslab.scoreboard.layout import FRECHET, SAMPLES


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One statistic, drawn for every series.

    Attributes:
        estimator: its estimator in the table.
        statistic: its name in the table.
        label: its name, where a panel holds two.
        sampler: of the samples that it scores; empty for what is measured of codes and reconstructions.
        second: whether it is a panel's second, with open marks on a dashed line and no seeds.
    """

    estimator: str
    statistic: str
    label: str = ""
    sampler: str = ""
    second: bool = False


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What one panel shows.

    Attributes:
        title: above it.
        unit: of its vertical axis.
        measures: first and, if any, second.
        reference: what a Gaussian gives where the table states no null; None where there is no such thing.
        scale: of its vertical axis; `null` is linear in the null's band about 0 and logarithmic beyond, `ratio`
            logarithmic if the numbers differ much.
    """

    title: str
    unit: str
    measures: tuple[Measure, ...]
    reference: float | None = None
    scale: Literal["linear", "null", "ratio"] = "linear"


NATS = "nats per dimension"
KL = Panel(
    title="KL to N(0, I)",
    unit=NATS,
    reference=0.0,
    measures=(
        Measure(
            estimator="kl_decomposition",
            statistic="total",
        ),
        Measure(estimator="kl_lower_bound", statistic="statistic", label="lower bound (a)", second=True),
    ),
)
CORRELATION = Panel(
    title="Its part from correlation",
    unit=NATS,
    reference=0.0,
    scale="null",
    measures=(Measure(estimator="moment_kl", statistic="correlation"),),
)
GAP = Panel(
    title="Entropy gap to a Gaussian",
    unit=NATS,
    reference=0.0,
    measures=(Measure(estimator="knn_entropy", statistic="gap"),),
)
SPREAD = Panel(
    title="Radial spread",
    unit="SD(r) / SD of chi(d)",
    reference=1.0,
    measures=(Measure(estimator="radial_spread", statistic="statistic"),),
)
ERROR = Panel(
    title="Reconstruction",
    unit="MSE per element",
    measures=(Measure(estimator="reconstruction", statistic="mse_per_element"),),
)


def samples_panel(rows: pd.DataFrame, sampler: str) -> Panel:
    """Scores of samples from N(0, I), and from another sampler."""
    names = {"isotropic": "samples from N(0, I) (f)", sampler: f"samples from {sampler} (f)"}
    extractors = [name for name in rows["extractor"].unique() if name]
    return Panel(
        title="Samples",
        unit=frechet_label(extractors[0]) if extractors else "Frechet distance",
        scale="ratio",
        measures=tuple(
            Measure(estimator=FRECHET, statistic=SAMPLES, label=label, sampler=name, second=name != "isotropic")
            for name, label in names.items()
        ),
    )
