"""Rank statistics against scikit-learn, scipy, a double loop, and the bootstrap."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from gausslab.adversarial.ranks import auroc, aurocs, partial_rank_correlation
from gausslab.errors import EstimatorError


def _scores(seed: int, clean: int = 37, adversarial: int = 23, levels: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Three scores, the first with many ties."""
    generator = np.random.default_rng(seed)
    one, two = generator.standard_normal((clean, 3)), generator.standard_normal((adversarial, 3)) + 0.4
    one[:, 0], two[:, 0] = np.round(one[:, 0] * levels / 4), np.round(two[:, 0] * levels / 4)
    return one, two


@pytest.mark.parametrize("seed", range(3))
def test_values_are_scikit_learns(seed):
    one, two = _scores(seed)
    truth = np.repeat([0, 1], [len(one), len(two)])
    expected = [roc_auc_score(truth, column) for column in np.concatenate([one, two]).T]
    assert aurocs(one, two).areas == pytest.approx(expected, abs=1e-12)
    assert auroc(one[:, 0], two[:, 0]) == pytest.approx(expected[0], abs=1e-12)


def test_errors_are_delongs_by_a_double_loop():
    one, two = _scores(1)
    wins = np.array([[[np.heaviside(b - a, 0.5) for b, a in zip(y, x, strict=True)] for y in two] for x in one])
    by_clean, by_adversarial = wins.mean(1), wins.mean(0)
    expected = np.cov(by_clean.T) / len(one) + np.cov(by_adversarial.T) / len(two)
    assert aurocs(one, two).covariance == pytest.approx(expected, abs=1e-12)


def test_errors_of_pairs_are_those_of_the_sum_of_both_shares():
    one, two = _scores(2, 30, 30)
    wins = np.heaviside(two[None, :, 1] - one[:, None, 1], 0.5)
    influence = wins.mean(0) + wins.mean(1)
    found = aurocs(one, two, (np.arange(30), np.arange(30)))
    assert found.standard_errors[1] ** 2 == pytest.approx(influence.var(ddof=1) / 30, abs=1e-12)


def test_errors_of_shared_examples_are_those_of_resampled_examples():
    """60 images, each clean and attacked: bootstrap over images; 400 draws know an SD to 3.5 %, four of it."""
    generator = np.random.default_rng(3)
    one = generator.standard_normal((60, 1))
    two = one + 0.3 + 0.5 * generator.standard_normal((60, 1))
    rows = [generator.integers(60, size=60) for _ in range(400)]
    resampled = np.std([auroc(one[row, 0], two[row, 0]) for row in rows], ddof=1)
    paired = aurocs(one, two, (np.arange(60), np.arange(60))).standard_errors[0]
    assert paired == pytest.approx(resampled, rel=0.15)
    assert aurocs(one, two).standard_errors[0] > 1.2 * paired, "pairs would be taken for independent"


def test_intervals_cover():
    """95 % of 300 intervals of a known AUROC, within four binomial standard errors (1.3 %) and DeLong's own 1 %."""
    generator = np.random.default_rng(4)
    truth = stats.norm.cdf(1 / math.sqrt(2))
    intervals = np.array(
        [
            aurocs(generator.standard_normal((40, 1)), 1 + generator.standard_normal((40, 1))).intervals[0]
            for _ in "x" * 300
        ]
    )
    assert np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])) == pytest.approx(0.95, abs=0.06)


def test_p_values_are_close_to_mann_whitneys():
    one, two = _scores(5, 200, 200)
    expected = [stats.mannwhitneyu(two[:, k], one[:, k]).pvalue for k in range(3)]
    assert np.log10(aurocs(one, two).p_values) == pytest.approx(np.log10(expected), rel=0.15, abs=0.1)


def test_the_difference_of_two_scores_uses_their_covariance():
    one, two = _scores(6)
    both = aurocs(np.column_stack([one[:, 1], one[:, 1]]), np.column_stack([two[:, 1], two[:, 1]]))
    assert both.difference(0, 1) == pytest.approx((0.0, 0.0), abs=1e-9)
    found = aurocs(one, two)
    value, error = found.difference(1, 2)
    c = found.covariance
    assert value == pytest.approx(found.areas[1] - found.areas[2], abs=1e-12)
    assert error**2 == pytest.approx(c[1, 1] + c[2, 2] - 2 * c[1, 2], rel=1e-9)


def test_complete_separation_has_no_error_but_a_p_value():
    found = aurocs(np.arange(5.0)[:, None], 10 + np.arange(5.0)[:, None])
    assert found.areas[0] == 1
    assert found.intervals.tolist() == [[1.0, 1.0]]
    assert found.p_values[0] == pytest.approx(2 * stats.norm.sf(0.5 / math.sqrt(11 / 300)))


@pytest.mark.parametrize(
    ("clean", "text"),
    [(np.zeros((1, 1)), "at least 2 samples of each kind, got 1"), (np.full((3, 1), np.nan), "finite")],
)
def test_scores_that_cannot_be_ranked(clean, text):
    with pytest.raises(EstimatorError, match=text):
        aurocs(clean, np.zeros((3, 1)))


def _three(seed: int, n: int = 80) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    given = generator.standard_normal((n, 2))
    x, y = given @ [1.0, 0.5] + generator.standard_normal(n), given @ [0.7, -1.0] + generator.standard_normal(n)
    return np.round(x, 1), y, given


def test_partial_correlation_is_that_of_the_inverse_correlation_matrix():
    x, y, given = _three(0)
    matrix = stats.spearmanr(np.column_stack([x, y, given])).statistic
    inverse = np.linalg.inv(matrix)
    found = partial_rank_correlation(x, y, given)
    assert found.value == pytest.approx(-inverse[0, 1] / math.sqrt(inverse[0, 0] * inverse[1, 1]), abs=1e-10)


def test_partial_correlation_and_p_against_the_closed_form_of_one_control():
    x, y, given = _three(1)
    a, b, c = (stats.spearmanr(*pair).statistic for pair in ((x, y), (x, given[:, 0]), (y, given[:, 0])))
    value = (a - b * c) / math.sqrt((1 - b**2) * (1 - c**2))
    found = partial_rank_correlation(x, y, given[:, :1])
    freedom = len(x) - 3
    assert found.value == pytest.approx(value, abs=1e-12)
    t = value * math.sqrt(freedom / (1 - value**2))
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=1e-9)


def test_partial_correlation_agrees_with_statsmodels_regression():
    """The t of a regression of ranks on ranks is that of the partial correlation."""
    import statsmodels.api as sm

    x, y, given = _three(2)
    ranks = [stats.rankdata(column) for column in (x, y, *given.T)]
    fit = sm.OLS(ranks[1], sm.add_constant(np.column_stack([ranks[0], *ranks[2:]]))).fit()
    assert partial_rank_correlation(x, y, given).p_value == pytest.approx(fit.pvalues[1], rel=1e-8)


def test_without_controls_it_is_spearmans():
    x, y, _ = _three(3)
    expected = stats.spearmanr(x, y)
    found = partial_rank_correlation(x, y, np.empty((len(x), 0)))
    assert (found.value, found.p_value) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9)
    assert found.interval[0] < found.value < found.interval[1]


def test_what_the_control_explains_is_gone():
    """A common cause alone; n = 500: a standard error of 1/sqrt(500), four of it."""
    generator = np.random.default_rng(4)
    cause = generator.standard_normal(500)
    x, y = cause + 0.5 * generator.standard_normal(500), cause + 0.5 * generator.standard_normal(500)
    assert partial_rank_correlation(x, y, np.empty((500, 0))).value > 0.7
    assert abs(partial_rank_correlation(x, y, cause[:, None]).value) < 4 / math.sqrt(500) + 0.03


def test_a_variable_that_is_its_control_is_refused():
    x, y, _ = _three(5)
    with pytest.raises(EstimatorError, match="the others leave nothing"):
        partial_rank_correlation(x, y, x[:, None])
