"""The thesis's orderings on made distances."""

import pandas as pd
from made_scores import scores

from gausslab.scoreboard.orderings import orderings, report

BEST, GOOD, BAD = [1.0, 1.1, 1.2], [2.0, 2.2, 2.1], [9.0, 9.3, 9.1]
TABLE = pd.concat(
    [
        scores({"eae": GOOD, "vae": BAD, "wae": BEST, "eae-map": [2.0, 2.3, 2.0]}, sampler="isotropic"),
        scores({"2svae": BAD}, sampler="second-stage"),
        scores({"eae": BEST, "rae": GOOD, "vae": BAD}, sampler="gmm"),
    ],
    ignore_index=True,
).assign(data="cifar10")


def verdicts():
    return {(each.claim.split(" ")[0], each.better, each.worse): each.verdict for each in orderings(TABLE)}


def test_what_is_held_reversed_and_undecided():
    found = verdicts()
    assert found["entropy", ("eae", "isotropic"), ("vae", "isotropic")] == "held"
    assert found["entropy", ("eae", "isotropic"), ("wae", "isotropic")] == "reversed"
    assert found["entropy", ("eae", "isotropic"), ("2svae", "second-stage")] == "held"
    assert found["density", ("eae", "gmm"), ("rae", "gmm")] == "held"
    assert found["ex", ("eae", "gmm"), ("eae", "isotropic")] == "held"
    assert found["ex", ("vae", "gmm"), ("vae", "isotropic")] == "undecided"
    assert found["map", ("eae-map", "isotropic"), ("eae", "isotropic")] == "undecided"


def test_claims_without_their_cells_are_left_out():
    assert ("entropy", ("eae", "isotropic"), ("cv-vae", "isotropic")) not in verdicts()
    assert len(verdicts()) == 7


def test_the_report_counts_and_ranks():
    lines = report(TABLE, "cifar10")
    assert lines[0] == "cifar10, entropy: 2 held, 0 undecided, 1 reversed"
    assert "  reversed: EAE (isotropic) 2.1 against WAE-MMD (isotropic) 1.1, difference -1 ± " in lines[2]
    ranks = [line for line in lines if "ranks of" in line]
    assert ranks[0].startswith("cifar10, ranks of 4 rows by isotropic against the printed ones: tau ")
