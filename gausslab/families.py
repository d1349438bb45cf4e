"""Four families of measures of Gaussianity, side by side because they can disagree; what a panel of them says.

    marginal    single units, whatever their mean and variance
    isotropy    second moments: correlation, and how evenly the variance is spread
    joint       what is left after whitening by the sample's own covariance
    radial      the norms of the code as given against chi(d); in addition those of the whitened code

No torch here: a verdict is written from the table alone. `gausslab.panel` makes the table.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from gausslab import csv_files
from gausslab.errors import GausslabError

FAMILIES = ("marginal", "isotropy", "joint", "radial")
COLUMNS = ("family", "statistic", "value", "null_mean", "null_sd", "excess", "p_value", "n", "units", "note")

Scale = Literal["unit", "sample", "none"]


@dataclass(frozen=True)
class Statistic:
    """One number of the panel, and which row of which estimator it is.

    Attributes:
        family: one of `FAMILIES`.
        name: in the panel.
        estimator: its registry name.
        row: the estimator's `statistic`.
        scale: what it is divided by: `unit` where it adds up over dimensions, `sample` where the statistic is n times a
            distance, `none` where it is a distance or a ratio already.
        label: in words, with its unit.
    """

    family: str
    name: str
    estimator: str
    row: str
    scale: Scale
    label: str


_KS, _AD = "Kolmogorov-Smirnov distance", "Anderson-Darling / n"
STATISTICS = (
    Statistic("marginal", "lilliefors", "lilliefors", "statistic", "none", f"{_KS}, mean over units"),
    Statistic("marginal", "anderson_darling", "anderson_darling", "statistic", "sample", f"{_AD}, mean over units"),
    Statistic("marginal", "negentropy", "negentropy", "marginal", "unit", "negentropy of single units, nats a unit"),
    Statistic("isotropy", "correlation", "moment_kl", "correlation", "unit", "KL of the correlation, nats a unit"),
    Statistic("isotropy", "participation_ratio", "participation_ratio", "statistic", "unit", "participation ratio / d"),
    Statistic("joint", "knn_kl", "knn_kl", "whitened", "unit", "nearest-neighbour KL after whitening, nats a unit"),
    Statistic("joint", "mardia_skewness", "mardia_skewness", "statistic", "unit", "Mardia's skewness / d"),
    Statistic("joint", "mardia_kurtosis", "mardia_kurtosis", "statistic", "unit", "Mardia's kurtosis / d"),
    Statistic("joint", "henze_zirkler", "henze_zirkler", "statistic", "sample", "Henze-Zirkler / n"),
    Statistic("joint", "sliced_epps_pulley", "sliced_epps_pulley", "whitened", "sample", "sliced Epps-Pulley / n"),
    Statistic("radial", "radial_spread", "radial_spread", "statistic", "none", "SD of the radii / SD of chi(d)"),
    Statistic("radial", "radial_ks", "radial_ks", "statistic", "none", f"{_KS} of the radii from chi(d)"),
    Statistic("radial", "radial_spread_whitened", "radial_spread", "whitened", "none", "SD ratio of whitened radii"),
    Statistic("radial", "radial_ks_whitened", "radial_ks", "whitened", "none", f"{_KS} of the whitened radii"),
)
BY_NAME = {statistic.name: statistic for statistic in STATISTICS}

REPRESENTATIVES = {
    "marginal": "negentropy", "isotropy": "correlation", "joint": "knn_kl", "radial": "radial_spread",
}  # fmt: skip
"""The statistic that speaks for its family: nats a unit where there are some, and of the radii their spread.

The nearest-neighbour KL has a bias that depends on the law and on the width: of codes of independent units of one law
it falls as they become wider. Between codes of one width it ranks; over widths look at the family's others as well.
"""

NEAR = {"marginal": 0.01, "isotropy": 0.01, "joint": 0.01, "radial": 0.1}
"""Excess of the representative up to which a family counts as near a Gaussian.

A hundredth of a nat a unit: the total variation between the unit's law and the Gaussian is then at most 7 % (Pinsker,
sqrt(.01 / 2)). A logistic unit has .014, one of Student's t with 5 degrees of freedom .047, a uniform one .176; of two
units it is a correlation of .20. A tenth of chi's spread: what independent units of excess kurtosis .4 give
(sqrt(1 + .4 / 2)), and what is seen when two radius histograms are laid over each other.
"""

NOISE = 2.0
"""Null deviations that the excess must keep from `NEAR` on either side: a verdict is no matter of chance."""

REMARKABLE = 5.0
"""Null deviations from which another statistic of a family that is near is worth a word: beyond any multiplicity."""


def read_panels(path: Path) -> pd.DataFrame:
    """Panels of one code or of many, behind whatever tells these apart.

    Raises:
        GausslabError: the file is absent, no table, or one of something else.
    """
    table = csv_files.read(path, COLUMNS, "it holds no panels")
    return table.assign(note=table["note"].astype(object).where(table["note"].notna(), ""))


def verdicts(panel: pd.DataFrame) -> list[str]:
    """One line a family, and one more if they disagree.

    A family is `near` if its representative's excess is below `NEAR` by two null deviations, `away` if it is above by
    as many, else `undecided`. Of the family's other statistics the one that lies the most null deviations off is named.

    How it can mislead: `near` is a statement about one effect size at one n, not a proof; with a few thousand samples
    the tests reject every real network, which is why no p-value decides here. Ten overlapping Gaussian clusters, with
    30 % of every unit's variance between them, are near in every family but isotropy at 16 and at 64 units (n = 2000,
    joint .006 and .003 nats a unit); Mardia's skewness lies some 24 null deviations off then, and is named.

    Args:
        panel: one code's, of `gausslab.panel.family_panel`.

    Raises:
        GausslabError: it is no panel of one code.
    """
    rows, found = _of_one_code(panel), states(panel)
    lines = [_line(rows, family, state) for family, state in found.items()]
    return [*lines, *_disagreement(found)]


def states(panel: pd.DataFrame) -> dict[str, str]:
    """Family -> `near`, `away`, `undecided` or `not measured`, as `verdicts` says.

    Raises:
        GausslabError: it is no panel of one code.
    """
    rows = _of_one_code(panel)
    excess, noise = rows["excess"], rows["null_sd"]
    return {
        family: _state(abs(float(excess[name])), NOISE * float(noise[name]), NEAR[family])
        for family, name in REPRESENTATIVES.items()
    }


def family_effects(panel: pd.DataFrame) -> pd.Series:
    """How far each family is from a Gaussian: the size of its representative's excess, NaN where not measured.

    The size, since the spread of the radii can be too small as well as too large, and since the bias of nearest
    neighbours can push codes of light tails below the null.

    Raises:
        GausslabError: it is no panel of one code.
    """
    rows = _of_one_code(panel)
    return pd.Series(
        {family: abs(float(rows["excess"][name])) for family, name in REPRESENTATIVES.items()}, name="effect"
    )


def _of_one_code(panel: pd.DataFrame) -> pd.DataFrame:
    """The panel's rows by the names of their statistics."""
    missing = [name for name in ("statistic", "excess", "null_mean", "null_sd") if name not in panel.columns]
    if missing:
        raise GausslabError(f"panel: expected the table of family_panel, got one without {', '.join(missing)}")
    absent = [name for name in REPRESENTATIVES.values() if name not in set(panel["statistic"])]
    if absent:
        raise GausslabError(f"panel: expected a row of every family, got none of {', '.join(absent)}")
    if panel["statistic"].duplicated().any():
        raise GausslabError("panel: expected the panel of one code, got several rows of one statistic")
    return panel.set_index("statistic")


def _state(size: float, noise: float, limit: float) -> str:
    if np.isnan(size):
        return "not measured"
    if size + noise <= limit:
        return "near"
    return "away" if size - noise > limit else "undecided"


def _line(rows: pd.DataFrame, family: str, state: str) -> str:
    row = rows.loc[REPRESENTATIVES[family]]
    if state == "not measured":
        return f"{family}: not measured ({row.get('note', '')})"
    label = BY_NAME[REPRESENTATIVES[family]].label
    return (
        f"{family}: {state}; {label}: {row['value']:.3g}, {row['excess']:+.2g} off the null's {row['null_mean']:.3g} "
        f"± {row['null_sd']:.2g} (near is up to {NEAR[family]:g}){_others(rows, family, state)}"
    )


def _others(rows: pd.DataFrame, family: str, state: str) -> str:
    """The other statistic of the family that lies the most null deviations off."""
    names = [each.name for each in STATISTICS if each.family == family and each.name != REPRESENTATIVES[family]]
    known = rows[rows.index.isin(names) & (rows["null_sd"] > 0) & rows["excess"].notna()]
    if known.empty:
        return ""
    deviations = (known["excess"] / known["null_sd"]).to_numpy(np.float64)
    most = int(np.abs(deviations).argmax())
    joined = "but" if state == "near" and abs(deviations[most]) >= REMARKABLE else "of its others"
    return f"; {joined} {known.index[most]} lies {deviations[most]:+.3g} null deviations off"


def _disagreement(found: dict[str, str]) -> list[str]:
    near, away = ([family for family, state in found.items() if state == wanted] for wanted in ("near", "away"))
    if not (near and away):
        return []
    return [f"families disagree: near in {', '.join(near)}, away in {', '.join(away)}"]
