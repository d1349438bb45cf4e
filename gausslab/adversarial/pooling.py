"""Findings about several networks as one finding an attack: networks trained from other seeds are the sample. No torch.

What one network shows has an interval over its test images alone; another network of the same kind may show the
opposite. So the effects of single networks are numbers here, one each, and their spread is what counts.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Float64
from scipy import stats

from gausslab.adversarial.findings import Finding, RunTrend, judged, judged_trends
from gausslab.adversarial.hypotheses import trend_over_runs
from gausslab.errors import GausslabError

COLUMNS = (
    *("hypothesis", "attack", "spec", "family", "layer", "scale", "smallest", "effect", "low", "high"),
    *("standard_error", "p_value", "adjusted", "verdict", "details", "line"),
)
FEWEST = 3  # networks of which a finding is made


def to_frame(findings: Iterable[Finding], attacks: pd.DataFrame) -> pd.DataFrame:
    """A row a finding, with `COLUMNS`.

    Args:
        findings: of one network.
        attacks: columns attack, spec and family; the null's name behind an attack's label is left out for the search.
    """
    known = attacks.drop_duplicates("attack").set_index("attack")
    rows = []
    for each in findings:
        attack = known.loc[each.attack.split(" against ")[0]]
        low, high = each.interval
        given = {name: getattr(each, name) for name in COLUMNS if hasattr(each, name)}
        rows.append(given | {"spec": attack["spec"], "family": attack["family"], "low": low, "high": high})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def over_networks(table: pd.DataFrame, hypothesis: str) -> list[Finding]:
    """One finding an attack: the mean of the networks' effects, Student's t over networks, Holm over attacks.

    Args:
        table: of `to_frame`, of several networks of one kind.
        hypothesis: whose rows are meant.

    Raises:
        GausslabError: it has no rows.
    """
    rows = table[table["hypothesis"] == hypothesis]
    if rows.empty:
        raise GausslabError(f"the table has no findings about {hypothesis}")
    return judged([_pooled(part) for _, part in rows.groupby(["attack", "layer"], sort=False)])


def trends_over(
    table: pd.DataFrame, hypothesis: str, setting: str, questions: Iterable[tuple[str, str]], within: Sequence[str] = ()
) -> list[RunTrend]:
    """How the effects of networks go with a setting, a trend a question, Holm over all of them.

    Args:
        table: of `to_frame`, with the setting's column and those of `within`.
        hypothesis: `H4` or `H6`: its name in the trends, which say that the effect rises.
        setting: what differs between networks.
        questions: pairs of the hypothesis whose effects are ranked and the attack.
        within: networks are compared only where these columns agree.
    """
    found = []
    for about, attack in questions:
        rows = table[(table["hypothesis"] == about) & (table["attack"] == attack)]
        for values, part in rows.groupby(list(within)) if within else [((), rows)]:
            place = "".join(f", {name} {value:g}" for name, value in zip(within, values, strict=True))
            found.append(_trend(part, f"{hypothesis} (effect of {about}, {attack}{place})", setting))
    return judged_trends(found)


def _trend(rows: pd.DataFrame, hypothesis: str, setting: str) -> RunTrend:
    """Without a trend where the attack has effects at fewer than two levels: too few successes, no controls."""
    if rows.dropna(subset=["effect"])[setting].drop_duplicates().size < 2:
        return RunTrend(hypothesis=hypothesis, setting=setting, rises=True, trend=None)
    return trend_over_runs(rows, hypothesis, setting)


def _pooled(rows: pd.DataFrame) -> Finding:
    effects, first = rows["effect"].dropna().to_numpy(np.float64), rows.iloc[0]
    blank = Finding(
        **{name: first[name] for name in ("hypothesis", "attack", "layer", "scale")},
        smallest=float(first["smallest"]),
        details=f"{len(effects)} of {len(rows)} networks with enough successes",
    )
    return finding_over(effects, blank)


def finding_over(effects: Float64[np.ndarray, " networks"], blank: Finding) -> Finding:
    """The mean over networks, with Student's interval and p, written into a finding that has none yet.

    Args:
        effects: one a network.
        blank: what the effects are; left as it is with fewer than `FEWEST` networks.
    """
    if len(effects) < FEWEST:
        return blank
    mean, error = float(effects.mean()), float(effects.std(ddof=1)) / math.sqrt(len(effects))
    low, high = stats.t.interval(0.95, len(effects) - 1, mean, error) if error else (mean, mean)
    return replace(
        blank,
        details=f"{effects.min():+.3f} to {effects.max():+.3f} in {blank.details}",
        effect=mean,
        interval=(float(low), float(high)),
        standard_error=error,
        p_value=float(stats.ttest_1samp(effects, 0.0).pvalue) if error else float(mean == 0),
        networks=len(effects),
    )
