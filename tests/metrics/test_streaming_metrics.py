"""Streams against estimators on all samples, merging in any order, and what torchmetrics asks of a metric."""

import math
import pickle

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators import measure
from gausslab.estimators.characteristic import trapezoid
from gausslab.estimators.sliced import SlicedEppsPulley, random_directions, sliced_epps_pulley
from gausslab.metrics import MomentMetric, RadialMetric, ReservoirMetric, SlicedEppsPulleyMetric

EXACT = {"moments": MomentMetric, "radial": RadialMetric, "sliced": SlicedEppsPulleyMetric}
EVERY = pytest.mark.parametrize("kind", [*EXACT.values(), ReservoirMetric])
MERGED = pytest.mark.parametrize("kind", EXACT.values())


def drawn(samples, units, seed=0):
    generator = np.random.default_rng(seed)
    mixing = np.eye(units) + 0.2 * generator.standard_normal((units, units))
    return torch.from_numpy(0.3 + generator.standard_normal((samples, units)) @ mixing)


def fed(metric, *batches):
    for batch in batches:
        metric.update(batch)
    return metric


def close(first, second, accuracy=1e-11):
    torch.testing.assert_close(first, second, rtol=accuracy, atol=accuracy)


def value(table, estimator, statistic="statistic"):
    row = table[(table["estimator"] == estimator) & (table["statistic"] == statistic)]
    return row["value"].item()


@pytest.fixture(scope="module")
def x():
    return drawn(300, 5)


@pytest.fixture(scope="module")
def table(x):
    return measure(x, ["moment_kl", "radial_spread", "radial_ks"])


def test_moments_are_those_of_numpy_and_of_the_estimator(x, table):
    found = fed(MomentMetric(5), *x.split(37)).compute()
    np.testing.assert_allclose(found["mean"], x.numpy().mean(0), rtol=1e-13)
    np.testing.assert_allclose(found["covariance"], np.cov(x.numpy().T), rtol=1e-12)
    assert found["moment_kl"].item() == pytest.approx(value(table, "moment_kl"), rel=1e-11)
    for statistic in ("debiased", "mean_scale", "correlation"):
        assert found[statistic].item() == pytest.approx(value(table, "moment_kl", statistic), rel=1e-11)


def test_moments_do_not_cancel_far_from_zero():
    far = drawn(400, 3) + 1e7
    found = fed(MomentMetric(3), *far.split(50)).compute()["covariance"]
    # what is left is the rounding of the samples themselves
    np.testing.assert_allclose(found, np.cov((far - 1e7).numpy().T), rtol=1e-8)


def test_a_singular_covariance_is_infinitely_far(x):
    few = fed(MomentMetric(5), x[:4]).compute()
    assert {few[name].item() for name in ("moment_kl", "debiased", "mean_scale", "correlation")} == {math.inf}
    constant = x.clone()
    constant[:, 2] = 1.0
    assert fed(MomentMetric(5), constant).compute()["moment_kl"] == math.inf
    dependent = x.clone()
    dependent[:, 2] = x[:, 0] - x[:, 1]
    assert fed(MomentMetric(5), dependent).compute()["moment_kl"] == math.inf


def test_radii_are_those_of_the_estimators(x, table):
    found = fed(RadialMetric(5), *x.split(41)).compute()
    assert found["radial_spread"].item() == pytest.approx(value(table, "radial_spread"), rel=1e-12)
    assert 0 <= value(table, "radial_ks") - found["radial_ks"].item() <= 1 / 4096
    levels = stats.chi.cdf(x.norm(dim=1).numpy(), 5)
    np.testing.assert_array_equal(found["histogram"], np.histogram(levels, 4096, (0, 1))[0])


def test_the_sliced_statistic_is_that_of_all_samples(x):
    along = random_directions(5, 32, torch.Generator().manual_seed(7))
    stream = SlicedEppsPulleyMetric(5, directions=32, seed=7)
    assert fed(stream, *x.split(29)).compute().item() == pytest.approx(sliced_epps_pulley(x, along).item(), rel=1e-6)
    trained = SlicedEppsPulleyMetric(5, directions=32, seed=7, limit=3.0, points=17)
    expected = sliced_epps_pulley(x, along, trapezoid()).item()
    assert fed(trained, *x.split(29)).compute().item() == pytest.approx(expected, rel=1e-11)


def test_the_sliced_statistic_has_the_estimators_directions(x):
    reading = SlicedEppsPulley().readings(x)["statistic"].value
    assert fed(SlicedEppsPulleyMetric(5), x).compute().item() == pytest.approx(reading, rel=1e-6)


@MERGED
def test_batches_order_and_merging_do_not_matter(kind, x):
    whole = fed(kind(5), x).compute()
    close(fed(kind(5), *reversed(x.split(17))).compute(), whole)
    parts = [fed(kind(5), *part.split(23)) for part in x.split([10, 190, 100])]
    first = kind(5)
    for part in parts:
        first.merge_state(part)
    close(first.compute(), whole)


@EVERY
def test_empty_parts_count_for_nothing(kind, x):
    alone = fed(kind(5), x[:50])
    expected = alone.compute()
    alone.update(x[:0])
    alone.merge_state(kind(5))
    close(alone.compute(), expected, 0)


@MERGED
def test_forward_gives_the_batch_and_keeps_the_stream(kind, x):
    metric = kind(5)
    for batch in x.split(100):
        close(metric(batch), fed(kind(5), batch).compute())
    close(metric.compute(), fed(kind(5), x).compute())


@EVERY
def test_what_torchmetrics_promises(kind, x):
    metric = fed(kind(5), x[:100])
    before = metric.compute()
    close(pickle.loads(pickle.dumps(metric)).compute(), before, 0)
    close(metric.clone().compute(), before, 0)
    metric.update(x[100:])
    metric.reset()
    if kind is not ReservoirMetric:
        close(fed(metric, x[:100]).compute(), before, 0)
    assert metric.update_count == (0 if kind is ReservoirMetric else 1)


@EVERY
def test_states_stay_in_double_precision(kind, x):
    metric = fed(kind(5), x[:100])
    before = metric.compute()
    torch.nn.ModuleDict({"metric": metric}).to(torch.bfloat16).half()
    metric.update(x[:0])
    close(metric.compute(), before, 0)
    single = fed(kind(5), x[:100].float())
    close(single.compute(), fed(kind(5), x[:100].float().double()).compute(), 0)


@EVERY
def test_samples_that_cannot_be_used(kind, x):
    name = kind.__name__
    with pytest.raises(EstimatorError, match=rf"{name}: expected samples x 5 units, got shape \(300, 4\)"):
        kind(5).update(x[:, :4])
    with pytest.raises(EstimatorError, match=rf"{name}: expected finite values, got NaN or infinity in 2 samples"):
        kind(5).update(torch.cat([x, torch.full((2, 5), math.nan)]))
    with pytest.raises(ConfigError, match=f"{name}: units must be at least 1, got 0"):
        kind(0)
    with pytest.raises(ConfigError, match=f"{name}: expected to merge with units=5.*, got units=4"):
        kind(5).merge_state(kind(4))


@MERGED
def test_too_few_samples(kind):
    least = 1 if kind is SlicedEppsPulleyMetric else 2
    metric = kind(3)
    metric.update(torch.empty(0, 3))
    with pytest.raises(EstimatorError, match=f"{kind.__name__}: expected at least {least} sample"):
        metric.compute()


def test_parameters_are_checked():
    with pytest.raises(ConfigError, match="RadialMetric: bins must be at least 2, got 1"):
        RadialMetric(3, bins=1)
    with pytest.raises(ConfigError, match="directions must be at least 1, got 0"):
        SlicedEppsPulleyMetric(3, directions=0)
    with pytest.raises(ConfigError, match="points must be at least 2, got 1"):
        SlicedEppsPulleyMetric(3, points=1)
    with pytest.raises(ConfigError, match="limit must be at least 1, got 0"):
        ReservoirMetric(3, limit=0)
    with pytest.raises(ConfigError, match="at most 2048 units have their covariance kept, got 2049"):
        MomentMetric(2049)
