"""Printed numbers, cell by cell from the thesis's Tables 2.1 and 2.2; what cannot be read is absent."""

import math

import pytest

from gausslab.presets import ROWS
from gausslab.scoreboard.published import printed, published

TABLE_2_2 = [
    ("vae", "isotropic", 106.37, 48.12),
    ("cv-vae", "isotropic", 94.75, 48.87),
    ("wae", "isotropic", 117.44, 53.67),
    ("2svae", "second-stage", 109.77, 49.70),
    ("eae", "isotropic", 85.26, 44.63),
    ("rae", "mvg", 83.87, 48.20),
    ("rae-gp", "mvg", 83.05, 116.30),
    ("ae-l2", "mvg", 247.48, 346.29),
    ("eae", "mvg", 80.07, 42.92),
    ("vae", "gmm", 103.78, 45.52),
    ("rae-sn", "gmm", 75.30, 40.95),
    ("ae", "gmm", 76.47, 45.10),
    ("eae", "gmm", 73.12, 39.76),
]


@pytest.mark.parametrize(("row", "sampler", "cifar10", "celeba"), TABLE_2_2)
def test_printed_samples(row, sampler, cifar10, celeba):
    assert [printed(data, row, sampler, "samples") for data in ("cifar10", "celeba")] == [cifar10, celeba]


def test_printed_reconstructions():
    assert printed("cifar10", "eae", "", "reconstructions") == 29.77
    assert printed("celeba", "2svae", "second-stage", "reconstructions") == 42.04


def test_unreadable_digits_are_absent_with_their_reason():
    assert math.isnan(printed("celeba", "bn-ae", "isotropic", "samples"))
    unread = published()[published()["value"].isna()]
    assert len(unread) == 4
    assert unread["source"].str.contains("unreadable").all()


def test_what_nobody_printed_is_none():
    assert printed("mnist", "eae", "isotropic", "samples") is None


def test_every_printed_row_is_a_row_here():
    assert set(published()["row"]) <= set(ROWS)
