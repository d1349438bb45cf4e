r"""Hypothesis H8 from the table of `studies.shells`. No torch.

Flows have a larger share of their mass inside a thin shell, and outside it, than the data have, growing with d. Of
every target, kind of flow and tail, at the longest training and the first bound of the slope:

- *mass*: the ratio of the flow's share beyond the data's 1 % quantile to 1 %, at each d, with its t interval over
  seeds. `more` if the interval lies above 1 and the mean is at least `LEAST`; `no more` if the interval lies below
  `LEAST`; else `open`.
- *growth*: Kendall's tau of the ratio with d over all fits, permutation p, Holm over all of them.

`supported`: more at every d, and tau is above 0 at 5 %. `contradicted`: no more at every d, or tau is below 0 at 5 %.
Else `undecided`; also where the control fails: a Gaussian of the same kind and tail whose interval, at some d, neither
holds 1 nor lies within 1 / `LEAST` to `LEAST`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gausslab import csv_files
from gausslab.errors import GausslabError
from gausslab.p_values import LEVEL, holm_adjusted
from gausslab.summary import over_seeds
from gausslab.trends import RankTrend, rank_trend

LEAST = 1.5
"""Least ratio that counts: half as much again as the data have."""
TAILS = {"inside": 0.01, "outside": 0.99}
SHELLS = {"relative-shell": "shell of relative thickness .05", "constant-shell": "shell a fifth as thick as a Gaussian"}
CONTROL = "gaussian"
CODES = "codes"


@dataclass(frozen=True)
class Ratio:
    """A mean over seeds and the ends of its 95 % t interval."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """`more`, `no more` or `open`."""
        if self.low > 1 and self.mean >= LEAST:
            return "more"
        return "no more" if self.high < LEAST else "open"

    @property
    def holds(self) -> bool:
        """Whether a control is in order."""
        return self.low <= 1 <= self.high or (self.low > 1 / LEAST and self.high < LEAST)

    def __str__(self) -> str:
        """With its interval."""
        return f"{self.mean:.3g} ({self.low:.3g} to {self.high:.3g})"


@dataclass(frozen=True)
class Judged:
    """One target, kind of flow and tail.

    Attributes:
        target: of `SHELLS`.
        kind: of flow.
        tail: of `TAILS`.
        ratios: by number of units.
        trend: of the ratio with the number of units.
        control: whether the Gaussian's ratios are in order.
        adjusted: p of the trend by Holm; NaN until all are judged.
    """

    target: str
    kind: str
    tail: str
    ratios: Mapping[int, Ratio]
    trend: RankTrend
    control: bool
    adjusted: float = math.nan

    @property
    def verdict(self) -> str:
        """`supported`, `contradicted` or `undecided`."""
        if not self.control:
            return "undecided"
        masses, shown = {ratio.verdict for ratio in self.ratios.values()}, self.adjusted < LEVEL
        if masses == {"no more"} or (shown and self.trend.tau < 0):
            return "contradicted"
        return "supported" if masses == {"more"} and shown and self.trend.tau > 0 else "undecided"

    @property
    def line(self) -> str:
        """In words."""
        masses = ", ".join(f"{ratio} at {units}: {ratio.verdict}" for units, ratio in self.ratios.items())
        return (
            f"H8 {self.tail}, {self.kind}, {SHELLS[self.target]}: {self.verdict}; {masses}; Kendall's tau with d "
            f"{self.trend.tau:+.2f} (p {self.trend.p_value:.2g}, by Holm {self.adjusted:.2g}{self.trend.spread})"
            f"{'' if self.control else '; the control fails'}"
        )


MASS = ("target", "units", "kind", "slope", "seed", "steps", "statistic", "level", "value", "ratio", "gaussian")
RADII = ("target", "units", "kind", "seed", "steps", "low", "high", "median", "data", "flow", "log_density")
"""Columns that the two tables of a study have."""


def read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """A table of the study.

    Args:
        path: of the file.
        columns: `MASS` or `RADII`.

    Raises:
        GausslabError: the file is absent, no table, or one of something else.
    """
    return csv_files.read(path, columns, "it is none of flow_shell")


def answer(table: pd.DataFrame) -> str:
    """The verdicts, the controls, and what training, the bound, codes and the gap do beside them.

    Raises:
        GausslabError: the table has no control.
    """
    found = judgements(table)
    heads = [_head(tail, [each for each in found if each.tail == tail]) for tail in TAILS]
    ratio = f"Ratios: share of the flow's samples beyond the data's 1 % or 99 % quantile, over 1 %; {LEAST} counts."
    parts = [*heads, ratio, *(each.line for each in found), *_controls(table), *_gaussians(table), *_codes(table)]
    return "\n".join([*parts, *_beside(table, "steps"), *_beside(table, "slope"), *_gaps(table)])


def judgements(table: pd.DataFrame) -> list[Judged]:
    """Every shell, kind of flow and tail, the trends' p-values adjusted together."""
    main = longest(first_slope(table))
    found = [
        _judged(main, target, str(kind), tail) for tail in TAILS for target in SHELLS for kind in main["kind"].unique()
    ]
    adjusted = holm_adjusted(np.array([each.trend.p_value for each in found]))
    return [replace(each, adjusted=float(p)) for each, p in zip(found, adjusted, strict=True)]


def longest(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the longest training."""
    rows: pd.DataFrame = table.loc[table["steps"] == table["steps"].max()]
    return rows


def first_slope(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the bound that all targets were fitted with: that of the control.

    Raises:
        GausslabError: there is no control.
    """
    bounds = table.loc[table["target"] == CONTROL, "slope"]
    if bounds.empty:
        raise GausslabError(f"a table of flow_shell must have rows of the target {CONTROL!r}, got none")
    rows: pd.DataFrame = table.loc[table["slope"] == bounds.iloc[0]]
    return rows


def tail_rows(table: pd.DataFrame, tail: str) -> pd.DataFrame:
    """Rows of one tail at the level that is judged."""
    return table[(table["statistic"] == tail) & (table["level"] == TAILS[tail])]


def ratios(rows: pd.DataFrame) -> dict[int, Ratio]:
    """Mean and interval over the seeds, by number of units."""
    return {int(str(units)): _over_seeds(part["ratio"]) for units, part in rows.groupby("units")}


def _over_seeds(values: pd.Series) -> Ratio:
    found = over_seeds(pd.DataFrame({"value": values, "null_mean": math.nan}))
    half = float(found.half_width)
    return Ratio(found.mean, found.mean - half, found.mean + half)


def _judged(main: pd.DataFrame, target: str, kind: str, tail: str) -> Judged:
    of_kind = tail_rows(main[main["kind"] == kind], tail)
    rows, control = of_kind[of_kind["target"] == target], of_kind[of_kind["target"] == CONTROL]
    trend = rank_trend(rows["units"].to_numpy(float), rows["ratio"].to_numpy(float))
    return Judged(target, kind, tail, ratios(rows), trend, all(each.holds for each in ratios(control).values()))


def _head(tail: str, found: list[Judged]) -> str:
    said = [each.verdict for each in found]
    counts = ", ".join(f"{said.count(word)} {word}" for word in dict.fromkeys(said))
    return f"H8 {tail}: {said[0] if len(set(said)) == 1 else 'undecided'} ({counts})"


def _controls(table: pd.DataFrame) -> list[str]:
    main = longest(first_slope(table))
    lines = []
    for tail in TAILS:
        rows = tail_rows(main[main["target"] == CONTROL], tail)
        for kind, part in rows.groupby("kind", sort=False):
            found = ratios(part)
            word = "holds" if all(each.holds for each in found.values()) else "fails"
            lines.append(f"Control {tail}, {kind}, Gaussian: {word}; {_listed(found)}")
    return lines


def _gaussians(table: pd.DataFrame) -> list[str]:
    """Ratios of a Gaussian with the data's mean square: what a flow has that has learned the scale alone."""
    main = longest(first_slope(table))
    lines = []
    for tail in TAILS:
        rows = tail_rows(main[main["target"].isin(list(SHELLS))], tail)
        for target, part in rows.groupby("target", sort=False):
            means = part.groupby("units")["gaussian"].mean()
            said = ", ".join(f"{value:.3g} at {units}" for units, value in means.items())
            lines.append(f"A Gaussian of the data's scale, {tail}, {SHELLS[str(target)]}: {said}")
    return lines


def _codes(table: pd.DataFrame) -> list[str]:
    main = longest(first_slope(table))
    lines = []
    for tail in TAILS:
        rows = tail_rows(main[main["target"] == CODES], tail)
        lines += [f"Codes {tail}, {kind}: {_listed(ratios(part))}" for kind, part in rows.groupby("kind", sort=False)]
    return lines


def _beside(table: pd.DataFrame, setting: str) -> list[str]:
    """Ratios at every value of a setting, of shells, the other setting as it is judged."""
    chosen = first_slope(table) if setting == "steps" else longest(table)
    lines = []
    for tail in TAILS:
        rows = tail_rows(chosen[chosen["target"].isin(list(SHELLS))], tail)
        for (target, kind), part in rows.groupby(["target", "kind"], sort=False):
            if len(part[setting].unique()) > 1:
                said = (f"{setting} {value:g}: {_means(of)}" for value, of in part.groupby(setting))
                lines.append(f"By {setting}, {tail}, {kind}, {SHELLS[str(target)]}: {'; '.join(said)}")
    return lines


def _gaps(table: pd.DataFrame) -> list[str]:
    """KL(data || flow) in nats."""
    main = longest(first_slope(table))
    rows = main[(main["statistic"] == "gap") & main["value"].notna()]
    lines = []
    for (target, kind), part in rows.groupby(["target", "kind"], sort=False):
        means = part.groupby("units")["value"].mean()
        said = ", ".join(f"{value:.3g} at {units}" for units, value in means.items())
        lines.append(f"KL(data || flow) in nats, {kind}, {target}: {said}")
    return lines


def _listed(found: Mapping[int, Ratio]) -> str:
    return ", ".join(f"{ratio} at {units}" for units, ratio in found.items())


def _means(rows: pd.DataFrame) -> str:
    return ", ".join(f"{value:.3g} at {units}" for units, value in rows.groupby("units")["ratio"].mean().items())
