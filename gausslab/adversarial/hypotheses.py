r"""The hypotheses about radii of adversarial examples, from the table of examples. No torch.

H1   radii fall under attacks of least norm (paired)             H1'  under fixed budgets and confident attacks
H2   they are lower than those of clean points of equal lead     H3   they fall further than under nulls A and B
H4 to H8 are trends over runs: `trend_over_runs`.

What a verdict takes is told in `findings`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from gausslab.adversarial.bootstrap import difference_bootstrap, paired_bootstrap
from gausslab.adversarial.examples import ATTACKED, attacks, changes, checked, clean_rows, decided, nulls, successful
from gausslab.adversarial.findings import SMALLEST, SMALLEST_AUROC, Finding, RunTrend, judged
from gausslab.adversarial.matching import CALIPER, Matches, caliper_of, match, matched_aurocs
from gausslab.adversarial.ranks import Aurocs
from gausslab.seeding import numpy_generator
from gausslab.trends import rank_trend

FEWEST = 10  # examples of which a finding is made


def radii_fall(
    frame: pd.DataFrame, hypothesis: str = "H1", families: Sequence[str] = ("minimal",), seed: int = 0
) -> list[Finding]:
    """H1, and H1' with the families `fixed budget` and `confident`: the standardised effect, with its sign turned.

    How it can mislead: a step to a boundary lowers the radius of any code (`nulls`), so that support says little.

    Args:
        frame: table of examples of one run.
        hypothesis: its name in the findings.
        families: of attacks.
        seed: of the bootstrap.
    """
    found = [_fall(hypothesis, layer, attack, rows, seed) for layer, attack, rows in attacks(checked(frame), families)]
    return judged(found)


def lower_than_matched(
    frame: pd.DataFrame, families: Sequence[str] = ATTACKED, seed: int = 0, caliper: float = CALIPER
) -> list[Finding]:
    """H2: AUROC of -r against matched clean points, less 1/2; that of 1 - max softmax of the same pairs beside it.

    Args:
        frame: table of examples of one run.
        families: of attacks.
        seed: of the order in which controls are chosen.
        caliper: in standard deviations of the clean leads.
    """
    found = [
        _matched(clean_rows(frame, layer), layer, attack, rows, seed, caliper)
        for layer, attack, rows in attacks(checked(frame), families)
    ]
    return judged(found)


def beyond_nulls(frame: pd.DataFrame, families: Sequence[str] = ATTACKED, seed: int = 0) -> list[Finding]:
    """H3: change under a null less the observed one, in standard deviations; a finding a null (`examples.null_rows`).

    Args:
        frame: table of examples of one run.
        families: of attacks.
        seed: of the bootstrap.
    """
    found = [
        _beyond(layer, f"{attack} against {name}", successful(rows), of_null, seed)
        for layer, attack, rows in attacks(checked(frame), families)
        for name, of_null in nulls(frame, rows["spec"].iloc[0], layer)
    ]
    return judged(found)


def trend_over_runs(
    runs: pd.DataFrame, hypothesis: str, setting: str = "width", effect: str = "effect", rises: bool = True
) -> RunTrend:
    """H4 to H8: whether an effect goes with a setting of the runs.

    Args:
        runs: one row a run.
        hypothesis: its name.
        setting: column of the setting.
        effect: column of the effect.
        rises: whether the hypothesis says that it rises with the setting.

    Raises:
        GausslabError: fewer than two levels of the setting.
    """
    given = runs[[setting, effect]].dropna()
    found = rank_trend(given[setting].to_numpy(np.float64), given[effect].to_numpy(np.float64))
    return RunTrend(hypothesis=hypothesis, setting=setting, rises=rises, trend=found)


def controls(clean: pd.DataFrame, rows: pd.DataFrame, seed: int = 0, caliper: float = CALIPER) -> Matches:
    """Clean rows with the lead of an attack's successes; the same images at every layer."""
    said, generator = decided(clean), numpy_generator(seed, f"matching/{rows['spec'].iloc[0]}")
    return match(said, decided(successful(rows)), caliper_of(said, caliper), generator)


def against_controls(matches: Matches, clean: pd.DataFrame, rows: pd.DataFrame) -> Aurocs:
    """AUROC of -r and of 1 - max softmax between an attack's successes and their controls."""
    after = successful(rows)
    one, two = (np.stack([-rows["radius"], 1 - rows["max_softmax"]], axis=1) for rows in (clean, after))
    ids = clean["id"].to_numpy(np.int64), after["id"].to_numpy(np.int64)
    return matched_aurocs(matches, one.astype(np.float64), two.astype(np.float64), ids)


def _fall(hypothesis: str, layer: str, attack: str, rows: pd.DataFrame, seed: int) -> Finding:
    after = successful(rows)
    scale, details = "fall of the radius in SDs of the change", _successes(rows)
    blank = Finding(hypothesis=hypothesis, attack=attack, layer=layer, scale=scale, smallest=SMALLEST, details=details)
    if len(after) < FEWEST:
        return blank
    fall = -changes(after)
    found = paired_bootstrap(fall, numpy_generator(seed, f"fall/{layer}/{attack}"))
    effect = found["standardised_effect"]
    lower = f"lower in {(fall > 0).mean():.0%}"
    return replace(
        blank,
        effect=effect.value,
        interval=(effect.low, effect.high),
        standard_error=effect.standard_error,
        p_value=float(stats.ttest_1samp(fall, 0.0).pvalue) if fall.std() > 0 else float(not fall.any()),
        details=f"mean radius {after['clean_radius'].mean():.4g} to {after['radius'].mean():.4g}, {lower}; {details}",
    )


def _matched(clean: pd.DataFrame, layer: str, attack: str, rows: pd.DataFrame, seed: int, caliper: float) -> Finding:
    matches = controls(clean, rows, seed, caliper)
    scale, details = "margin-matched AUROC of -r above 1/2", f"{matches.line}; {_successes(rows)}"
    blank = Finding(hypothesis="H2", attack=attack, layer=layer, scale=scale, smallest=SMALLEST_AUROC, details=details)
    return blank if matches.pairs < FEWEST else _ranked(blank, against_controls(matches, clean, rows))


def _ranked(blank: Finding, found: Aurocs) -> Finding:
    low, high = (float(limit) - 0.5 for limit in found.intervals[0])
    return replace(
        blank,
        effect=float(found.areas[0]) - 0.5,
        interval=(low, high),
        standard_error=float(found.standard_errors[0]),
        p_value=float(found.p_values[0]),
        details=f"AUROC of 1 - max softmax {found.areas[1]:.3f}; {blank.details}",
    )


def _beyond(layer: str, attack: str, after: pd.DataFrame, of_null: pd.DataFrame, seed: int) -> Finding:
    scale = "fall of the radius beyond the null's in SDs of the change"
    details = f"{len(after)} examples, {len(of_null)} codes of the null"
    blank = Finding(hypothesis="H3", attack=attack, layer=layer, scale=scale, smallest=SMALLEST, details=details)
    if min(len(after), len(of_null)) < FEWEST:
        return blank
    observed, expected = changes(after), changes(of_null)
    found = difference_bootstrap(expected, observed, numpy_generator(seed, f"beyond/{layer}/{attack}"))
    return replace(
        blank,
        effect=found.value,
        interval=(found.low, found.high),
        standard_error=found.standard_error,
        p_value=float(stats.ttest_ind(expected, observed, equal_var=False).pvalue),
        details=f"mean change {observed.mean():+.3g}, of the null {expected.mean():+.3g}; {details}",
    )


def _successes(rows: pd.DataFrame) -> str:
    """How many succeeded of those attempted."""
    return f"{int(rows['success'].sum())} of {int(rows['attempted'].sum())} attacks succeeded"
