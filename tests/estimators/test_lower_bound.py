"""The held-out bound: known divergences, closed forms and brute loops are the references."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators import lower_bound
from gausslab.estimators.ladder import DEFAULT_RUNGS
from gausslab.estimators.lower_bound import KLLowerBound, bound, in_own_order, mean_error, preferred, split_ratio_p
from gausslab.laws import get, rotation
from gausslab.seeding import numpy_generator

CHEAP = ("gaussian", "independent_units")


def drawn(law, samples, units, seed=0):
    return torch.from_numpy(get(law).draw(numpy_generator(seed, law), samples, units))


def table(estimates):
    return {estimate.statistic: estimate for estimate in estimates}


def three_clusters(samples, seed=0):
    generator = numpy_generator(seed, "clusters")
    centres = np.array([[0, 2.0], [2, -1], [-2, -1]])
    return torch.from_numpy(generator.standard_normal((samples, 2)) + centres[generator.integers(3, size=samples)])


def three_clusters_kl():
    """By a plain average over 400,000 samples, good to .001 nats."""
    x = three_clusters(400_000, seed=1).numpy()
    each = [stats.norm.logpdf(x - centre).sum(1) for centre in ([0, 2], [2, -1], [-2, -1])]
    return (np.logaddexp.reduce(each) - math.log(3) - stats.norm.logpdf(x).sum(1)).mean()


def crescent(samples):
    x = numpy_generator(0, "crescent").standard_normal((samples, 2))
    return torch.from_numpy(np.column_stack([x[:, 0], 0.5 * x[:, 1] + (x[:, 0] ** 2 - 1) / math.sqrt(2.5)]))


def turned_laplace(samples):
    return (drawn("laplace", samples, 3) * torch.tensor([2.0, 1.0, 0.5]).double()) @ torch.from_numpy(rotation(3))


TURNED_LAPLACE_KL = get("laplace").kl(3) + (4 + 1 + 0.25 - 3) / 2  # the scales' logarithms cancel
CRESCENT_KL = math.log(2) + (0.25 + 2 / 2.5 - 1) / 2  # of x2 given x1, whose variance is 1/4
OWN = {
    "gaussian": (lambda n: drawn("correlated", n, 4), get("correlated").kl(4)),
    "independent_units": (lambda n: drawn("cube", n, 4), get("cube").kl(4)),
    "principal_axes": (turned_laplace, TURNED_LAPLACE_KL),
    "elliptical": (lambda n: drawn("t5-elliptical", n, 4), get("t5-elliptical").kl(4)),
    "independent_components": (lambda n: drawn("cube-rotated", n, 4), get("cube-rotated").kl(4)),
    "gaussian_mixture": (three_clusters, three_clusters_kl()),
    "iterative_gaussianisation": (crescent, CRESCENT_KL),
}


@pytest.mark.parametrize("name", sorted(DEFAULT_RUNGS))
def test_every_rung_is_nearly_tight_on_its_own_law_and_never_above(name):
    draw, truth = OWN[name]
    row = table(KLLowerBound(rungs=(name,), effort=0.1)(draw(2500)))[name]
    assert row.value < truth + 3 * row.standard_error
    # 4 sets of one-dimensional parameters of 1900 samples cost up to .02 nats, a crescent is not made of layers
    assert row.value > truth - 3 * row.standard_error - (0.15 if name == "iterative_gaussianisation" else 0.03)


@pytest.mark.parametrize("name", sorted(set(DEFAULT_RUNGS) - {"iterative_gaussianisation"}))
def test_the_winner_names_the_law(name):
    rows = table(KLLowerBound(effort=0.04)(OWN[name][0](1500)))
    shares = {key: row.value for key, row in rows.items() if key.startswith("winner=")}
    assert max(shares, key=shares.get) == f"winner={name}"
    assert sum(shares.values()) == pytest.approx(rows["statistic"].value, rel=1e-12)
    assert list(rows) == ["statistic", *DEFAULT_RUNGS, *shares]


@pytest.mark.parametrize("units", [1, 6])
def test_a_gaussian_has_no_bound_above_0(units):
    for seed in range(5):
        rows = KLLowerBound(effort=0.01)(drawn("gaussian", 600, units, seed))
        assert all(row.value < 3 * row.standard_error for row in rows)
        assert rows[0].value > -0.05
        assert rows[0].p_value > 0.001


def test_the_interval_is_honest_and_the_p_value_valid():
    """Of 40 intervals 2.5 % nominal at most 5 may lie above the truth: binomial odds of more are .0003."""
    truth, above, rejected = get("laplace").kl(2), 0, 0
    estimator = KLLowerBound(rungs=CHEAP, folds=3)
    for seed in range(40):
        row = estimator(drawn("laplace", 250, 2, seed))[0]
        above += row.value - 1.96 * row.standard_error > truth
        rejected += estimator(drawn("gaussian", 250, 2, seed))[0].p_value <= 0.05
    assert above <= 5
    assert rejected <= 7  # of 40 at 5 %: binomial odds of more are .001; Markov's inequality leaves much fewer


def test_no_sample_is_scored_by_a_density_that_saw_it(monkeypatch):
    seen = []

    def spy(names, fitted, check, held_out):
        seen.append(tuple({tuple(row) for row in part.tolist()} for part in (fitted, check, held_out)))
        return scored(names, fitted, check, held_out)

    scored = lower_bound.scored
    monkeypatch.setattr(lower_bound, "scored", spy)
    x = drawn("laplace", 203, 2)
    KLLowerBound(folds=5, rungs=CHEAP)(x)
    everything = {tuple(row) for row in x.tolist()}
    assert len(seen) == 5
    for parts in seen:
        assert set.union(*parts) == everything
        assert sum(map(len, parts)) == 203
    assert set.union(*(held_out for _, _, held_out in seen)) == everything


def test_value_and_error_are_those_of_the_gaussian_likelihood_ratio():
    x = drawn("correlated", 90, 2) * 2
    rows = table(KLLowerBound(folds=3, rungs=("gaussian",))(x))
    parts = [part.numpy() for part in in_own_order(x).tensor_split(3)]
    ratios = []
    for index, part in enumerate(parts):
        fitted, check = parts[(index + 2) % 3], parts[(index + 1) % 3]
        covariance = np.cov(fitted.T, bias=True)
        grid = [0.0, 0.01, 0.03, 0.1, 0.3, 1.0]
        laws = [
            stats.multivariate_normal(fitted.mean(0), (1 - each) * covariance + each * np.diag(np.diag(covariance)))
            for each in grid
        ]
        law = max(laws, key=lambda law: law.logpdf(check).mean())
        gain, ratio = (law.logpdf(each) - stats.norm.logpdf(each).sum(1) for each in (check, part))
        ratios.append(ratio * (gain.mean() > gain.std(ddof=1) / math.sqrt(len(gain))))
    assert rows["gaussian"].value == pytest.approx(np.concatenate(ratios).mean(), rel=1e-9)
    error = math.sqrt(sum(each.var(ddof=1) / len(each) for each in ratios)) / 3
    assert rows["gaussian"].standard_error == pytest.approx(error, rel=1e-9)
    p_value = min(1, 1 / np.mean([math.exp(each.sum()) for each in ratios]))
    assert rows["gaussian"].p_value == pytest.approx(p_value, rel=1e-9)


def test_the_plainest_within_one_error_or_two_per_cent_is_preferred():
    noise = torch.tensor([-1.0, 1.0] * 50, dtype=torch.float64)  # a mean over 100 of them has an error of .1005
    plain = torch.zeros(100, dtype=torch.float64)
    assert preferred(torch.stack([plain, noise + 0.09])) == 0
    assert preferred(torch.stack([plain, noise + 0.11])) == 1
    assert preferred(torch.stack([plain, noise + 0.5, noise + 0.5, plain + 0.45])) == 1
    assert preferred(torch.stack([plain, noise + 0.5, plain + 0.75])) == 2
    assert preferred(torch.stack([plain, plain + 0.97, plain + 1])) == 2
    assert preferred(torch.stack([plain, plain + 0.99, plain + 1])) == 1
    assert preferred(plain.unsqueeze(0)) == 0


def test_error_of_a_mean_over_parts():
    parts = [torch.arange(4).double(), 10 * torch.arange(6).double()]
    variance = (4 / 10) ** 2 * np.var(range(4), ddof=1) / 4 + (6 / 10) ** 2 * 100 * np.var(range(6), ddof=1) / 6
    assert mean_error(parts) == pytest.approx(math.sqrt(variance))


@pytest.mark.parametrize(("sums", "expected"), [([0.0], 1.0), ([-5.0, -1.0], 1.0), ([3.0], math.exp(-3))])
def test_p_of_likelihood_ratios(sums, expected):
    assert split_ratio_p(sums) == pytest.approx(expected)
    assert split_ratio_p([*sums, -1e9]) == pytest.approx(min(1, 2 * expected) if expected < 1 else 1)


def test_p_is_never_0():
    assert 0 < split_ratio_p([1e6]) < 1e-300


def test_a_bound_of_0_has_the_error_of_what_was_preferred_to():
    none, other = [torch.zeros(5).double()] * 2, [torch.arange(5).double()] * 2
    row = bound("statistic", none, other)
    assert (row.value, row.p_value) == (0, 1)
    assert row.standard_error == row.null_sd == pytest.approx(mean_error(other))


def test_effort_decides_how_many_folds_are_scored():
    x = drawn("correlated", 20_000, 4)
    samples = [KLLowerBound(rungs=("gaussian",), effort=effort)(x)[0].n_samples for effort in (1e-3, 0.35, 0.7, 9.0)]
    assert samples == [2500, 5000, 10_000, 20_000]


def test_order_matters_neither_with_ties():
    x = drawn("gaussian", 80, 3).round()
    shuffled = x[torch.randperm(80, generator=torch.Generator().manual_seed(0))]
    assert torch.equal(in_own_order(x), in_own_order(shuffled))
    assert not torch.equal(in_own_order(x)[:, 0], in_own_order(x)[:, 0].sort().values)


def test_more_units_than_samples():
    rows = table(KLLowerBound()(drawn("gaussian", 60, 100)))
    assert "gaussian" in rows
    assert "independent_components" not in rows
    assert rows["statistic"].value > -1


def test_atoms_and_constant_folds_stay_finite():
    x = drawn("gaussian", 200, 3).clamp_min(0)
    x[:, 2] = (torch.arange(200) == 7).double()  # varies in one sample only
    rows = table(KLLowerBound(effort=0.005)(x))
    assert all(math.isfinite(row.value) for row in rows.values())
    assert rows["independent_units"].value < 3 * -math.log(1e-4)  # spikes as high as they are resolved


def test_too_few_samples_for_every_rung():
    with pytest.raises(EstimatorError, match="at least 56 samples to fit a density of 10 units to, got 44 of 60 in 8"):
        KLLowerBound(rungs=("independent_components",))(drawn("gaussian", 60, 10))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 2}, "folds must be from 3 to 12, got 2"),
        ({"effort": 0.0}, "effort must be positive, got 0.0"),
        ({"rungs": ()}, "rungs must name at least one and none twice"),
        ({"rungs": ("gaussian", "gaussian")}, "rungs must name at least one and none twice"),
        ({"rungs": ("gaussians",)}, r"unknown rung 'gaussians'; did you mean 'gaussian'\?"),
    ],
)
def test_parameters_are_rejected_when_built(options, message):
    with pytest.raises(ConfigError, match=message):
        KLLowerBound(**options)
