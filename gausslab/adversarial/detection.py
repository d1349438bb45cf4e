"""How well single numbers tell adversarial examples from their own clean images. No torch: from the table alone."""

import numpy as np
import pandas as pd
from jaxtyping import Float64

from gausslab.adversarial.examples import ATTACKED, attacks, checked, clean_rows, successful
from gausslab.adversarial.ranks import aurocs, partial_rank_correlation
from gausslab.errors import GausslabError

SCORES = ("-radius", "|radius - median|", "1 - max softmax", "class Mahalanobis", "code Mahalanobis")


def scores(rows: pd.DataFrame, median: float) -> Float64[np.ndarray, "rows scores"]:
    """Numbers that are thought to be higher for adversarial examples, in the order of `SCORES`.

    Args:
        rows: of the table of examples.
        median: radius of clean codes.
    """
    columns = (
        -rows["radius"],
        (rows["radius"] - median).abs(),
        1 - rows["max_softmax"],
        rows["class_mahalanobis"],
        rows["code_mahalanobis"],
    )
    return np.stack([column.to_numpy(np.float64) for column in columns], axis=1)


def detection(frame: pd.DataFrame, families: tuple[str, ...] = ATTACKED) -> pd.DataFrame:
    """AUROC of every score for every attack and layer: successful examples against the clean images of the same.

    Columns: layer, attack, spec, score, auroc, low and high (95 %, by pairs), partial (rank correlation of the score
    with being adversarial at given lead), pairs, success_rate. An attack with fewer than four successes has no row,
    nor has a score that is not known at the layer (NaN: no reference of its codes could be made).

    How it can mislead: a minimal adversarial example lies at the boundary by its making, so that 1 - max softmax, which
    needs no code, tells it at once; a score is worth what it adds. `partial` holds only what is linear in the ranks of
    the lead.

    Args:
        frame: table of examples of one run.
        families: of attacks.

    Raises:
        GausslabError: no clean row for a successful example.
    """
    parts = [
        _of_attack(clean_rows(frame, layer), attack, rows)
        for layer, attack, rows in attacks(checked(frame), families)
        if rows["success"].sum() >= 4
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_COLUMNS))


_COLUMNS = ("layer", "attack", "spec", "score", "auroc", "low", "high", "partial", "pairs", "success_rate")


def own_clean(clean: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The clean row of every row, in the same order.

    Raises:
        GausslabError: there is none for one of them.
    """
    absent = rows.loc[~rows["id"].isin(clean["id"]), "id"]
    if len(absent):
        raise GausslabError(f"the table of examples has no clean row of image {absent.iloc[0]}")
    return clean.set_index("id", drop=False).loc[rows["id"]]


def _of_attack(clean: pd.DataFrame, attack: str, rows: pd.DataFrame) -> pd.DataFrame:
    after = successful(rows)
    before, median = own_clean(clean, after), float(clean["radius"].median())
    one, two = scores(before, median), scores(after, median)
    known = ~np.isnan(np.concatenate([one, two])).any(0)
    one, two = one[:, known], two[:, known]
    ids = after["id"].to_numpy(np.int64)
    found = aurocs(one, two, (ids, ids))
    low, high = found.intervals.T
    names = [name for name, there in zip(SCORES, known, strict=True) if there]
    table = {
        **{"layer": rows["layer"].iloc[0], "attack": attack, "spec": rows["spec"].iloc[0], "score": names},
        **{"auroc": found.areas, "low": low, "high": high},
        "partial": _partial(np.concatenate([one, two]), pd.concat([before["lead"], after["lead"]]), len(before)),
        **{"pairs": len(after), "success_rate": len(after) / rows["attempted"].sum()},
    }
    return pd.DataFrame(table, columns=list(_COLUMNS))


def _partial(values: Float64[np.ndarray, "rows scores"], lead: pd.Series, clean: int) -> list[float]:
    group = (np.arange(len(values)) >= clean).astype(np.float64)
    given = lead.to_numpy(np.float64)[:, None]
    return [partial_rank_correlation(column, group, given).value for column in values.T.copy()]
