"""From table to means and intervals: against SciPy and statsmodels; the tables here are made, and say so."""

import math

import numpy as np
import pytest
from made_table import made
from plotting.made import row
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from gausslab import measure
from gausslab.summary import FIXED_SCALE, KL_PER_UNIT, QUANTITIES, Quantity, over_entropised, over_seeds, select
from gausslab.tables import concat, to_frame


def test_mean_and_t_interval():
    rows = made({2: [1.0, 2.5, 2.0, 7.0]})
    interval = over_seeds(rows)
    low, high = DescrStatsW(rows.value.to_numpy()).tconfint_mean(0.05)
    again = stats.t.interval(0.95, 3, loc=rows.value.mean(), scale=stats.sem(rows.value))
    assert (interval.mean - interval.half_width, interval.mean + interval.half_width) == pytest.approx((low, high))
    assert again == pytest.approx((low, high))
    assert (interval.n, interval.null) == (4, 1.0)


def test_one_seed_has_a_mean_and_no_interval():
    interval = over_seeds(made({2: [3.0]}))
    assert interval.mean == 3.0
    assert math.isnan(interval.half_width)


def test_select_divides_by_the_units_where_the_quantity_says_so():
    frame = made({2: [3.0], 8: [4.0]})
    assert select(frame, KL_PER_UNIT)["value"].tolist() == [1.5, 0.5]
    assert select(frame, KL_PER_UNIT)["null_mean"].tolist() == [0.5, 0.5]
    assert select(frame, QUANTITIES[0])["value"].tolist() == [3.0, 4.0]
    assert frame["value"].tolist() == [3.0, 4.0], "the table itself is left alone"


def test_select_leaves_single_units_out():
    assert select(made({2: [3.0]}, unit="0"), KL_PER_UNIT).empty


def test_every_quantity_is_in_a_real_sweep(tiny_sweep):
    """The names here and the names that the estimators write are the same."""
    for quantity in QUANTITIES:
        rows = select(tiny_sweep.table, quantity)
        assert sorted(zip(rows.width, rows.seed, strict=True)) == [(2, 0), (2, 1), (4, 0), (4, 1)], quantity
        assert rows.value.notna().all(), quantity


def test_a_mean_over_units_is_one_row_a_run():
    frame = concat([made({2: [1.0], 4: [5.0]}, unit="0"), made({2: [3.0], 4: [7.0]}, unit="1"), made({2: [99.0]})])
    rows = select(frame, Quantity("mean", "kl_decomposition", "total", over_units=True))
    assert rows.set_index("width")["value"].to_dict() == {2: 2.0, 4: 6.0}


def codes(*gaps, scale=0.05, beyond=None, **given):
    """Invented rows of a code of 16 units, a seed each; null SDs are 1."""
    rows = []
    for seed, gap in enumerate(gaps):
        given = {"model": "eae-1", "null_sd": 1.0, "n_units": 16} | given | {"run": f"r-s{seed}", "seed": seed}
        rows += [
            row("knn_entropy", "gap", gap, **given),
            row("kl_decomposition", "beyond_second_order", gap if beyond is None else beyond, **given),
            row("moment_kl", "mean_scale", scale, **given),
            row("radial_spread", "statistic", 0.1, **given),
            row("knn_entropy", "gap", -99.0, **given | {"unit": "3"}),
        ]
    return to_frame(rows)


def test_more_entropy_than_a_gaussians_is_warned_of():
    assert over_entropised(codes(-3.0, -5.0, 0.0)) == (
        "over-entropised, 2.67 nats above Gaussian samples of the same size, radii spread 0.10 of chi's: the entropy "
        "weight has moved the code past exact Gaussian samples, towards a thin shell"
    )


@pytest.mark.parametrize("gaps", [(-1.9, -1.9), (-3.0, 1.0), (5.0,)])
def test_noise_about_the_gaussians_is_not(gaps):
    assert over_entropised(codes(*gaps)) is None


def test_a_large_variance_is_no_entropy_beyond_a_gaussians():
    """A CV-VAE's code on MNIST: 43.6 nats of mean and scale, a gap of -10.2, 5.5 nats beyond second order."""
    assert over_entropised(codes(-10.2, scale=43.6, beyond=5.5)) is None
    assert over_entropised(codes(-10.2, scale=43.6, beyond=-5.5)) is None
    assert over_entropised(codes(-10.2, scale=FIXED_SCALE * 16 * 1.01)) is None
    assert over_entropised(codes(-10.2, scale=FIXED_SCALE * 16 * 0.99)) is not None
    assert over_entropised(codes(-10.2, beyond=0.0)) is None, "the rest of the scale made it"


def test_measured_codes():
    """A Gaussian, one whose variance is within the threshold but makes a negative gap, samples that keep apart."""
    names = ["knn_entropy", "kl_decomposition", "moment_kl"]
    gaussian = np.random.default_rng(0).standard_normal((500, 2))
    assert over_entropised(measure(gaussian, names)) is None
    assert float(measure(1.15 * gaussian, "knn_entropy").query("statistic == 'gap'").value.iloc[0]) < -0.2
    assert over_entropised(measure(1.15 * gaussian, names)) is None
    assert over_entropised(measure(keeping_apart(gaussian), names)).endswith(
        "its samples keep further apart than exact Gaussian ones, as on a thin shell or between bounds"
    )


def keeping_apart(x):
    """The samples at Gaussian quantiles of a low-discrepancy sequence: no two of them come close."""
    return stats.norm.ppf(stats.qmc.Halton(2, scramble=True, seed=0).random(len(x)))


@pytest.mark.parametrize(
    ("model", "layer", "named"),
    [
        ("eae-0.05", "bottleneck", True),
        ("eae-1e-05-k2", "bottleneck", True),
        ("classifier-1", "bottleneck", True),
        ("eae-0", "bottleneck", False),
        ("classifier-0", "bottleneck", False),
        ("ae", "bottleneck", False),
        ("rae-l2-0.0001", "bottleneck", False),
        ("eae-0.05", "encoder.0.1", False),
        ("ResNet", "bottleneck", False),
        ("", "layer", False),
    ],
)
def test_the_entropy_weight_is_named_where_there_is_one(model, layer, named):
    warning = over_entropised(codes(-3.0, model=model, layer=layer))
    assert ("the entropy weight has moved the code past exact" in warning) == named
    assert ("its samples keep further apart than exact" in warning) != named


def test_codes_of_an_l1_bottleneck_are_judged_against_laplace():
    """Against N(0, I) their variance of 2 is a large scale; against their own law it is what it should be."""
    normal = codes(-5.0, scale=2.5, reference="normal")
    assert over_entropised(normal) is None
    warning = over_entropised(concat([normal, codes(-3.0, reference="laplace")]))
    assert warning.startswith("over-entropised, 3 nats above Laplace samples of the same size, ")
    assert "past exact Laplace samples, towards" in warning


@pytest.mark.parametrize("absent", ["knn_entropy", "kl_decomposition", "moment_kl"])
def test_without_one_of_the_three_numbers_nothing_is_said(absent):
    table = codes(-3.0)
    assert over_entropised(table[table["estimator"] != absent]) is None
    assert "radii" not in over_entropised(table[table["estimator"] != "radial_spread"])
