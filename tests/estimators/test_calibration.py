"""Null laws: cached equals fresh, damage is repaired, p-values are add-one and two-sided."""

import numpy as np
import pytest
import torch

from gausslab.estimators.calibration import Draws, NullLaw, cache_folder, null_laws, null_laws_of_samples
from gausslab.estimators.contract import Reading
from gausslab.estimators.entropy import plain_null


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path))
    return tmp_path / "nulls"


def drawing(calls):
    def draw(generator, count):
        calls.append(count)
        return {"a": Draws(generator.standard_normal(count), 1.5), "b": Draws(generator.random(count))}

    return draw


def test_a_cached_law_is_the_fresh_one_bit_for_bit(folder):
    calls = []
    fresh = null_laws("test", 50, drawing(calls))
    cached = null_laws("test", 50, drawing(calls))
    assert calls == [50]
    assert [path.parent for path in folder.iterdir()] == [folder]
    for name in fresh:
        assert (fresh[name].replicates == cached[name].replicates).all()
    assert cached["a"].variance == 1.5
    assert np.isnan(cached["b"].variance)


def test_laws_of_a_real_statistic_do_not_depend_on_the_cache(folder):
    fresh = plain_null(40, 9, 2)["entropy"]
    cached = plain_null(40, 9, 2)["entropy"]
    next(folder.iterdir()).unlink()
    again = plain_null(40, 9, 2)["entropy"]
    assert fresh.replicates.tolist() == cached.replicates.tolist() == again.replicates.tolist()
    assert fresh.variance == cached.variance == again.variance


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[1]", b'{"key": "other", "laws": {}}', b"\xff\xfe", b'{"laws": {"a": 1}}']
)
def test_an_entry_that_cannot_be_read_is_drawn_again(folder, damage):
    calls = []
    fresh = null_laws("test", 50, drawing(calls))
    path = next(folder.iterdir())
    whole = path.read_bytes()
    path.write_bytes(damage)
    assert (null_laws("test", 50, drawing(calls))["a"].replicates == fresh["a"].replicates).all()
    assert calls == [50, 50]
    assert path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("GAUSSLAB_CACHE", str(blocked))
    assert len(null_laws("test", 50, drawing([]))["a"].replicates) == 50


def test_the_cache_lies_where_the_user_says(folder, monkeypatch):
    assert cache_folder() == folder
    monkeypatch.delenv("GAUSSLAB_CACHE")
    assert cache_folder().name == "nulls"
    assert "gausslab" in cache_folder().parts


def test_keys_do_not_share_numbers(folder):
    first, second = (null_laws(key, 50, drawing([]))["a"].replicates for key in ("one", "two"))
    assert not np.isin(first, second).any()


def test_fewer_replicates_where_they_are_dear(folder):
    def readings(x):
        return {"mean": Reading(float(x.mean()), 0.1)}

    counts = [
        len(null_laws_of_samples(f"m{work}", 5, 2, readings, work)["mean"].replicates) for work in (1.0, 1.4e10, 1e13)
    ]
    assert counts == [119, 39, 39]


def test_p_values_are_two_sided_and_never_zero():
    law = NullLaw(np.arange(99.0))
    assert law.p_value(-5.0) == law.p_value(200.0) == 2 / 100
    assert law.p_value(49.0) == 1
    assert law.p_value(94.5) == law.p_value(3.5) == 2 * 5 / 100
    assert law.monte_carlo_error == pytest.approx(law.sd / np.sqrt(99))


def test_threads_do_not_change_a_law(folder):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = plain_null(100, 12, 5)["divergence"].replicates
        next(folder.iterdir()).unlink()
        torch.set_num_threads(2)
        two = plain_null(100, 12, 5)["divergence"].replicates
    finally:
        torch.set_num_threads(threads)
    assert (one == two).all()
