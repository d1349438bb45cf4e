"""The study of peers on tiny cases: what differs by how much, and that finished rows are kept."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

STUDY = Path(__file__).parents[2] / "studies" / "peers" / "study.py"


@pytest.fixture
def loaded(monkeypatch):
    spec = importlib.util.spec_from_file_location("peers_study", STUDY)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "peers_study", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def study(loaded, monkeypatch):
    monkeypatch.setattr(loaded, "fresh", lambda environment, function, *arguments: function(*arguments))
    return loaded


@pytest.fixture
def calls(study, monkeypatch):
    """A list that notes every call of ours; three cases: a number, a test, and a peer that cannot."""
    noted = []

    def ours(x):
        noted.append(len(x))
        return np.array([[2.0, 0.5], [4.0, 1e-9]])

    def peer(x):
        return np.array([[2.0, 0.25], [5.0, 2e-9]])

    sizes = {"samples": 20, "units": 2}
    every = [
        study.Case(quantity="a", package="numpy", ours=ours, peer=peer, **sizes),
        study.Case(quantity="b", package="numpy", ours=ours, peer=peer, test=True, clock="wall", **sizes),
        study.Case(quantity="c", package="numpy", ours=ours, peer=None, note="too large", **sizes),
        study.Case(quantity="d", package="not-a-package", ours=ours, peer=peer, **sizes),
    ]
    monkeypatch.setattr(study, "cases", lambda: iter(every))
    monkeypatch.setattr(study, "peak", lambda index, of_peer: 1.0)
    for name in study.THREADS:
        monkeypatch.setenv(name, "1")
    return noted


def test_statistics_and_p_values_differ_each_by_their_own(study):
    first, second = np.array([[2.0, 0.5], [4.0, 1e-9]]), np.array([[2.0, 0.25], [5.0, 2e-9]])
    found = study.differences(first, second, True)
    assert found == {"largest_relative_difference": 0.25, "largest_p_difference": 0.25}
    assert study.differences(first, second, False) == {"largest_relative_difference": 1.0}
    assert study.differences(first[0], second[0], True)["largest_p_difference"] == 0.25


def test_a_row_is_saved_when_done_and_not_measured_again(study, calls, tmp_path):
    runs = tmp_path / "runs"
    study.main(tmp_path, runs)
    table = pd.read_csv(tmp_path / "peers.csv").set_index("quantity")
    assert table["largest_relative_difference"][["a", "b"]].tolist() == [1.0, 0.25]
    assert table["largest_p_difference"]["b"] == 0.25
    assert table["clock"].tolist() == ["CPU", "wall", "CPU", "CPU"]
    assert table["seconds"]["c"] > 0 and np.isnan(table["peer_seconds"]["c"])
    assert table["note"][["c", "d"]].tolist() == ["too large", "not installed"]
    assert len(list(runs.glob("*.json"))) == 3  # what is not installed may be, the next time
    assert set(json.loads((tmp_path / "provenance.json").read_text())["rows"]) == {
        "a-numpy-20x2", "b-numpy-20x2", "c-numpy-20x2", "d-not-a-package-20x2",
    }  # fmt: skip
    before, written = len(calls), (tmp_path / "peers.csv").read_bytes()
    (runs / "b-numpy-20x2.json").unlink()
    study.main(tmp_path, runs)
    assert len(calls) == before + study.REPEATS
    assert pd.read_csv(tmp_path / "peers.csv")["quantity"].tolist() == ["a", "b", "c", "d"]
    study.main(tmp_path, runs)
    assert len(calls) == before + study.REPEATS
    assert len((tmp_path / "peers.csv").read_bytes()) == pytest.approx(len(written), abs=40)


def test_an_interrupted_study_keeps_what_it_has(study, calls, tmp_path, monkeypatch):
    compare = study.compare

    def interrupted(case):
        if case.quantity == "b":
            raise KeyboardInterrupt
        return compare(case)

    monkeypatch.setattr(study, "compare", interrupted)
    with pytest.raises(KeyboardInterrupt):
        study.main(tmp_path, tmp_path / "runs")
    assert [file.name for file in (tmp_path / "runs").iterdir()] == ["a-numpy-20x2.json"]


def test_the_cases_are_named_apart_and_have_what_the_issue_asks_for(study):
    cases = list(study.cases())
    assert len({case.name for case in cases}) == len(cases)
    large = next(case for case in cases if (case.quantity, case.samples) == ("henze_zirkler", 50_000))
    assert large.peer is None and "20 GB" in large.note  # 8 * 50,000^2 bytes
    two = next(case for case in cases if "two threads" in case.quantity)
    assert (two.samples, two.units, two.clock) == (50_000, 128, "wall")


def test_a_case_has_its_own_environment(loaded, monkeypatch):
    monkeypatch.setenv("GAUSSLAB_MADE_UP", "before")
    found = loaded.fresh({"GAUSSLAB_MADE_UP": "within"}, os.getenv, "GAUSSLAB_MADE_UP")
    assert (found, os.environ["GAUSSLAB_MADE_UP"]) == ("within", "before")


def test_samples_are_the_same_each_time_and_offset(study):
    case = next(case for case in study.cases() if case.offset)
    np.testing.assert_array_equal(case.x, case.x)
    assert case.x.mean() == pytest.approx(1000, abs=0.1)


def test_two_threads_find_the_same_and_leave_nothing_behind(study):
    import torch

    x, before = np.random.default_rng(0).standard_normal((400, 12)), torch.get_num_threads()
    np.testing.assert_array_equal(study.threaded(2)(x), study.threaded(1)(x))
    assert torch.get_num_threads() == before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_peak_is_that_of_the_call(study, monkeypatch):
    def hungry(x):
        return np.ones(8_000_000).sum()  # 64 MB: more than 32 are always new memory

    case = study.Case(quantity="a", package="numpy", samples=400, units=2, ours=hungry, peer=None)
    monkeypatch.setattr(study, "cases", lambda: iter([case]))
    assert study.peak(0, False) == pytest.approx(8 * 8e6 / 2**20, abs=6)
    assert study.peak(0, True) is None
