"""The study of flows on shells, on a plan of seconds: what is saved is not made again, and the tables can be judged."""

import numpy as np
import pytest
import torch

from gausslab.errors import EstimatorError
from gausslab.flows import FlowConfig
from gausslab.flows.answers import answer
from gausslab.seeding import torch_generator
from gausslab.studies.shells import BINS, Fit, ShellPlan, fit_all, fits, samples_of

pytest.importorskip("zuko")

PLAN = ShellPlan(
    units=(2, 3),
    kinds=("realnvp",),
    slopes=(1e-3, 0.5),
    bounded=("relative-shell",),
    seeds=(0, 1),
    stages=(1, 2),
    samples=120,
    unseen=200,
    drawn=150,
    flow=FlowConfig(transforms=2, hidden=(4,), batch=60),
)


def codes():
    return torch.randn(300, 5, generator=torch_generator(0, "codes"))


def never():
    raise AssertionError


def test_every_target_once_and_bounds_where_they_are_asked_for():
    names = [fit.name for fit in fits(PLAN, 5)]
    assert len(names) == len(set(names)) == 2 * ((3 + 1) * 2 + 1)  # seeds, shells and control and bound, units, codes
    assert sum("slope0.5" in name for name in names) == 4 == sum("relative" in name and "0.5" in name for name in names)


def test_kinds_and_bounds_meet_the_same_samples_and_seeds_others():
    one, two, three = (
        samples_of(Fit(target="gaussian", units=2, kind=kind, slope=slope, seed=seed), PLAN, never)
        for kind, slope, seed in (("realnvp", 1e-3, 0), ("glow", 0.5, 0), ("realnvp", 1e-3, 1))
    )
    assert torch.equal(one.given, two.given) and torch.equal(one.unseen, two.unseen)
    assert not torch.equal(one.given, three.given)
    of_codes = samples_of(Fit(target="codes", units=5, kind="glow", slope=1e-3, seed=0), PLAN, codes)
    both = torch.cat([of_codes.given, of_codes.unseen])
    assert len(torch.unique(both, dim=0)) == len(both) == 300  # all of them, none in both parts
    with pytest.raises(EstimatorError, match="expected at least 240 codes of 4 units, got 300 of 5"):
        samples_of(Fit(target="codes", units=4, kind="glow", slope=1e-3, seed=0), PLAN, codes)


def test_what_is_saved_is_not_fitted_again_and_the_tables_are_complete(tmp_path):
    said, again = [], []
    rows, binned = fit_all(PLAN, 5, codes, tmp_path, said.append)
    kept = next(tmp_path.rglob("codes-*-s1.csv"))
    content = kept.read_bytes()
    kept.unlink()  # as a killed study leaves it: the radii are there, the mark of completion is not
    once_more, binned_again = fit_all(PLAN, 5, codes, tmp_path, again.append)
    assert len(said) == 18 and again == ["1 of 1: codes-d5-realnvp-slope0.001-s1"]
    assert kept.read_bytes() == content
    assert once_more.equals(rows) and binned_again.equals(binned)
    assert len(rows) == 18 * 2 * 9 and len(binned) == 18 * BINS
    gaps = rows[rows["statistic"] == "gap"]
    assert (gaps["value"].isna() == (gaps["target"] == "codes")).all()
    gaussian = rows[(rows["target"] == "gaussian") & (rows["statistic"] == "inside") & (rows["level"] == 0.05)]
    assert np.allclose(gaussian["gaussian"], 1, atol=1.1)  # 10 of 200 radii: 4 standard errors are 1.3
    assert answer(rows).startswith("H8 inside: ")
