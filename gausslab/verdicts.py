"""One line about one code, from the table of `measure`: Gaussian or not, how far, where the distance lies, how sure.

No torch here: a verdict is written from the table alone.
"""

import numpy as np
import pandas as pd
from jaxtyping import Float64

from gausslab.errors import GausslabError
from gausslab.p_values import LEVEL, holm_adjusted
from gausslab.parts import (
    ESTIMATOR,
    Decomposition,
    Reference,
    bound_in_words,
    decomposition,
    fixed,
    in_nats,
    lower_bound,
    one,
    reference,
    require_one_code,
)
from gausslab.summary import over_entropised

_UNIT_TESTS = {
    "shapiro_wilk": "Shapiro-Wilk",
    "anderson_darling": "Anderson-Darling",
    "cramer_von_mises": "Cramer-von Mises",
    "lilliefors": "Lilliefors",
    "epps_pulley": "Epps-Pulley",
    "dagostino_k2": "D'Agostino K2",
    "jarque_bera": "Jarque-Bera",
}
_ORIGINALS = {
    ("kl_decomposition", "beyond_second_order"): [
        ("negentropy", "joint"),
        ("knn_kl", "whitened"),
        ("knn_kl", "excess"),
    ],
    ("kl_decomposition", "marginal_negentropy"): [("negentropy", "marginal")],
    ("kl_decomposition", "mean_scale"): [("moment_kl", "mean_scale")],
    ("kl_decomposition", "correlation"): [("moment_kl", "correlation")],
    ("moment_kl", "statistic"): [("moment_kl", "debiased")],
    ("knn_kl", "whitened"): [("knn_kl", "excess")],
    ("knn_entropy", "statistic"): [("knn_entropy", "gap")],
}
"""Tests that several estimators make of the same number; the others count only where the first is absent."""

_REFERENCES = [
    ("kl_decomposition", "the divergence"),
    ("shapiro_wilk", "single units"),
    ("radial_spread", "radii"),
    ("kl_lower_bound", "a lower bound"),
]


def verdict(table: pd.DataFrame) -> str:
    r"""What the table of one code says, in one line.

    All tests of the whole code count together, with Holm's correction at 5 %: a code is *not Gaussian* if one of those
    rejects that leave mean and covariance free, and *not N(0, I)* if one of the others does. A Monte Carlo p cannot
    fall below 2 / (B + 1), too coarse for many tests; where the value lies z null deviations from the null's mean, the
    bound $e^{1-z}$ for every log-concave law takes its place if it is smaller (Lovasz & Vempala 2007, Random Structures
    & Algorithms 30:307-358, lemma 5.17): the nulls' tails are Gaussian, gamma or Gumbel, which are.

    Measured against another law, a code is *not Laplace(0, 1)* if a test rejects that it is any Gaussian after the map
    of that law to N(0, I), and *not iid Laplace(0, 1)* if it rejects that it is N(0, I) then. A Laplace law of another
    location or scale is not Laplace(0, 1) in this sense.

    How it can mislead: no evidence is not evidence of none; what was not measured, and n, are said for that reason.
    Tests of the same kind differ in power, and one sentence ranks nothing but the parts of the divergence.

    Args:
        table: of `gausslab.measure`, or the rows of one layer of one run of a tidy table.

    Raises:
        GausslabError: the table is about several codes, or holds no test.
    """
    require_one_code(table)
    rows = table.astype({"unit": str})
    tests, against = joint_tests(rows), reference(rows)
    if tests.empty:
        raise GausslabError("verdict: expected a table with p-values of tests of the whole code, got none")
    rejected = tests[tests["adjusted"] <= LEVEL]
    samples = f"n = {int(rows['n_samples'].max()):,}"
    reasons = [_divergence(rows), _bound(rows, against), samples, _smallest(tests)]
    if len(rejected):
        count = f"{len(rejected)} of {len(tests)} tests of the whole code reject (Holm)"
        reasons = [_split(rows), _bound(rows, against), _units(rows), _radii(rows), count, samples]
    clauses = [clause for clause in [*reasons, over_entropised(rows), _not_measured(rows), against.caution] if clause]
    return f"{_headline(tests, rejected, against)}: {'; '.join(clauses)}"


def joint_tests(rows: pd.DataFrame) -> pd.DataFrame:
    """Tests of the whole code, each once, with its p-value and the same adjusted by Holm in the column `adjusted`.

    Rows of one estimator that lie equally many null deviations from their null's mean are one test on several scales.
    """
    known = set(zip(rows["estimator"], rows["statistic"], strict=True))
    repeats = {copy for original, copies in _ORIGINALS.items() if original in known for copy in copies}
    named = pd.Series(zip(rows["estimator"], rows["statistic"], strict=True), index=rows.index, dtype=object)
    inner = (rows["estimator"] == "kl_lower_bound") & (rows["statistic"] != "statistic")
    tested = rows["p_value"].notna() & rows["null"].isin(["simple", "composite"])
    tests = rows[(rows["unit"] == "all") & tested & ~inner & ~named.isin(repeats)]
    scales = tests[["estimator", "null", "p_value"]].assign(z=np.round(_deviations(tests), 6))
    tests = tests[~scales.duplicated() | ~(tests["null_sd"] > 0)]
    return tests.assign(adjusted=holm_adjusted(sharpened(tests)))


def _deviations(tests: pd.DataFrame) -> Float64[np.ndarray, " tests"]:
    """How many null deviations each value lies above or below its null's mean; 0 where the null has no spread."""
    value, mean, spread = (tests[name].to_numpy(np.float64) for name in ("value", "null_mean", "null_sd"))
    return np.asarray(np.divide(value - mean, spread, out=np.zeros(len(tests)), where=spread > 0))


def sharpened(tests: pd.DataFrame) -> Float64[np.ndarray, " tests"]:
    """The p-values, or the bound for log-concave laws where that is smaller."""
    return np.asarray(np.fmin(tests["p_value"].to_numpy(np.float64), np.exp(1 - np.abs(_deviations(tests)))))


def _headline(tests: pd.DataFrame, rejected: pd.DataFrame, against: Reference) -> str:
    law, after = against.law, against.after
    if (rejected["null"] == "composite").any():
        return f"not {against.name}"
    if rejected.empty:
        return f"no evidence against {law if 'simple' in set(tests['null']) else f'a Gaussian{after}'}"
    if "composite" in set(tests["null"]):
        return f"not {law}, but no evidence against a Gaussian of other mean and covariance{after}"
    return f"not {law}; whether it is another Gaussian{after} was not tested"


def _divergence(rows: pd.DataFrame) -> str:
    found = _decomposition(rows)
    return "" if found is None else f"{in_nats(found.total, found.digits)} from {found.reference.law}"


def _split(rows: pd.DataFrame) -> str:
    """The divergence and its parts, the largest first; those that round to nothing are left out."""
    found = _decomposition(rows)
    if found is None:
        return ""
    ordered = sorted(found.parts, key=lambda part: -part.value)
    told = [(fixed(part.value, found.digits), part.label) for part in ordered]
    listed = ", ".join(f"{value} {label}" for value, label in told if float(value))
    caution = f" ({found.caution})" if found.caution else ""
    return _divergence(rows) + (f", of them {listed}{caution}" if listed else "")


def _decomposition(rows: pd.DataFrame) -> Decomposition | None:
    return None if one(rows, ESTIMATOR, "total") is None else decomposition(rows)


def _bound(rows: pd.DataFrame, against: Reference) -> str:
    bound = lower_bound(rows)
    if bound is None:
        return ""
    return bound_in_words(bound, 1 if abs(bound.value) >= 1 else 2, against)


def _units(rows: pd.DataFrame) -> str:
    """How many units the first unit test of the table rejects, and the unit with the most negentropy."""
    for name, label in _UNIT_TESTS.items():
        share = one(rows, name, "rejected_share")
        if share is not None:
            units = int(share["n_units"])
            count = round(share["value"] * units)
            return f"{count} of {units} units rejected ({label}, Holm){_worst(rows) if count else ''}"
    return ""


def _worst(rows: pd.DataFrame) -> str:
    single = rows[(rows["estimator"] == "negentropy") & (rows["unit"] != "all")]
    if single.empty:
        return ""
    worst = single.sort_values("value", kind="stable").iloc[-1]
    return f", unit {worst['unit']} the most ({fixed(worst['value'], 2)} nats)"


def _radii(rows: pd.DataFrame) -> str:
    spread = one(rows, "radial_spread", "statistic")
    return "" if spread is None else f"radii spread {spread['value']:.2f} of chi's"


def _smallest(tests: pd.DataFrame) -> str:
    """How far from a rejection the tests were."""
    smallest = tests["adjusted"].min()
    several = f" of {len(tests)} tests of the whole code ({smallest:.2g} by Holm)" if len(tests) > 1 else ""
    return f"smallest p {tests['p_value'].min():.2g}{several}"


def _not_measured(rows: pd.DataFrame) -> str:
    absent = [
        label
        for name, label in _REFERENCES
        if name not in set(rows["estimator"])
        and not (label == "single units" and set(rows["estimator"]) & {*_UNIT_TESTS})
    ]
    return f"not measured: {', '.join(absent)}" if absent else ""
