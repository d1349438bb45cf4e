"""The table of AUROCs against scikit-learn."""

import numpy as np
import pytest
from made_clusters import clusters, equal_distances, minimal, table
from scipy import stats
from sklearn.metrics import roc_auc_score

from gausslab.adversarial.detection import SCORES, detection
from gausslab.errors import GausslabError

WORLD = clusters(equal_distances(), 300, 0)
FRAME = table(WORLD, minimal(WORLD))


def test_every_score_against_scikit_learn():
    found = detection(FRAME).set_index("score")
    after = FRAME[FRAME["family"] == "minimal"]
    clean = FRAME[FRAME["family"] == "clean"]
    before = clean[clean["id"].isin(after["id"])]
    truth = np.repeat([0, 1], len(after))
    median = clean["radius"].median()
    made = {
        "-radius": lambda rows: -rows["radius"],
        "|radius - median|": lambda rows: abs(rows["radius"] - median),
        "1 - max softmax": lambda rows: 1 - rows["max_softmax"],
        "class Mahalanobis": lambda rows: rows["class_mahalanobis"],
        "code Mahalanobis": lambda rows: rows["code_mahalanobis"],
    }
    assert tuple(found.index) == SCORES == tuple(made)
    for name, score in made.items():
        values = np.concatenate([score(before), score(after)])
        assert found.loc[name, "auroc"] == pytest.approx(roc_auc_score(truth, values), abs=1e-12)
        ranks = np.corrcoef(
            [stats.rankdata(v) for v in (values, truth, np.concatenate([before["lead"], after["lead"]]))]
        )
        inverse = np.linalg.inv(ranks)
        expected = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
        assert found.loc[name, "partial"] == pytest.approx(expected, abs=1e-9)
    assert (found["low"] <= found["auroc"]).all()
    assert set(found["pairs"]) == {len(after)}


def test_only_successes_count():
    half = FRAME.copy()
    rows = half.index[half["family"] == "minimal"]
    half.loc[rows[::2], "success"] = False
    found = detection(half)
    assert found["success_rate"].iloc[0] == pytest.approx(0.5, abs=1 / len(rows))
    half.loc[rows, "success"] = False
    assert detection(half).empty


def test_an_example_without_its_clean_row_is_named():
    absent = FRAME[FRAME["family"] == "minimal"]["id"].iloc[0]
    with pytest.raises(GausslabError, match=f"no clean row of image {absent}"):
        detection(FRAME[(FRAME["family"] != "clean") | (FRAME["id"] != absent)])
