"""What attacks did in every layer, a row an attack and layer, and the same as rows of the tidy table."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gausslab import tables
from gausslab.adversarial import hypotheses
from gausslab.adversarial.changes import RadiusChange, radius_change
from gausslab.adversarial.detection import SCORES, detection
from gausslab.adversarial.examples import CLEAN, NULL, attacks, checked, clean_rows, successful
from gausslab.adversarial.findings import Finding
from gausslab.adversarial.radii import radius_rows
from gausslab.seeding import numpy_generator
from gausslab.tables import Measurement

CONTROL = "control"
FEWEST = 4  # successes of which numbers are given
RADIUS, SOFTMAX = SCORES[0], SCORES[2]
ALIKE = 1e-4  # clean radii that spread by less, in parts of their mean, are equal but for rounding and a norm's epsilon
CONSTANT = "the radius is that of every image"
AUROC = "auroc {}"  # of a score
MATCHED = "margin_matched"

COLUMNS = (
    *("layer", "attack", "spec", "family", "n_units", "attempted", "successes", "success_rate", "d_l2"),
    *("clean_radius", "radius", "change", "change_low", "change_high", "effect", "share_lower"),
    *(AUROC.format(score) for score in SCORES),
    *("matched", "matched_low", "matched_high", "matched_error", "matched_softmax"),
    *("pairs", "unmatched", "verdict"),
)
"""`clean_radius` and `radius` are means over the successes; `matched` is the AUROC of -r against clean images of equal
lead, `verdict` that of H2 in words."""


def attack_report(frame: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """`COLUMNS`, of every attack at every layer, in the table's order; NaN where successes are too few.

    Controls are no tests of a hypothesis: Holm goes over the other attacks together, and over controls by themselves.

    Where all radii are equal, as after a layer norm by construction, nothing is said of them: their differences are
    rounding, of which statistics without a scale of their own make findings.

    How it can mislead: see `detection` and `matching.match`.

    Args:
        frame: table of examples of one run.
        seed: of bootstraps and of the order in which controls are chosen.
    """
    found = {(each.layer, each.attack): each for each in matched_findings(frame, seed)}
    told = detection(frame, families_of(frame)).set_index(["layer", "spec", "score"])["auroc"].to_dict()
    rows = []
    varying = set(_varying(frame)["layer"])
    for layer, attack, part in attacks(checked(frame), families_of(frame)):
        if layer not in varying:
            rows.append(_outcome(part) | {"pairs": 0, "unmatched": 0, "verdict": CONSTANT})
            continue
        scores = {AUROC.format(score): told.get((layer, part["spec"].iloc[0], score), math.nan) for score in SCORES}
        said = {"verdict": found[layer, attack].meaning}
        rows.append(_outcome(part) | _change(part, seed) | scores | _matched(frame, layer, part, seed) | said)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def report_rows(frame: pd.DataFrame, report: pd.DataFrame, described: Measurement, seed: int = 0) -> pd.DataFrame:
    """The same as rows of the tidy table, with the column `attack` beside the schema's: the attack as it is written.

    Estimators: `attack` (success_rate), `paired_radius` as `radii.radius_rows` gives it, `detection` (AUROCs against
    the clean images of the successes) and `margin_matched` (AUROCs against controls of equal lead).

    Args:
        frame: table of examples of one run.
        report: `attack_report` of it.
        described: the columns that say whose it is; layer, units and samples are filled in.
        seed: as of the report.
    """
    parts = {(layer, part["spec"].iloc[0]): part for layer, _, part in attacks(frame, families_of(frame))}
    frames = [
        tables.concat(_rows_of(row, parts[row["layer"], row["spec"]], described, seed)).assign(attack=row["spec"])
        for row in report.to_dict("records")
    ]
    return pd.concat(frames, ignore_index=True) if frames else tables.to_frame([]).assign(attack="")


def families_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """Those of attacks, in the table's order."""
    return tuple(family for family in frame["family"].unique() if family not in (CLEAN, NULL))


def matched_findings(frame: pd.DataFrame, seed: int = 0) -> list[Finding]:
    """H2 of every attack and layer; controls, which test no hypothesis, are corrected by themselves."""
    others, frame = [family for family in families_of(frame) if family != CONTROL], _varying(frame)
    return [each for families in (others, [CONTROL]) for each in hypotheses.lower_than_matched(frame, families, seed)]


def report_findings(frame: pd.DataFrame, seed: int = 0) -> list[Finding]:
    """H2 of every attack and layer that has enough successes, and H3 where the table has nulls; not of controls.

    Args:
        frame: table of examples of one run.
        seed: as of `attack_report`.
    """
    others, frame = [family for family in families_of(frame) if family != CONTROL], _varying(frame)
    found = [*hypotheses.lower_than_matched(frame, others, seed), *hypotheses.beyond_nulls(frame, others, seed)]
    return [each for each in found if not math.isnan(each.effect)]


def constant_layers(frame: pd.DataFrame) -> tuple[str, ...]:
    """Layers at which the clean radii are all equal."""
    radii = frame[frame["family"] == CLEAN].groupby("layer", sort=False)["radius"]
    spread = radii.std() <= ALIKE * radii.mean()
    return tuple(str(layer) for layer in spread.index[spread])


def _varying(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[~frame["layer"].isin(constant_layers(frame))]


def _outcome(rows: pd.DataFrame) -> dict[str, object]:
    after, attempted = successful(rows), int(rows["attempted"].sum())
    return {name: rows[name].iloc[0] for name in ("layer", "attack", "spec", "family")} | {
        "n_units": int(rows["n_units"].iloc[0]),
        "attempted": attempted,
        "successes": len(after),
        "success_rate": len(after) / attempted if attempted else math.nan,
        "d_l2": float(after["d_l2"].mean()),
        "clean_radius": float(after["clean_radius"].mean()),
        "radius": float(after["radius"].mean()),
    }


def _changed(rows: pd.DataFrame, seed: int) -> RadiusChange | None:
    """None of too few successes."""
    after = successful(rows)
    if len(after) < FEWEST:
        return None
    before, radii = (after[name].to_numpy(np.float64) for name in ("clean_radius", "radius"))
    named = f"radii/{rows['layer'].iloc[0]}/{rows['spec'].iloc[0]}"
    return radius_change(before, radii, numpy_generator(seed, named))


def _change(rows: pd.DataFrame, seed: int) -> dict[str, object]:
    found = _changed(rows, seed)
    if found is None:
        return {}
    mean = found.mean_difference
    return {
        **{"change": mean.value, "change_low": mean.low, "change_high": mean.high},
        **{"effect": found.standardised_effect.value, "share_lower": found.share_lower.value},
    }


def _matched(frame: pd.DataFrame, layer: str, rows: pd.DataFrame, seed: int) -> dict[str, object]:
    clean = clean_rows(frame, layer)
    matches = hypotheses.controls(clean, rows, seed)
    counts: dict[str, object] = {"pairs": matches.pairs, "unmatched": matches.unmatched}
    if matches.pairs < hypotheses.FEWEST:
        return counts
    found = hypotheses.against_controls(matches, clean, rows)
    (radius, softmax), (low, high) = found.areas, found.intervals[0]
    told = {"matched": radius, "matched_low": low, "matched_high": high, "matched_error": found.standard_errors[0]}
    return counts | told | {"matched_softmax": softmax}


def _rows_of(row: dict[Any, Any], rows: pd.DataFrame, described: Measurement, seed: int) -> Iterator[pd.DataFrame]:
    here = replace(described, layer=row["layer"], n_units=row["n_units"])
    yield tables.to_frame([_success(row, here)])
    found = _changed(rows, seed)
    if found is None or row["verdict"] == CONSTANT:
        return
    yield radius_rows(found, here)
    aurocs = replace(here, null_mean=0.5, n_samples=found.examples)
    told = {score: row[AUROC.format(score)] for score in SCORES}
    yield tables.to_frame(
        replace(aurocs, estimator="detection", statistic=AUROC.format(score), value=value)
        for score, value in told.items()
        if not math.isnan(value)
    )
    if not math.isnan(row["matched"]):
        matched = replace(aurocs, estimator=MATCHED, n_samples=row["pairs"])
        of_radius = replace(matched, statistic=AUROC.format(RADIUS), value=row["matched"])
        yield tables.to_frame(
            [
                replace(of_radius, standard_error=row["matched_error"]),
                replace(matched, statistic=AUROC.format(SOFTMAX), value=row["matched_softmax"]),
            ]
        )


def _success(row: dict[Any, Any], described: Measurement) -> Measurement:
    rate, attempted = row["success_rate"], row["attempted"]
    error = math.sqrt(rate * (1 - rate) / attempted) if attempted else math.nan
    told = replace(described, estimator="attack", statistic="success_rate", n_samples=attempted)
    return replace(told, value=rate, standard_error=error)
