"""The KL decomposition as a table has it: its parts in order, what they are called, and the sentence that sums them up.

No torch here: verdicts, terminal tables and charts are made from the table alone.
"""

import math
from dataclasses import dataclass

import pandas as pd

from gausslab.errors import GausslabError, entry

ESTIMATOR = "kl_decomposition"
MEASURABLE = 4
"""Units up to which nearest neighbours give a number of nats; beyond, a test statistic."""

NAMES = {
    "mean_scale": "mean and scale",
    "correlation": "correlation",
    "marginal_negentropy": "non-Gaussian units",
    "dependence": "dependence",
}
"""The decomposition's parts, in the order in which they are added up, and what they are called in a sentence."""

OLDER = {"mean_scale": "mean and scale", "correlation": "correlation", "beyond_second_order": "beyond second order"}
"""The same in tables made before the negentropy was split."""

Z = 1.96
"""Standard errors to either side of a value in its 95 % interval."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A law that codes are measured against, in words.

    Attributes:
        law: that of the whole code.
        name: that of which a code is said to be none.
        units: what the decomposition's part of single units is called.
        after: words behind whatever is about the code after the map of the law to N(0, I); empty for N(0, I) itself.
        caution: what must be said of all numbers; empty for N(0, I) itself.
    """

    law: str
    name: str
    units: str
    after: str = ""
    caution: str = ""


NORMAL = Reference(law="N(0, I)", name="Gaussian", units=NAMES["marginal_negentropy"])
REFERENCES = {
    "normal": NORMAL,
    "laplace": Reference(
        law="iid Laplace(0, 1)",
        name="Laplace(0, 1)",
        units="shape of units",
        after=" after the map",
        caution="all after the map of every unit from Laplace(0, 1) to N(0, 1)",
    ),
}
"""By what the column `reference` of a table holds."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One number of the decomposition, in nats.

    Attributes:
        label: what it is called.
        value: the number.
        standard_error: of it, NaN where none is known.
        null_sd: spread of what exact Gaussian samples of the same n and d give, whose mean is 0; NaN if unknown.
        p_value: of the value under that null, NaN if unknown.
    """

    label: str
    value: float
    standard_error: float
    null_sd: float
    p_value: float

    @property
    def interval(self) -> tuple[float, float]:
        """The value ± 1.96 standard errors."""
        return self.value - Z * self.standard_error, self.value + Z * self.standard_error


@dataclass(frozen=True)
class Decomposition:
    """The total, and the parts whose sum it is.

    Attributes:
        total: KL(p || N(0, I)), or from the law that the code was measured against.
        parts: in the order in which they are added up.
        units: of the code.
        samples: of the code.
        reference: the law.
    """

    total: Part
    parts: tuple[Part, ...]
    units: int
    samples: int
    reference: Reference = NORMAL

    @property
    def digits(self) -> int:
        """Decimals with which its numbers are told."""
        return 1 if abs(self.total.value) >= 1 else 2

    @property
    def caution(self) -> str:
        """What must be said of the last part where nearest neighbours do not measure it; empty where they do."""
        if self.units <= MEASURABLE:
            return ""
        return f"above {MEASURABLE} units {self.parts[-1].label}, and so the sum, is a test and no measure"

    @property
    def sentence(self) -> str:
        """The one thing to remember: how far, and what makes most of it."""
        ordered = sorted(self.parts, key=lambda part: part.value)
        told, least, most = (fixed(part.value, self.digits) for part in (self.total, ordered[0], ordered[-1]))
        low, high = self.total.interval
        if high < 0:
            return f"{told} nats, which no divergence can be: a test, no measure"
        if not low > 0:
            return f"{told} nats, not told from {self.reference.law}"
        if float(most) > float(told):
            return f"{told} nats: {most} {ordered[-1].label}, {least} {ordered[0].label}"
        return f"of {told} nats, {most} are {ordered[-1].label}"


def decomposition(rows: pd.DataFrame) -> Decomposition:
    """The decomposition of one code.

    Raises:
        GausslabError: the table has none, or is about several codes.
    """
    require_one_code(rows)
    total, against = one(rows, ESTIMATOR, "total"), reference(rows)
    names = NAMES | {"marginal_negentropy": against.units}
    names = names if one(rows, ESTIMATOR, "dependence") is not None else OLDER
    found = {label: one(rows, ESTIMATOR, name) for name, label in names.items()}
    parts = tuple(_part(label, row) for label, row in found.items() if row is not None)
    if total is None or len(parts) < len(names):
        raise GausslabError(f"expected a table with the rows of {ESTIMATOR}: total, {', '.join(names)}")
    return Decomposition(_part("total", total), parts, int(total["n_units"]), int(total["n_samples"]), against)


def reference(rows: pd.DataFrame) -> Reference:
    """The law that a code was measured against: N(0, I) where the table, being older, does not say.

    Raises:
        GausslabError: the table names several, or one that is unknown.
    """
    said = rows["reference"].fillna("").unique().tolist() if "reference" in rows.columns else []
    names = sorted({name or "normal" for name in said}) or ["normal"]
    if len(names) > 1:
        raise GausslabError(f"expected numbers of one reference law, got {', '.join(names)}: choose one")
    return entry(names[0], REFERENCES, "reference law", GausslabError)


def require_one_code(rows: pd.DataFrame) -> None:
    """Refuse tables that are not of `measure`, or have several numbers of the same name.

    Raises:
        GausslabError: naming what is missing, or that there are several.
    """
    needed = ["estimator", "statistic", "unit", "value", "standard_error", "null_mean", "null_sd", "p_value"]
    missing = [name for name in [*needed, "null", "n_samples", "n_units"] if name not in rows.columns]
    if missing:
        raise GausslabError(f"expected a table of gausslab.measure; it lacks the columns {', '.join(missing)}")
    if rows.duplicated(["estimator", "statistic", "unit"]).any():
        raise GausslabError("expected the table of one code, got several numbers of the same name: choose one layer")


def one(rows: pd.DataFrame, estimator: str, statistic: str) -> pd.Series | None:
    """The row of one number of the whole code, None where the table lacks it or holds no value."""
    chosen = (rows["estimator"] == estimator) & (rows["statistic"] == statistic) & (rows["unit"] == "all")
    found = rows[chosen & rows["value"].notna()]
    return None if found.empty else found.iloc[0]


def _part(label: str, row: pd.Series) -> Part:
    numbers = {name: float(row[name]) for name in ("value", "standard_error", "null_sd", "p_value")}
    return Part(label=label, **numbers)


def lower_bound(rows: pd.DataFrame) -> Part | None:
    """The held-out lower bound of the total, its label the density that brings the most; None if not measured."""
    row = one(rows, "kl_lower_bound", "statistic")
    if row is None:
        return None
    named = rows["statistic"].str.startswith("winner=") & (rows["estimator"] == "kl_lower_bound")
    won = rows[named].sort_values("value", ascending=False, kind="stable")["statistic"]
    return _part("" if won.empty else _density(str(won.iloc[0]).removeprefix("winner=")), row)


def _density(name: str) -> str:
    """A density's name in a sentence.

    >>> _density("gaussian_mixture")
    'Gaussian mixture'
    """
    return name.replace("_", " ").replace("gaussian", "Gaussian")


def in_nats(part: Part, digits: int) -> str:
    """The value and its interval: `7.1 nats [7.0, 7.2]`."""
    low, high = (fixed(end, digits) for end in part.interval)
    told = f"{fixed(part.value, digits)} nats"
    return told if math.isnan(part.standard_error) else f"{told} [{low}, {high}]"


def bound_in_words(bound: Part, digits: int, against: Reference = NORMAL) -> str:
    """`at least 5.9 nats [5.7, 6.1], by independent components`; where the law measured against did best, that."""
    if bound.label == "standard normal":
        return f"no held-out density does better than {against.law}"
    told = f"at least {in_nats(bound, digits)}"
    return f"{told}, by {bound.label}" if bound.label else told


def fixed(value: float, digits: int) -> str:
    """The number with so many decimals, never -0.

    >>> fixed(-0.04, 1), fixed(-0.06, 1), fixed(7.06, 1)
    ('0.0', '-0.1', '7.1')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}"
