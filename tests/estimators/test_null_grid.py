"""Thinned laws, the shipped grid between and on its points, and that the grid does not rot."""

import json

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import polygamma

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators import DEFAULT_ESTIMATORS, ESTIMATORS, calibration, null_cache, null_grid, null_study
from gausslab.estimators.calibration import calibrating, null_laws
from gausslab.estimators.contract import Reading
from gausslab.estimators.measure import measure_allowed
from gausslab.estimators.moments import moment_biases
from gausslab.estimators.null_grid import FILE, SAMPLES, UNITS, NullGrid, Place
from gausslab.estimators.null_law import Draws, NullLaw, kept_ranks
from gausslab.seeding import numpy_generator


def law(values, variance=float("nan")):
    return NullLaw(np.sort(np.asarray(values, dtype=np.float64)), variance)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path))
    return tmp_path / "nulls"


@pytest.fixture
def shipped(monkeypatch):
    """Put a grid in the place of the one that is shipped."""

    def put(laws):
        grid = NullGrid(laws)
        monkeypatch.setattr(null_grid, "shipped_grid", lambda: grid)

    put({})
    return put


def drawing(calls=None):
    def draw(generator, count):
        if calls is not None:
            calls.append(count)
        return {"a": Draws(generator.standard_normal(count), 1.5)}

    return draw


# A law of which only some replicates are kept


@pytest.mark.parametrize("size", [39, 99, 100, 199, 1999, 4999])
def test_ranks_are_symmetric_and_keep_both_tails(size):
    ranks = kept_ranks(size)
    assert (ranks + ranks[::-1] == size + 1).all()
    assert (np.diff(ranks) > 0).all()
    tail = max(10, size // 50)
    assert ranks[:tail].tolist() == list(range(1, tail + 1))
    assert (np.diff(ranks) <= 0.1 * np.minimum(ranks[1:], size + 1 - ranks[:-1]) + 1).all()


def test_a_thinned_law_counts_its_tails_exactly_and_the_rest_nearly():
    whole = law(np.random.default_rng(0).standard_normal(1999), 2.0)
    thin = whole.thinned()
    tails = np.concatenate([whole.values[:40], whole.values[-40:], [-9.0, 9.0], whole.values[:39] + 1e-9])
    np.testing.assert_array_equal(thin.upper_p(tails), whole.upper_p(tails))
    np.testing.assert_array_equal(thin.lower_p(tails), whole.lower_p(tails))
    given = np.linspace(-3, 3, 1001)
    # between kept ones lies a tenth of the tail, 5 % of all at p = .5: three sd of its empirical bridge
    assert abs(thin.upper_p(given) - whole.upper_p(given)).max() < 3 * np.sqrt(0.05 / 4 / 1999)
    assert (thin.mean, thin.sd, thin.size, thin.monte_carlo_error) == (
        whole.mean,
        whole.sd,
        1999,
        whole.monte_carlo_error,
    )
    assert len(thin.values) < 200
    assert thin.p_value(9.0) == whole.p_value(9.0) == 2 / 2000


def test_p_values_count_replicates():
    whole = law([0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 3.0])
    given = np.array([-1.0, 0.0, 0.5, 1.0, 3.0, 4.0])
    at_least = [(whole.values >= value).sum() for value in given]
    at_most = [(whole.values <= value).sum() for value in given]
    assert (whole.upper_p(given) * 8 - 1).tolist() == at_least
    assert (whole.lower_p(given) * 8 - 1).tolist() == at_most


def test_ties_of_a_thinned_law_count_in_both_tails():
    whole = law(np.random.default_rng(0).integers(0, 4, 1999))
    thin = whole.thinned()
    np.testing.assert_allclose(thin.upper_p(np.arange(4.0)), whole.upper_p(np.arange(4.0)), atol=0.06)
    assert thin.upper_p(np.array([0.0]))[0] == 1
    assert thin.lower_p(np.array([3.0]))[0] == 1


def test_quantiles_are_those_of_weibulls_plotting_positions():
    whole = law(np.random.default_rng(0).standard_normal(199))
    levels = np.array([1, 7, 60, 100, 150.5, 199]) / 200
    expected = np.quantile(whole.values, levels, method="weibull")
    np.testing.assert_allclose(whole.quantile(levels), expected, rtol=1e-12)
    np.testing.assert_allclose(whole.thinned().quantile(levels[[0, 1, 5]]), expected[[0, 1, 5]], rtol=1e-12)


def test_what_was_not_kept_is_not_answered():
    whole = law(np.arange(999.0))
    thin = whole.thinned()
    assert whole.replicates is whole.values
    np.testing.assert_array_equal(thin.largest(20), whole.largest(20))
    with pytest.raises(ValueError, match=r"only \d+ of 999 replicates were kept"):
        thin.replicates  # noqa: B018
    with pytest.raises(ValueError, match="the 100 largest of 999 replicates were not all kept"):
        thin.largest(100)
    with pytest.raises(ValueError, match="the 1000 largest of 999"):
        whole.largest(1000)


def test_a_shortfall_of_a_thinned_law_is_that_of_the_whole():
    whole = law(np.random.default_rng(0).standard_normal(199) + 3, 2.0)
    first, second = (each.shortfall("gap", Reading(1.5, 2.0)) for each in (whole, whole.thinned()))
    names = ("value", "standard_error", "null_mean", "null_sd", "p_value")
    assert [getattr(first, name) for name in names] == pytest.approx([getattr(second, name) for name in names])
    assert first.value == pytest.approx(whole.mean - 1.5)


# Between the points of the grid


def gamma_laws(power, variance=float("nan")):
    """Laws whose mean and sd are powers of n and whose shape is that of a gamma law with sqrt(n) / 5 degrees."""
    levels = np.arange(1, 200) / 200
    found = {}
    for samples in (*SAMPLES, 350, 700, 3000, 7000):
        shape = stats.gamma(samples**0.5 / 5).ppf(levels)
        found[samples] = law(samples**power * (2 + (shape - shape.mean()) / shape.std(ddof=1)), variance / samples)
    return found


@pytest.mark.parametrize(("power", "accuracy"), [(-2.0, 1e-9), (-1.0, 1e-9), (-0.5, 2.2e-3), (0.0, 1e-9)])
@pytest.mark.parametrize("samples", [350, 700, 3000, 7000])
def test_power_laws_of_n_are_interpolated(power, accuracy, samples):
    exact = gamma_laws(power, 3.0)
    around = null_grid.around(samples, SAMPLES)
    found = null_grid.interpolated({each: exact[each].thinned() for each in around}, samples)
    assert found.origin == "interpolated"
    assert found.mean == pytest.approx(exact[samples].mean, rel=accuracy)
    assert found.sd == pytest.approx(exact[samples].sd, rel=1e-9)
    assert found.variance == pytest.approx(3.0 / samples, rel=1e-9)
    expected = exact[samples].thinned()
    shift = abs(found.mean - expected.mean)
    np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=5e-3 * found.sd + shift)
    assert found.size == 199


@pytest.mark.parametrize(("units", "accuracy"), [(4, 0.005), (32, 0.005), (128, 0.21)])
def test_the_exact_mean_of_the_moment_kl_is_met_as_well_as_the_docstring_says(units, accuracy):
    for samples in (260, 300, 350, 420, 700, 1400, 3000, 7000):
        nodes = null_grid.around(samples, SAMPLES)
        met = null_grid.node_weights(nodes, samples) @ [sum(moment_biases(each, units)) for each in nodes]
        trigammas = polygamma(1, (samples - np.arange(1, units + 1)) / 2)  # of the log determinant of a Wishart matrix
        spread = np.sqrt(trigammas.sum() - 2 * units / samples) / 2
        bound = accuracy if samples < 500 or units < 128 else 0.09 if samples < 1000 else 0.02
        assert abs(met - sum(moment_biases(samples, units))) < bound * spread


def test_a_mean_that_changes_sign_is_interpolated_as_it_is():
    laws = {samples: law(np.linspace(-1, 1, 199) / samples + np.log(samples / 900)) for samples in SAMPLES}
    found = NullGrid({Place("a", samples, 4): {"a": each} for samples, each in laws.items()}).laws("a/n=950/d=4")
    assert found["a"].mean == pytest.approx(np.log(950 / 900), abs=1e-9)


def test_the_error_of_an_interpolated_mean_is_that_of_its_parts():
    generator, samples = np.random.default_rng(0), 700
    means, errors = [], []
    for _ in range(400):
        laws = {n: law((5 + generator.standard_normal(99)) / n) for n in null_grid.around(samples, SAMPLES)}
        found = null_grid.interpolated(laws, samples)
        means.append(found.mean)
        errors.append(found.monte_carlo_error)
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.11)  # 3 standard errors of a spread of 400


def test_laws_of_unequal_replicates_meet_at_the_fewest():
    laws = {250: law(np.arange(199.0)), 500: law(np.arange(99.0)).thinned(), 1000: law(np.arange(99.0))}
    found = null_grid.interpolated(laws, 300)
    assert (found.size, len(found.values)) == (99, len(kept_ranks(99)))


# Where a law comes from


def test_a_grid_survives_its_file():
    generator = np.random.default_rng(0)
    laws = {
        Place("one/k=5", 500, 8): {"a": law(generator.standard_normal(199) + 1e4, 2.0), "b": law(generator.random(99))},
        Place("two", 250, None): {"a": law(generator.random(4999))},
    }
    content = null_grid.to_bytes(laws)
    assert content == null_grid.to_bytes(dict(reversed(laws.items())))
    grid = null_grid.read(content)
    assert set(grid.places) == set(laws)
    for key, place in (("one/k=5/n=500/d=8", 0), ("two/n=250", 1)):
        for name, whole in list(laws.values())[place].items():
            found, thin = grid.laws(key)[name], whole.thinned()
            assert (found.mean, found.sd, found.size, found.origin) == (thin.mean, thin.sd, thin.size, "shipped")
            assert found.variance == pytest.approx(whole.variance, nan_ok=True)
            np.testing.assert_allclose(found.values, thin.values, rtol=0, atol=1e-6 * thin.sd)


def test_cache_before_grid_before_drawing(folder, shipped):
    calls = []
    grid = {Place("a", samples, 4): {"a": law(np.linspace(-1, 1, 199))} for samples in SAMPLES}
    shipped(grid)
    assert null_laws("a/n=500/d=4", 50, drawing(calls))["a"].size == 199
    assert null_laws("a/n=700/d=4", 50, drawing(calls))["a"].origin == "interpolated"
    assert calls == []
    for beyond in ("a/n=249/d=4", "a/n=10001/d=4", "a/n=500/d=5", "b/n=500/d=4", "a/n=500", "a/d=4"):
        assert null_laws(beyond, 50, drawing(calls))["a"].origin == "drawn"
    assert calls == [50] * 6
    null_cache.write("a/n=500/d=4", {"a": law(np.arange(60.0))})
    assert null_laws("a/n=500/d=4", 50, drawing())["a"].size == 60
    assert null_laws("a/n=500/d=4", 61, drawing())["a"].size == 199


def test_a_grid_with_wide_gaps_is_not_interpolated(folder, shipped):
    shipped({Place("a", samples, 4): {"a": law(np.arange(99.0))} for samples in (250, 1000)})
    assert null_laws("a/n=500/d=4", 50, drawing())["a"].origin == "drawn"


@pytest.mark.parametrize("content", [b"", b"PK", None])
def test_a_grid_that_cannot_be_read_is_an_empty_one(content, folder, tmp_path, monkeypatch):
    file = tmp_path / "nulls.npz"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(null_grid, "FILE", file)
    null_grid.shipped_grid.cache_clear()
    try:
        assert null_laws("a/n=500/d=4", 50, drawing())["a"].origin == "drawn"
    finally:
        null_grid.shipped_grid.cache_clear()


def test_calibrating_draws_exact_laws_and_keeps_them(folder, shipped):
    calls = []
    shipped({Place("a", samples, 4): {"a": law(np.arange(199.0))} for samples in SAMPLES})
    with calibrating(299) as asked:
        for _ in range(2):
            assert null_laws("a/n=700/d=4", 50, drawing(calls))["a"].origin == "drawn"
        null_laws("a/n=500/d=4", 999, drawing(calls))
    assert calls == [299, 999]
    assert asked == ["a/n=700/d=4", "a/n=700/d=4", "a/n=500/d=4"]
    assert null_laws("a/n=700/d=4", 50, drawing(calls))["a"].size == 299
    assert len(calls) == 2


def test_calibrating_ends_also_after_an_exception(folder, shipped):
    with pytest.raises(KeyError), calibrating(299):
        raise KeyError
    assert null_laws("a/n=700/d=4", 50, drawing())["a"].size == 50


def test_the_dearest_laws_are_drawn_with_fewer(folder):
    with calibrating(199, fewest=79, work=1.3e6):
        counts = [calibration._budget.get().of_samples(work) for work in (1.0, 1e4, 1e9)]
    assert counts == [199, 119, 79]


def test_cheap_laws_are_drawn_many_times_over(folder):
    with calibrating(199, times=5):
        counts = [null_laws(f"{asked}/n=5", asked, drawing())["a"].size for asked in (50, 500, 1000)]
    assert counts == [199, 500, 5000]


@pytest.mark.parametrize("replicates", [39, 79, 119, 199, 1999])
def test_a_test_at_5_per_cent_can_reject_just_5_per_cent(replicates):
    """Ranks of a value among B exact replicates are uniform: the share of ranks with p <= 0.05 is 0.05."""
    assert calibration.level_exact(replicates) == replicates
    law = NullLaw(np.arange(float(replicates)))
    p = np.array([law.p_value(value) for value in np.arange(replicates + 1) - 0.5])
    assert (p <= 0.05 + 1e-12).mean() == pytest.approx(0.05)


@pytest.mark.parametrize("replicates", [0, 38])
def test_too_few_replicates_for_a_test_are_refused(replicates):
    with (
        pytest.raises(ConfigError, match=f"at least 39 replicates are needed .* got {replicates}"),
        calibrating(replicates),
    ):
        pass


# How the grid is made


@pytest.fixture
def cells(folder, monkeypatch):
    monkeypatch.setattr(null_study, "REPLICATES", 39)
    monkeypatch.setattr(null_study, "FEWEST", 39)
    monkeypatch.setattr(null_study, "TIMES", 1)
    return [null_study.Cell(250, 2), null_study.Cell(250, 4)]


NAMES = ("moment_kl", "jarque_bera")


def test_cells_are_the_grid_cheap_ones_first():
    cells = null_study.cells()
    assert set(cells) == {(samples, units) for samples in SAMPLES for units in UNITS}
    assert cells[0] == (250, 1) and cells[-1] == (10_000, 128)


def test_a_grid_is_drawn_once_and_collected(cells, folder, tmp_path):
    lines = []
    null_study.draw(cells[:1], lines.append, NAMES)
    assert [line.split()[:2] for line in lines] == [["n250-d2", name] for name in NAMES]
    files = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    null_study.draw(cells, lines.append, NAMES)
    assert {path: path.stat().st_mtime_ns for path in files} == files
    count = null_study.collect(tmp_path / "grid.npz")
    grid = null_grid.read((tmp_path / "grid.npz").read_bytes())
    parts = {Place(family, 250, units) for family in ("moments", "moment-parts") for units in (2, 4)}
    assert set(grid.places) == {*parts, Place("jarque_bera", 250, None)}
    assert len(grid.laws("moment-parts/n=250/d=4")) == 2
    assert count == 2 * (1 + 2) + 1
    record = json.loads((tmp_path / "grid.json").read_text())
    assert record["replicates"] == {"jarque_bera": [20_000] * 2, "moment-parts": [39, 39], "moments": [39, 39]}


def test_a_cell_at_which_another_is_at_work_is_left_to_it(cells, monkeypatch):
    from filelock import FileLock

    lines = []
    null_study.draw(cells[:1], lines.append, NAMES)
    with FileLock(null_cache.cache_folder().parent / "cells" / "n250-d4.lock"):
        null_study.draw(cells[1:], lines.append, NAMES)
    assert len(lines) == 2


def test_what_an_estimator_refuses_is_noted(cells, folder, monkeypatch):
    def refusing(x):
        raise EstimatorError("never")

    monkeypatch.setitem(ESTIMATORS, "jarque_bera", lambda: refusing)
    null_study.draw(cells[:1], lambda line: None, NAMES)
    note = json.loads((folder.parent / "cells" / "n250-d2.json").read_text())
    assert note["refusals"] == ["never"] and note["keys"]


def test_nothing_to_collect_is_said(folder):
    with pytest.raises(null_study.RunError, match="no null laws to collect"):
        null_study.collect()


# That the shipped grid does not rot

SHIPPED = pytest.mark.skipif(not FILE.exists(), reason="the grid of null laws has not been made")


def normal(samples, units):
    return torch.randn(samples, units, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@SHIPPED
def test_the_shipped_grid_is_whole():
    covered: dict[str, set[tuple[int | None, int | None]]] = {}
    for place in null_grid.shipped_grid().places:
        covered.setdefault(place.family, set()).add((place.samples, place.units))
    for family, found in covered.items():
        samples, units = ({each[axis] for each in found} for axis in (0, 1))
        assert len(found) == len(samples) * len(units), family
        assert units in ({None}, set(UNITS)), family


@SHIPPED
@pytest.mark.parametrize(("samples", "units"), [(250, 1), (250, 4), (500, 8), (700, 2)])
def test_every_default_estimator_finds_its_null_laws_in_the_shipped_grid(samples, units, folder, monkeypatch):
    """If it fails: `python studies/null_grid/study.py draw`, then `collect`, as studies/null_grid/README.md says."""
    missing = []

    def refuse(seed, stream):
        if Place.of(stream.rpartition("/B=")[0]).samples is None:  # no law of samples: drawn by everyone for themselves
            return numpy_generator(seed, stream)
        missing.append(stream)
        raise EstimatorError(stream)

    monkeypatch.setattr(calibration, "numpy_generator", refuse)
    measure_allowed(normal(samples, units), DEFAULT_ESTIMATORS, {})
    assert missing == []


@SHIPPED
def test_the_shipped_laws_are_those_of_todays_code(folder, monkeypatch):
    """Redrawn from other random numbers; 5 standard errors of a mean, since there are a hundred laws."""
    monkeypatch.setattr(calibration.Budget, "of_own", lambda self, asked: min(asked, 999))
    monkeypatch.setattr(calibration, "numpy_generator", lambda seed, stream: numpy_generator(1, stream))
    with calibrating(39) as asked:
        for name in DEFAULT_ESTIMATORS:
            ESTIMATORS[name]()(normal(250, 2))
    for key in (key for key in dict.fromkeys(asked) if Place.of(key).samples is not None):
        shipped_laws, fresh = null_grid.shipped(key), null_cache.read(key, 1)
        assert set(shipped_laws) == set(fresh), key
        for name, found in fresh.items():
            known = shipped_laws[name]
            error = np.hypot(found.monte_carlo_error, known.monte_carlo_error)
            assert abs(found.mean - known.mean) < 5 * error, (key, name)
            assert 0.4 < found.sd / known.sd < 2.5, (key, name)
