"""The map of Laplace's law to the normal one: accuracy in both tails, and that divergences and sizes go with it."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.integrate import quad
from scipy.special import log_ndtr

from gausslab import parts, verdict
from gausslab.errors import ConfigError
from gausslab.estimators import measure
from gausslab.estimators.reference_laws import REFERENCES, laplace_to_normal, reference_map


def mapped(*values):
    return laplace_to_normal(torch.tensor([values], dtype=torch.float64))[0].numpy()


def one(table, estimator, statistic):
    return table[(table["estimator"] == estimator) & (table["statistic"] == statistic)].iloc[0]


def integral(f):
    """Over the line, of functions with a corner at 0."""
    return sum(quad(f, *ends, epsabs=1e-13, limit=200)[0] for ends in ((-40, -1), (-1, 0), (0, 1), (1, 40)))


def test_it_is_the_composition_of_cdf_and_quantile():
    x = np.linspace(-12, 12, 481)  # where levels and their complements are told apart by scipy's own
    expected = np.where(x < 0, stats.norm.ppf(stats.laplace.cdf(x)), stats.norm.isf(stats.laplace.sf(x)))
    np.testing.assert_allclose(mapped(*x), expected, rtol=1e-13, atol=1e-15)


def test_both_tails_keep_their_level():
    size = np.array([1, 1.5, 5, 30, 100, 700, 1e4, 1e8, 1e300])
    for u in (mapped(*-size), -mapped(*size)):
        np.testing.assert_allclose(log_ndtr(u), -size - math.log(2), rtol=2e-12)  # of ndtri_exp beyond 1000
    np.testing.assert_allclose(log_ndtr(mapped(-700.0)), -700 - math.log(2), rtol=1e-14)


def test_near_0_it_is_a_straight_line():
    x = np.array([1e-300, 1e-20, 1e-9])
    np.testing.assert_allclose(mapped(*x), math.sqrt(math.pi / 2) * x, rtol=1e-8)  # but for x^2 / 2
    assert mapped(0.0)[0] == 0


def test_it_is_odd_and_increasing():
    x = np.concatenate([np.logspace(-12, 3, 4000), np.linspace(0.9999, 1.0001, 2001)])
    x.sort()
    u = mapped(*np.unique(x))
    assert (np.diff(u) > 0).all()  # also where one formula takes over from the other
    np.testing.assert_array_equal(mapped(*-np.unique(x)), -u)


def test_the_normal_law_is_left_as_it_is():
    x = torch.randn(9, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert reference_map("normal")(x) is x
    with pytest.raises(ConfigError, match="unknown reference law 'gaussian'; choices: normal, laplace"):
        reference_map("gaussian")


def test_every_law_has_its_words():
    assert set(REFERENCES) == set(parts.REFERENCES)


def test_exact_samples_pass():
    # 5 % of 100 codes is 5, sd 2.2; some laws are of 119 replicates, which adds sd .02 * 100; 3 sd of both
    names, rejected = ["moment_kl", "radial_ks", "jarque_bera"], {}
    for seed in range(100):
        x = np.random.default_rng(seed).laplace(0, 1, (250, 2))
        table = measure(x, names, reference="laplace")
        tests = table[(table["unit"] == "all") & table["p_value"].notna() & (table["statistic"] != "debiased")]
        for key, p in zip(zip(tests["estimator"], tests["statistic"], strict=True), tests["p_value"], strict=True):
            rejected[key] = rejected.get(key, 0) + (p <= 0.05)
    assert len(rejected) == 6  # two parts, their sum as it is, radii as given and whitened, single units
    assert max(rejected.values()) <= 5 + 3 * math.hypot(2.2, 2), rejected


def kl_from_laplace(law):
    return integral(lambda x: law.pdf(x) * (law.logpdf(x) - stats.laplace.logpdf(x)))


@pytest.mark.parametrize(
    ("law", "each"),
    [
        (stats.norm(), kl_from_laplace(stats.norm())),
        (stats.norm(0.3, 0.8), kl_from_laplace(stats.norm(0.3, 0.8))),
        (stats.uniform(-2, 4), math.log(2) + 1 - math.log(4)),  # ln 2 + E|x| - entropy
    ],
    ids=["normal", "moved", "uniform"],
)
def test_divergences_from_laplaces_law_are_recovered(law, each):
    x = law.rvs((2000, 2), random_state=np.random.default_rng(0))
    table, expected = measure(x, ["knn_kl", "kl_decomposition"], reference="laplace"), 2 * each
    for name, statistic in (("knn_kl", "statistic"), ("kl_decomposition", "total")):
        found = one(table, name, statistic)
        assert found["value"] == pytest.approx(expected, abs=4 * found["standard_error"] + 0.01)  # of neighbours' bias
        assert found["p_value"] <= 0.02 and found["quantity"] == "nats"


def test_a_gaussian_code_is_rejected_and_called_not_laplace():
    x = np.random.default_rng(0).standard_normal((1000, 2))
    table = measure(x, ["kl_decomposition", "radial_ks", "shapiro_wilk"], reference="laplace")
    assert verdict(table).startswith("not Laplace(0, 1): ")
    assert one(table, "shapiro_wilk", "rejected_share")["value"] == 1
    # and Laplace's law is not Gaussian, by the same table without the map
    laplace = measure(np.random.default_rng(0).laplace(0, 1, (1000, 2)), ["kl_decomposition", "radial_ks"])
    assert verdict(laplace).startswith("not Gaussian: ")


def test_the_moment_parts_are_those_of_the_mapped_units():
    law = stats.norm(0.3, 0.8)
    mean = integral(lambda x: law.pdf(x) * mapped(x)[0])
    square = integral(lambda x: law.pdf(x) * mapped(x)[0] ** 2)
    variance = square - mean**2
    expected = 3 * (square - 1 - math.log(variance)) / 2  # KL of N(mean, variance) from N(0, 1), three times
    table = measure(law.rvs((4000, 3), random_state=np.random.default_rng(1)), "moment_kl", reference="laplace")
    for statistic, truth in (("mean_scale", expected), ("correlation", 0.0)):
        found = one(table, "moment_kl", statistic)
        assert found["value"] == pytest.approx(truth, abs=4 * found["standard_error"])


def test_another_scale_counts_as_scale():
    # KL of Laplace(0, 2) from Laplace(0, 1) is 1 - ln 2; by integrals .0055 of it are not mean and scale of the map's
    assert kl_from_laplace(stats.laplace(0, 2)) == pytest.approx(1 - math.log(2), abs=1e-6)
    x = np.random.default_rng(0).laplace(0, 2, (1000, 2))
    table = measure(x, ["kl_decomposition"], reference="laplace")
    scale = one(table, "kl_decomposition", "mean_scale")
    assert scale["value"] == pytest.approx(2 * (1 - math.log(2) - 0.0055), abs=4 * scale["standard_error"])
    assert verdict(table).startswith("not iid Laplace(0, 1), but no evidence against a Gaussian of other mean")


def test_it_is_computed_in_double_precision_whatever_is_given():
    x = torch.from_numpy(np.random.default_rng(0).laplace(0, 1, (60, 3))).float()
    single, double = (measure(each, "moment_kl", reference="laplace") for each in (x, x.double()))
    assert single["value"].tolist() == double["value"].tolist()
