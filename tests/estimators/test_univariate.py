"""Per-unit tests: Holm, size, the Lilliefors null, the subsample."""

import numpy as np
import pytest
import torch
from scipy import stats
from statsmodels.stats.diagnostic import lilliefors
from statsmodels.stats.multitest import multipletests

from gausslab.estimators import ESTIMATORS
from gausslab.estimators.multiplicity import holm, rejected_share_law
from gausslab.estimators.univariate import Lilliefors, unit_null, upper_p_values

NAMES = ["shapiro_wilk", "dagostino_k2", "jarque_bera", "anderson_darling", "lilliefors"]


def test_holm_is_that_of_statsmodels():
    generator = np.random.default_rng(0)
    for units in (1, 2, 7, 40):
        p_values = generator.random(units) ** 4
        assert holm(p_values).tolist() == multipletests(p_values, 0.05, "holm")[0].tolist()


def test_rejected_share_of_nothing_wrong_is_about_alpha_over_units():
    for units in (1, 16):
        law = rejected_share_law(units)
        assert law.mean == pytest.approx(0.05 / units, abs=4 * law.monte_carlo_error + 0.002 / units)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_a_unit_and_the_share(name):
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((200, 6)))
    x[:, 4] = x[:, 4].exp()
    *units, share = ESTIMATORS[name]()(x)
    assert [row.unit for row in units] == list("012345")
    assert share.statistic == "rejected_share"
    assert share.unit == "all"
    assert share.value == pytest.approx(1 / 6)
    assert share.p_value == pytest.approx(0.05, abs=0.01)  # one rejection of six
    assert units[4].p_value < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_size(name):
    # 5 % of 1500 units, 4 binomial sd; the asymptotic p of K2 and Jarque-Bera are known to be off
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((200, 1500)))
    p_values = np.array([row.p_value for row in ESTIMATORS[name]()(x)[:-1]])
    slack = 0.02 if name in ("dagostino_k2", "jarque_bera") else 0
    assert np.mean(p_values <= 0.05) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 1500) + slack)


def test_lilliefors_is_that_of_statsmodels():
    x = np.random.default_rng(0).gumbel(size=(120, 3))
    rows = Lilliefors()(torch.from_numpy(x))
    assert [row.value for row in rows[:-1]] == pytest.approx([lilliefors(unit)[0] for unit in x.T], rel=1e-12)


def test_the_lilliefors_tail_is_that_of_a_larger_simulation():
    small = unit_null("lilliefors", 100, Lilliefors._tests, most=4999)
    generator = np.random.default_rng(5)
    large = np.concatenate([Lilliefors._tests(generator.standard_normal((100, 10_000))).statistics for _ in range(10)])
    for p in (0.2, 0.05, 0.01, 0.002, 0.0005):
        distance = np.quantile(large, 1 - p)
        assert upper_p_values(small, np.array([distance]))[0] == pytest.approx(p, rel=0.35)


def test_shapiro_takes_a_fixed_subsample_above_5000():
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((5200, 1)))
    first, again = (ESTIMATORS["shapiro_wilk"]()(x)[0] for _ in range(2))
    assert first == again
    assert first.value != stats.shapiro(x[:5000, 0].numpy()).statistic


def test_the_registry_without_statsmodels():
    import subprocess
    import sys

    code = "import sys, gausslab.estimators; sys.exit('statsmodels' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
