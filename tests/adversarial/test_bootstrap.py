"""The bootstrap against a double loop, scipy and known standard errors."""

import math
import statistics

import numpy as np
import pytest
from scipy import stats

from gausslab.adversarial import bootstrap
from gausslab.adversarial.bootstrap import difference_bootstrap, paired_bootstrap, standardised_difference
from gausslab.errors import EstimatorError
from gausslab.seeding import numpy_generator

CHANGES = np.random.default_rng(0).normal(-0.3, 1.0, 60)


def _loop(rows: np.ndarray) -> dict[str, list[float]]:
    """Every statistic of every resample by the standard library."""
    found: dict[str, list[float]] = {"mean_difference": [], "standardised_effect": [], "share_lower": []}
    for row in rows:
        taken = [float(CHANGES[k]) for k in row]
        found["mean_difference"].append(statistics.fmean(taken))
        found["standardised_effect"].append(statistics.fmean(taken) / statistics.stdev(taken))
        found["share_lower"].append(sum(value < 0 for value in taken) / len(taken))
    return found


@pytest.mark.parametrize("block", [1 << 20, 500], ids=["one block", "many"])
def test_is_the_double_loop_over_the_same_resamples(monkeypatch, block):
    monkeypatch.setattr(bootstrap, "BLOCK", block)
    found = paired_bootstrap(CHANGES, numpy_generator(0, "made"), draws=100)
    expected = _loop(numpy_generator(0, "made").integers(60, size=(100, 60)))
    for name, values in expected.items():
        assert found[name].standard_error == pytest.approx(statistics.stdev(values), rel=1e-9)
        assert (found[name].low, found[name].high) == pytest.approx(np.quantile(values, [0.025, 0.975]), rel=1e-9)
    assert found["mean_difference"].value == pytest.approx(CHANGES.mean())
    assert found["standardised_effect"].value == pytest.approx(CHANGES.mean() / CHANGES.std(ddof=1))
    assert found["share_lower"].value == (CHANGES < 0).mean()


def test_is_scipys_percentile_interval():
    """2000 draws know a 2.5 % quantile to about 5 % of the standard error: four of it, twice."""
    found = paired_bootstrap(CHANGES, np.random.default_rng(1))["mean_difference"]
    expected = stats.bootstrap((CHANGES,), np.mean, n_resamples=2000, method="percentile", rng=np.random.default_rng(2))
    assert found.standard_error == pytest.approx(expected.standard_error, rel=0.1)
    for one, other in zip((found.low, found.high), expected.confidence_interval, strict=True):
        assert one == pytest.approx(other, abs=0.3 * found.standard_error)


def test_standard_errors_are_the_known_ones():
    """Of a mean, of Cohen's d and of a share, to 10 %: the bootstrap's own error and terms of order 1/n."""
    changes = np.random.default_rng(3).normal(-0.5, 1.0, 400)
    found = paired_bootstrap(changes, np.random.default_rng(4))
    effect, share = found["standardised_effect"].value, found["share_lower"].value
    assert found["mean_difference"].standard_error == pytest.approx(changes.std() / 20, rel=0.1)
    assert found["standardised_effect"].standard_error == pytest.approx(math.sqrt((1 + effect**2 / 2) / 400), rel=0.1)
    assert found["share_lower"].standard_error == pytest.approx(math.sqrt(share * (1 - share) / 400), rel=0.1)


def test_the_same_seed_gives_the_same_interval():
    one, two = (paired_bootstrap(CHANGES, numpy_generator(7, "made"), 200) for _ in range(2))
    assert one == two


def test_the_difference_of_two_samples():
    first, second = np.random.default_rng(5).normal(0.4, 1, 300), np.random.default_rng(6).normal(0, 2, 200)
    found = difference_bootstrap(first, second, np.random.default_rng(7))
    pooled = math.sqrt((statistics.variance(first.tolist()) + statistics.variance(second.tolist())) / 2)
    assert found.value == pytest.approx((first.mean() - second.mean()) / pooled)
    expected = stats.bootstrap(
        (first, second),
        standardised_difference,
        n_resamples=500,
        method="percentile",
        vectorized=False,
        rng=np.random.default_rng(8),
    )
    assert found.standard_error == pytest.approx(expected.standard_error, rel=0.15)  # 500 draws: four times 3.2 %


def test_nothing_changes():
    found = paired_bootstrap(np.zeros(5), np.random.default_rng(0), 100)
    assert [each.value for each in found.values()] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("changes", "draws", "text"),
    [
        (np.zeros(1), 100, "at least 2 examples, got 1"),
        (np.full(3, np.nan), 100, "finite"),
        (np.zeros(3), 10, "draws must be at least 100, got 10"),
    ],
)
def test_what_cannot_be_resampled(changes, draws, text):
    with pytest.raises(EstimatorError, match=text):
        paired_bootstrap(changes, np.random.default_rng(0), draws)
