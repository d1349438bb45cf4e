"""A row an attack: what becomes of radii, and where in the code, beside what the nulls give. No torch.

Means over the successful pairs, never without the success rate and the clean mean of the same pairs.
"""

import numpy as np
import pandas as pd

from gausslab.adversarial.detection import own_clean
from gausslab.adversarial.examples import changes, checked, clean_rows, nulls, successful
from gausslab.adversarial.specs import FAMILIES

COLUMNS = (
    *("layer", "attack", "spec", "family", "attempted", "pairs", "success_rate", "clean_radius", "radius", "change"),
    *("effect", "share_lower", "change_inside", "change_outside", "change_null_a", "change_null_b", "d_l2", "d_linf"),
)
DECILE = 0.1


def change_table(frame: pd.DataFrame) -> pd.DataFrame:
    r"""`COLUMNS`, of every attack of every family, and of two kinds of clean images as if they were attacks.

    `change` is the mean of $r' - r$, `effect` the same in its standard deviations, `change_inside` and `change_outside`
    the means of the changes of $r^2$ inside and outside the subspace of the class means, `change_null_a` and
    `change_null_b` the mean changes under the nulls, NaN where none was made.

    The clean images are those that the network has wrong, and the tenth of the right ones with the least lead, compared
    with all right ones: there is no pair, so that `effect` is in standard deviations of clean radii and
    `share_lower` the share below their median.

    Args:
        frame: table of examples of one run.
    """
    attacked = checked(frame)[frame["family"].isin(FAMILIES)]
    rows = [_of_attack(frame, part) for _, part in attacked.groupby(["layer", "spec"], sort=False)]
    rows += [row for layer in frame["layer"].unique() for row in _of_clean(clean_rows(frame, str(layer)))]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_attack(frame: pd.DataFrame, rows: pd.DataFrame) -> dict[str, object]:
    after, layer, spec = successful(rows), str(rows["layer"].iloc[0]), str(rows["spec"].iloc[0])
    before, moved = own_clean(clean_rows(frame, layer), after), changes(after)
    under = {name: float(changes(of_null).mean()) for name, of_null in nulls(frame, spec, layer)}
    return {
        **{name: rows[name].iloc[0] for name in ("layer", "attack", "spec", "family")},
        "attempted": int(rows["attempted"].sum()),
        "pairs": len(after),
        "success_rate": len(after) / max(int(rows["attempted"].sum()), 1),
        "clean_radius": after["clean_radius"].mean(),
        "radius": after["radius"].mean(),
        "change": moved.mean() if len(moved) else np.nan,
        "effect": moved.mean() / moved.std(ddof=1) if len(moved) > 1 and moved.std() > 0 else np.nan,
        "share_lower": (moved < 0).mean() if len(moved) else np.nan,
        **{f"change_{place}": _squares(before, after, f"radius_{place}") for place in ("inside", "outside")},
        "change_null_a": under.get("null A", np.nan),
        "change_null_b": under.get("null B", np.nan),
        "d_l2": after["d_l2"].mean(),
        "d_linf": after["d_linf"].mean(),
    }


def _squares(before: pd.DataFrame, after: pd.DataFrame, column: str) -> float:
    change = after[column].to_numpy(np.float64) ** 2 - before[column].to_numpy(np.float64) ** 2
    return float(change.mean()) if len(change) else np.nan


def _of_clean(clean: pd.DataFrame) -> list[dict[str, object]]:
    right = clean[clean["prediction"] == clean["class"]]
    wrong = clean[(clean["prediction"] != clean["class"]) & (clean["class"] >= 0)]
    near = right[right["lead"] <= right["lead"].quantile(DECILE)]
    named = (("misclassified without attack", wrong), ("lowest tenth by lead", near))
    return [_unpaired(name, right, rows) for name, rows in named if len(rows)]


def _unpaired(name: str, right: pd.DataFrame, rows: pd.DataFrame) -> dict[str, object]:
    usual, spread = right["radius"].mean(), right["radius"].std()
    change = rows["radius"].mean() - usual
    return dict.fromkeys(COLUMNS, np.nan) | {
        **{"layer": rows["layer"].iloc[0], "attack": name, "spec": "clean", "family": "control", "pairs": len(rows)},
        **{"clean_radius": usual, "radius": rows["radius"].mean(), "change": change, "effect": change / spread},
        "share_lower": (rows["radius"] < right["radius"].median()).mean(),
    }
